/** Mistakes around one Dockerfile that has no project: what `cip build-image` says before its first step, all at once. */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import type { Failure } from '../../src/result.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

interface Row {
  /** Below `FROM scratch`, or the whole of it where it has a FROM. Of `d`. */
  readonly dockerfile?: string;
  /** `-> target` is a link. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** After `build-image`; `d` if not given. */
  readonly args?: readonly string[];
  readonly status: number;
  /** `reason place: what is to be done`, the last shortened by `hintOf`. */
  readonly want: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'a slip in a name': {
    dockerfile: 'COPY Index.htm /x',
    status: 4,
    want: ['copy-source-missing d/Dockerfile:2:1: did you mean index.html?'],
  },
  'all mistakes at once, each once': {
    dockerfile: 'COPY gone index.htm /x/\nEXPOSE http\nCOPY gone /y',
    args: ['d', '--platform', 'linux/amd64,linux/arm64'],
    status: 4,
    want: [
      'copy-source-missing d/Dockerfile:2:1: check the spelling',
      'copy-source-missing d/Dockerfile:2:1: did you mean index.html?',
      'invalid-value d/Dockerfile:3:1: ',
      'copy-source-missing d/Dockerfile:4:1: check the spelling',
    ],
  },
  'what is left out': {
    dockerfile: 'COPY secret /x',
    files: { 'd/secret': '', 'd/.dockerignore': '*.md\nsecret\n' },
    status: 4,
    want: ['copy-source-missing d/Dockerfile:2:1: line 2 of d/.dockerignore'],
  },
  'what is left out by the ignore file of a Dockerfile elsewhere': {
    files: { 'x/My': 'FROM scratch\nCOPY index.html /x\n', 'x/My.dockerignore': 'index.html\n' },
    args: ['d', '-f', 'x/My'],
    status: 4,
    want: ['copy-source-missing x/My:2:1: line 1 of PROJECT/x/My.dockerignore'],
  },
  'a file beside the context': {
    dockerfile: 'COPY ../other/file /x',
    files: { 'other/file': '' },
    status: 4,
    want: ['copy-source-missing d/Dockerfile:2:1: a build sees nothing above d'],
  },
  'a path as seen from where cip was started': {
    dockerfile: 'COPY d/index.html /x',
    status: 4,
    want: ['copy-source-missing d/Dockerfile:2:1: write index.html'],
  },
  'a stage that does not come above': {
    dockerfile: 'COPY --from=3 / /',
    status: 4,
    want: ['stage-not-before d/Dockerfile:2:13: only stages'],
  },
  'a stage that is not there': {
    args: ['d', '--target', 'thirst'],
    status: 2,
    want: ['unknown-stage: no stage'],
  },
  'a Dockerfile of the directory, named as from there': {
    files: { 'd/Dockerfile.prod': 'FROM scratch\n' },
    args: ['d', '-f', 'Dockerfile.prod'],
    status: 4,
    want: ['dockerfile-unreadable: did you mean --file d/Dockerfile.prod?'],
  },
  'a Dockerfile that is nowhere': {
    args: ['d', '-f', 'Dockerfile.prod'],
    status: 4,
    want: ['dockerfile-unreadable: write its path'],
  },
  'a slip in the name of a Dockerfile': {
    files: { 'x/My.Dockerfile': '' },
    args: ['d', '-f', 'x/My.Dokcerfile'],
    status: 4,
    want: ['dockerfile-unreadable: did you mean --file x/My.Dockerfile?'],
  },
  'a Containerfile': {
    files: { 'e/Containerfile': 'FROM scratch\n', 'e/Dockerfile.dockerignore': '' },
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: did you mean --file e/Containerfile?'],
  },
  'Dockerfiles with longer names': {
    files: Object.fromEntries(
      ['Dockerfile.prod', 'web.Dockerfile', 'other', 'xdockerfile'].map((name) => [`e/${name}`, '']),
    ),
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: did you mean --file e/Dockerfile.prod or --file e/web.Dockerfile?'],
  },
  'a Dockerfile in docker/': {
    files: { 'e/docker/Dockerfile': '', 'e/Dockerfile.d/x': '' },
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: did you mean --file e/docker/Dockerfile?'],
  },
  'a Dockerfile that is a link to nothing': {
    files: { 'e/Dockerfile': '-> /nope/Dockerfile' },
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: e/Dockerfile is a link to /nope/Dockerfile, let the link lead'],
  },
  'a Dockerfile that is a directory': {
    files: { 'e/Dockerfile/x': '' },
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: name the Dockerfile with --file'],
  },
  'mistakes in a dockerfile, by the name that it has': {
    files: { 'e/dockerfile': 'FROM scratch\nCOPY gone /\n' },
    args: ['e'],
    status: 4,
    want: ['copy-source-missing e/dockerfile:2:1: check the spelling'],
  },
  'a dockerfile in the place of one that is named': {
    files: { 'e/dockerfile': 'FROM scratch\nCOPY gone /\n' },
    args: ['d', '-f', 'e/Dockerfile'],
    status: 4,
    want: ['copy-source-missing e/dockerfile:2:1: check the spelling'],
  },
  'a Dockerfile beside a dockerfile': {
    files: { 'd/dockerfile': 'FROM scratch\n' },
    dockerfile: 'COPY gone /',
    status: 4,
    want: ['copy-source-missing d/Dockerfile:2:1: check the spelling'],
  },
  'the ignore file of a dockerfile': {
    files: { 'e/dockerfile': 'FROM scratch\nCOPY a /\n', 'e/a': '', 'e/Dockerfile.dockerignore': 'a\n' },
    args: ['e'],
    status: 4,
    want: ['copy-source-missing e/dockerfile:2:1: line 1 of PROJECT/e/Dockerfile.dockerignore'],
  },
  'a Dockerfile in UTF-16': {
    files: { 'd/Dockerfile': Buffer.from('\ufeffFROM scratch\r\nCOPY a /a\r\n', 'utf16le') },
    status: 4,
    want: ['invalid-utf8: save it as UTF-8'],
  },
  'an archive as Dockerfile': {
    files: { 'd/a.tar': Buffer.from(`name${'\0'.repeat(508)}FROM scratch\n`) },
    args: ['d', '-f', 'd/a.tar'],
    status: 4,
    want: ['invalid-utf8: name a text file'],
  },
  'a base without a tag': {
    files: { 'd/Dockerfile': 'ARG V\nFROM alpine:${V}\nCOPY gone /x\n' },
    status: 4,
    want: [
      'reference-malformed d/Dockerfile:2:6: write [registry/]repository[:tag][@digest]',
      'copy-source-missing d/Dockerfile:3:1: check the spelling',
    ],
  },
  'a source that is no image': {
    dockerfile: 'COPY --from=al:pine:1 /a /b',
    status: 4,
    want: ['reference-malformed d/Dockerfile:2:13: write [registry/]repository[:tag][@digest]'],
  },
  'a mount of an image in upper case': {
    dockerfile: 'RUN --mount=from=Al,target=/m true',
    status: 4,
    want: ['reference-upper-case d/Dockerfile:2:18: only the host and the tag may have them'],
  },
  'no Dockerfile': {
    files: { 'e/x': '' },
    args: ['e'],
    status: 4,
    want: ['dockerfile-unreadable: name the Dockerfile with --file'],
  },
};

function said({ reason, message, hint = '', at }: Failure, project: string): string {
  const place = at === undefined ? '' : ` ${at.file}:${at.line}:${at.column}`;
  const line = /line \d+ of [^:]*/.exec(message)?.[0].replace(project, 'PROJECT');
  const link = /.* is a link to .*(?=, which)/.exec(message)?.[0];
  return `${reason}${place}: ${link === undefined ? '' : `${link}, `}${line ?? hint}`;
}

describe('what build-image says of', { concurrency: 4 }, () => {
  for (const [title, { dockerfile = '', files = {}, args = ['d'], status, want }] of Object.entries(rows)) {
    test(title, async () => {
      await using directory = await tempDir();
      const project = join(directory.path, 'project');
      const text = /^FROM /.test(dockerfile) ? dockerfile : `FROM scratch\n${dockerfile}`;
      const all = { 'd/Dockerfile': `${text}\n`, 'd/index.html': '', ...files };
      for (const [path, content] of Object.entries(all)) {
        await mkdir(dirname(join(project, path)), { recursive: true });
        const file = join(project, path);
        if (typeof content === 'string' && content.startsWith('-> ')) await symlink(content.slice(3), file);
        else await writeFile(file, content);
      }
      const { failures } = await runHere(directory.path, ['build-image', ...args]);
      const told = failures.map((failure) => said(failure, project));
      assert.deepEqual(
        told.map((one, index) => (one.startsWith(want[index] ?? '?') ? want[index] : one)),
        want,
      );
      assert.equal(statusOf(failures), status);
    });
  }
});
