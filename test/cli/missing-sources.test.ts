/**
 * What instructions copy and contexts lack: `cip check` finds it without building, `cip plan` and `cip build` before
 * anything is built, all the same, each at its instruction and with what is most likely meant.
 */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { contextFiles } from '../../src/context/context-files.ts';
import { missingSourceFailures } from '../../src/context/missing-source.ts';
import type { Failure } from '../../src/result.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

interface Row {
  /** Below `FROM scratch`, or the whole of it where it has a FROM. */
  readonly dockerfile: string;
  /** Of the context besides what every row has; `-> target` is a link. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of the image `base` that the project has besides. */
  readonly base?: string;
  readonly info?: string;
  readonly arguments?: readonly string[];
  /** `LINE: source: what to do`, shortened by `hintOf`. */
  readonly want?: readonly string[];
}

const always = {
  'package.json': '{}',
  'src/main.ts': '',
  'src/lib/util.ts': '',
  'only-amd64': '',
};

const rows: Readonly<Record<string, Row>> = {
  'everything is there': {
    dockerfile:
      'COPY . /all\nCOPY package.json src/*.ts /\nADD src/lib only-amd64 /x/\nCOPY --parents src/./lib/util.ts /y/',
  },
  'a slip in a name': { dockerfile: 'COPY pakage.json /', want: ['2: pakage.json: did you mean package.json?'] },
  'another case': { dockerfile: 'COPY Package.json /', want: ['2: Package.json: did you mean package.json?'] },
  'a slip in a directory': {
    dockerfile: 'COPY scr/lib/util.ts /',
    want: ['2: scr/lib/util.ts: did you mean src/lib/util.ts?'],
  },
  'a slip below a directory': {
    dockerfile: 'ADD ./src/mian.ts /',
    want: ['2: ./src/mian.ts: did you mean src/main.ts?'],
  },
  'nothing alike': { dockerfile: 'COPY dist /app', want: ['2: dist: check'] },
  'a directory alike, without what it should hold': { dockerfile: 'COPY scr/gone /app', want: ['2: scr/gone: check'] },
  'a path below a file': { dockerfile: 'COPY package.json/x /app', want: ['2: package.json/x: check'] },
  'two in one instruction, and one of them again': {
    dockerfile: 'COPY gone package.json missing /x/\nADD gone /y',
    want: ['2: gone: check', '2: missing: check', '3: gone: check'],
  },
  'a mount': {
    dockerfile: 'RUN --mount=type=bind,source=srcc,target=/s true',
    want: ['2: srcc: did you mean src?'],
  },
  'left out by .dockerignore': {
    dockerfile: 'COPY dist/app.js src /app/',
    files: { 'dist/app.js': '', '.dockerignore': '# built\n\ndist\n*.md\n' },
    want: ['2: dist/app.js: line 3 of .dockerignore: dist'],
  },
  'left out by the last line that matches': {
    dockerfile: 'COPY a.log /',
    files: { 'a.log': '', '.dockerignore': '*.log\n!a.log\na.*\n*.md\n' },
    want: ['2: a.log: line 3 of .dockerignore: a.*'],
  },
  'left out by everything, with an exception that a slip makes none': {
    dockerfile: 'COPY src/main.ts /',
    files: { '.dockerignore': '*\n!scr\n' },
    want: ['2: src/main.ts: line 1 of .dockerignore: *'],
  },
  'left out, though its directory is named again': {
    dockerfile: 'COPY config/a.key /',
    files: { 'config/a.key': '', '.dockerignore': '**/*.key\n!config\n' },
    want: ['2: config/a.key: line 1 of .dockerignore: **/*.key'],
  },
  'left out by the ignore file of the Dockerfile': {
    dockerfile: 'COPY package.json /',
    files: { '.dockerignore': '', 'Dockerfile.dockerignore': '*.json\r\n' },
    want: ['2: package.json: line 1 of Dockerfile.dockerignore: *.json'],
  },
  'left out, but for what is below': {
    dockerfile: 'COPY src /',
    files: { '.dockerignore': 'src\n!src/lib/util.ts\n' },
  },
  'a name like one that is left out': {
    dockerfile: 'COPY secert /',
    files: { secret: '', '.dockerignore': 'secret\n' },
    want: ['2: secert: check'],
  },
  'above the context': { dockerfile: 'COPY ../shared/x /', want: ['2: ../shared/x: a build sees nothing above'] },
  'a mount from above the context': {
    dockerfile: 'RUN --mount=type=bind,src=../x,target=/x --mount=target=/y,source=/src/../../z ls',
    want: ['2: ../x: a build sees nothing above', '2: /src/../../z: a build sees nothing above'],
  },
  'a mount from above that comes back, or leads to what is there': {
    dockerfile: 'RUN --mount=src=src/../gone,target=/x --mount=target=/y,source=../src ls',
    want: ['2: gone: check'],
  },
  'an en dash for the hyphens of an option': {
    dockerfile: 'FROM scratch AS a\nFROM scratch\nCOPY \u2013from=a src /x/\nCOPY \u2013-link src /y/',
    want: ['3: \u2013from=a: did you mean --from=a? Options', '4: \u2013-link: did you mean --link? Options'],
  },
  'names with a dash': {
    dockerfile: 'COPY \u2013 \u2013Notes.md a\u2013b /x/',
    want: ['2: \u2013: check', '2: \u2013Notes.md: check', '2: a\u2013b: check'],
  },
  'as seen from the project': {
    dockerfile: 'COPY contexts/01-app/src/main.ts /',
    want: ['2: contexts/01-app/src/main.ts: write src/main.ts'],
  },
  'wildcards that match nothing copy nothing': { dockerfile: 'COPY *.md src/*.js package.json /' },
  'a link to nothing': {
    dockerfile: 'COPY package.jso? link /x/\nCOPY lin? /y',
    files: { link: '-> gone' },
    want: ['2: link: check', '3: link: check'],
  },
  'what is no file of the context': {
    dockerfile:
      'FROM scratch AS a\nCOPY package.json /\nFROM scratch\nCOPY --from=a /gone /\nCOPY <<EOF /x\ngone\nEOF\nRUN --mount=type=cache,target=/c --mount=from=a,target=/a true',
  },
  'a stage that is not built': {
    dockerfile: 'FROM scratch AS spare\nCOPY gone /\nFROM scratch\nCOPY src /',
  },
  'a stage that is asked for': {
    dockerfile: 'FROM scratch AS spare\nCOPY gone /\nFROM scratch\nCOPY src /',
    base: 'FROM scratch AS spare',
    arguments: ['--target', 'spare'],
    want: ['2: gone: check'],
  },
  'a stage that another copies from': {
    dockerfile: 'FROM scratch AS one\nCOPY gone /\nFROM scratch\nCOPY --from=one / /',
    want: ['2: gone: check'],
  },
  'a variable': { dockerfile: 'ARG NAME=gone\nCOPY $NAME /', want: ['3: gone: check'] },
  'a variable that is given': {
    dockerfile: 'ARG NAME=gone\nCOPY $NAME /',
    arguments: ['--build-arg', 'NAME=src'],
  },
  'one platform of two': {
    dockerfile: 'ARG TARGETARCH\nCOPY only-$TARGETARCH /',
    info: '{:version "1.0.0" :platforms ["linux/amd64" "linux/arm64"]}',
    want: ['3: only-arm64: did you mean only-amd64?'],
  },
  'a platform that the image is not made for': {
    dockerfile: 'ARG TARGETARCH\nCOPY only-$TARGETARCH /',
    info: '{:version "1.0.0" :platforms ["linux/amd64"]}',
  },
  'what another machine would copy': { dockerfile: 'ARG BUILDARCH\nCOPY only-$BUILDARCH /' },
  'what this machine would not copy': {
    dockerfile: 'ARG BUILDARCH\nCOPY tool-$BUILDARCH /',
    files: { 'tool-arm64': '' },
  },
  'what every machine would copy': {
    dockerfile: 'ARG BUILDARCH\nRUN echo $BUILDARCH\nCOPY gone /',
    want: ['4: gone: check'],
  },
  'a trigger of the base image': {
    base: 'ONBUILD COPY package-lock.json /app/\nONBUILD COPY src /app/',
    dockerfile: 'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY src /',
    want: ['2: package-lock.json: did you mean package.json?'],
  },
  'a trigger that it sets itself': { dockerfile: 'ONBUILD COPY gone /' },
};

const hintOf = ({ message, hint = '' }: Failure) =>
  /line \d+ of contexts\/01-app\/(.*)$/.exec(message)?.[0].replace('contexts/01-app/', '') ??
  /^(check|a build sees nothing above|write [^:]+|did you mean --.*Options|.*)/.exec(hint)![0];

async function projectOf(directory: string, row: Row): Promise<void> {
  const scratch = (text: string) => (/^FROM/m.test(text) ? text : `FROM scratch\n${text}`);
  const info = '{:version "1.0.0" :platforms ["linux/amd64"]}';
  const inBase = { Dockerfile: scratch(row.base ?? ''), 'info.edn': info };
  const inApp = { ...always, ...row.files, Dockerfile: `${scratch(row.dockerfile)}\n`, 'info.edn': row.info ?? info };
  const files = [
    ...Object.entries(inBase).map(([path, text]) => [`00-base/${path}`, text] as const),
    ...Object.entries(inApp).map(([path, text]) => [`01-app/${path}`, text] as const),
  ];
  for (const [path, text] of files) {
    const file = join(directory, 'contexts', path);
    await mkdir(dirname(file), { recursive: true });
    if (text.startsWith('-> ')) await symlink(text.slice(3), file);
    else await writeFile(file, text);
  }
}

describe('sources that are not there', { concurrency: 4 }, () => {
  for (const [title, row] of Object.entries(rows)) {
    test(title, async () => {
      await using directory = await tempDir();
      await projectOf(join(directory.path, 'project'), row);
      const after = row.arguments === undefined ? [] : ['--', ...row.arguments];
      const check = await runHere(directory.path, ['check', '--json', ...after]);
      const { problems } = JSON.parse(check.stdout) as { problems: readonly Failure[] };
      const want = row.want ?? [];
      const told = problems.map((one) => {
        assert.equal(one.reason, 'copy-source-missing');
        return `${one.at!.line}: ${one.message.split(' ')[0]}: ${hintOf(one)}`;
      });
      assert.deepEqual({ told, status: check.status }, { told: want, status: want.length > 0 ? 4 : 0 });

      const options = ['--default-platforms', 'linux/amd64,linux/arm64'];
      const plan = await runHere(directory.path, ['plan', '--json', ...options, ...after]);
      const { failures } = JSON.parse(plan.stdout) as { failures: readonly Failure[] };
      const [first] = failures;
      const added = first === undefined ? {} : { image: 'app' };
      const placed = problems.map((one) => {
        const { file, line, column } = one.at!;
        return { ...one, ...added, place: `${file}:${line}:${column}` };
      });
      assert.deepEqual(failures, placed);
      if (want.length === 0) return;
      const build = await runHere(directory.path, ['build', ...options, ...after]);
      assert.deepEqual(build.failures, problems);
    });
  }
});

test('of very many sources that are missing, the first are explained and all are told', async () => {
  await using directory = await tempDir();
  for (let index = 0; index < 3000; index++) await writeFile(join(directory.path, `name-${index}`), '');
  const at = { file: 'Dockerfile', line: 1, column: 1, offset: 0, length: 1 };
  const missing = Array.from({ length: 5000 }, (_, index) => ({ source: `nmae-${index}`, at }));
  const context = { directory: directory.path, path: 'contexts/x', ignore: [] };
  const start = process.cpuUsage();
  const failures = await missingSourceFailures(missing, { context, files: contextFiles }, new AbortController().signal);
  const { user } = process.cpuUsage(start);
  assert.equal(failures.length, 5000);
  assert.match(failures[0]!.hint!, /^did you mean name-/);
  assert.ok(user < 10_000_000, `${user} µs`);
});
