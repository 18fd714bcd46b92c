import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadProject } from '../../src/project/load.ts';
import { tempDir } from '../support/temp-dir.ts';
import { problemsIn, succeeded, writeProject } from './support/project-files.ts';

const gitmodules = (...paths: readonly string[]) =>
  paths.map((path) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ../there\n`).join('');

interface Row {
  /** The instruction of the image `app`, in line 2. */
  readonly line: string;
  /** Text of `.gitmodules`; absent where there is none. */
  readonly modules?: string;
  /** Directories that are empty, or files in them. */
  readonly tree?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Where the project is below the repository. */
  readonly below?: string;
  readonly want: readonly string[];
}

const vendor = gitmodules('contexts/00-app/vendor/lib');
const found = ['submodule-not-fetched contexts/00-app/Dockerfile:2:1'];
const rows: Readonly<Record<string, Row>> = {
  'COPY of it': { line: 'COPY vendor/lib /lib', modules: vendor, tree: ['vendor/lib/'], want: found },
  'COPY of what is above it': { line: 'COPY vendor /lib', modules: vendor, tree: ['vendor/lib/'], want: found },
  'COPY of all of the context': { line: 'COPY . /', modules: vendor, tree: ['vendor/lib/'], want: found },
  'COPY of something in it': { line: 'COPY ./vendor/lib/src/ /', modules: vendor, tree: ['vendor/lib/'], want: found },
  'COPY by a wildcard': { line: 'COPY v*/l?b /', modules: vendor, tree: ['vendor/lib/'], want: found },
  'COPY by a variable in a name': { line: 'COPY vendor/l${X} /', modules: vendor, tree: ['vendor/lib/'], want: found },
  'ADD of it': { line: 'ADD vendor/lib /lib', modules: vendor, tree: ['vendor/lib/'], want: found },
  'a bind mount': {
    line: 'RUN --mount=type=bind,source=vendor,target=/v true',
    modules: vendor,
    tree: ['vendor/lib/'],
    want: found,
  },
  'no directory at all': { line: 'COPY vendor /', modules: vendor, want: found },
  'in quotes, in a CRLF file': {
    line: 'COPY . /',
    modules: '[submodule "x"]\r\n  PATH="contexts/00-app/a \\"b"\r\n',
    tree: ['a "b/'],
    want: found,
  },
  'a project below the root of its repository': {
    line: 'COPY . /',
    modules: gitmodules('images/contexts/00-app/vendor'),
    tree: ['vendor/'],
    below: 'images',
    want: found,
  },
  fetched: { line: 'COPY . /', modules: vendor, tree: ['vendor/lib/x'], want: [] },
  'not copied': { line: 'COPY src /', modules: vendor, tree: ['vendor/lib/', 'src/x'], want: [] },
  'copied from another stage': { line: 'COPY --from=0 vendor /', modules: vendor, tree: ['vendor/lib/'], want: [] },
  ignored: {
    line: 'COPY . /',
    modules: vendor,
    tree: ['vendor/lib/'],
    files: { 'contexts/00-app/.dockerignore': 'vendor\n' },
    want: [],
  },
  'of another context': {
    line: 'COPY . /',
    modules: gitmodules('contexts/00-app-two/vendor'),
    files: { 'contexts/00-app-two/x': '' },
    want: [],
  },
  'an empty directory that is none': { line: 'COPY vendor /', tree: ['vendor/lib/'], want: [] },
};
for (const [title, { line, modules, tree = [], files = {}, below = '', want }] of Object.entries(rows)) {
  test(`loadProject() looks for submodules that were not fetched: ${title}`, async () => {
    await using directory = await tempDir();
    const project = join(directory.path, below);
    await mkdir(join(directory.path, '.git'));
    if (modules !== undefined) await writeFile(join(directory.path, '.gitmodules'), modules);
    await writeProject(project, {
      '00-app': { Dockerfile: `FROM scratch\n${line}\n`, 'info.edn': '{:version "1.0.0"}' },
    });
    for (const path of tree) {
      const full = join(project, 'contexts/00-app', path);
      await mkdir(path.endsWith('/') ? full : join(full, '..'), { recursive: true });
      if (!path.endsWith('/')) await writeFile(full, '');
    }
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(project, path, '..'), { recursive: true });
      await writeFile(join(project, path), text);
    }
    assert.deepEqual(problemsIn(await loadProject(project)), want);
  });
}

test('loadProject() takes a context that is an unfetched submodule for one, and not for one without files', async () => {
  await using directory = await tempDir();
  await mkdir(join(directory.path, '.git'));
  await mkdir(join(directory.path, 'contexts/01-module'), { recursive: true });
  await writeFile(join(directory.path, '.gitmodules'), gitmodules('contexts/01-module'));
  const result = await loadProject(directory.path);
  assert.deepEqual(problemsIn(result), ['submodule-not-fetched']);
  assert.match(succeeded(result).problems[0]?.failure.hint ?? '', /git submodule update --init contexts\/01-module/);
});
