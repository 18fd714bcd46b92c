/**
 * Mistakes that newcomers make: files of a project, and what each command says about them. The same mistake has the same
 * reason, place and status whichever command meets it first. What is said word for word: doc/first-ten-minutes.md.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import { image, type ProjectFiles, placed, writeProject } from '../project/support/project-files.ts';
import { complaintsIn } from '../support/complaints.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

/** Whatever somebody serves on this machine by its usual name is not to be asked. */
const nobody = 'localhost:1';
const scratch = image('1.0.0', 'FROM scratch');
const plain = (...lines: readonly string[]) => ({ Dockerfile: lines.join('\n'), 'info.edn': '{:version "1.0.0"}' });

interface Mistake {
  readonly files: ProjectFiles;
  /** Command → exit status, and each error as `reason file:line:column`, `! reason` for a warning or notice. */
  readonly want: Readonly<Record<string, readonly [status: number, ...told: string[]]>>;
}

const ahead = 'reference-newer-than-parent contexts/01-app/Dockerfile:2:6';
const undefinedName = 'unresolvable-reference contexts/01-app/Dockerfile:1:6';
const behind = 'stale-reference contexts/01-app/Dockerfile:2:6';
const mistakes: Readonly<Record<string, Mistake>> = {
  'none at all': {
    files: { '00-base': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0') },
    want: { check: [0], graph: [0], 'cascade --check': [0], plan: [0] },
  },
  'REGISTRY without ARG REGISTRY': {
    files: { '00-base': scratch, '01-app': plain('FROM ${REGISTRY}/base:1.0.0') },
    want: { check: [0, '! undeclared-registry'], graph: [0], 'cascade --check': [0], plan: [0] },
  },
  'a slip in the name of a variable': {
    files: { '00-base': scratch, '01-app': plain('FROM ${REGISTY}/base:1.0.0') },
    want: {
      check: [4, undefinedName],
      graph: [4, undefinedName],
      'cascade --check': [4, undefinedName],
      plan: [4, undefinedName],
    },
  },
  'an image of the project, from Docker Hub': {
    files: { '00-debian': scratch, '01-app': plain('FROM debian:1.0.0') },
    want: {
      check: [0, '! namesake-elsewhere'],
      graph: [0, '! namesake-elsewhere'],
      'cascade --check': [0, '! namesake-elsewhere'],
    },
  },
  'a version that the parent has not reached': {
    files: { '00-base': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.9') },
    want: {
      check: [4, ahead],
      graph: [0],
      'cascade --check': [4, ahead],
      'cascade --check --allow-downgrade': [3],
      plan: [4, ahead],
      'build --dry-run': [4, ahead],
      'plan publish-locally': [4, ahead],
    },
  },
  'a version that the parent has left behind': {
    files: { '00-base': image('1.0.1', 'FROM scratch'), '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0') },
    want: {
      check: [3, behind],
      graph: [0],
      'cascade --check': [3],
      plan: [3, behind],
      'build --dry-run': [3, behind],
      build: [3, behind],
      'build -k': [3, behind],
      'plan build base': [0],
    },
  },
  'a version that the parent has left behind, by its digest': {
    files: {
      '00-base': image('1.0.1', 'FROM scratch'),
      '01-app': image('1.0.0', `FROM \${REGISTRY}/base:1.0.0@sha256:${'0'.repeat(64)}`),
    },
    want: { check: [3, behind], plan: [0, '! stale-reference'], 'plan build base': [0] },
  },
  'two that forgot the same cascade, and one another': {
    files: {
      '00-base': image('1.0.1', 'FROM scratch'),
      '00-tool': image('1.0.1', 'FROM scratch'),
      '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0'),
      '01-web': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0', 'COPY --from=${REGISTRY}/tool:1.0.0 / /'),
    },
    want: {
      check: [3, behind, 'stale-reference contexts/01-web/Dockerfile:3:13'],
      plan: [3, behind, 'stale-reference contexts/01-web/Dockerfile:3:13'],
    },
  },
  'a build argument that no Dockerfile declares': {
    files: { '00-base': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0', 'ARG VERSION') },
    want: {
      'check -- --build-arg VERSON=1': [0, '! unused-build-argument'],
      'plan -- --build-arg VERSON=1': [0, '! unused-build-argument'],
      'plan -- --build-arg VERSION=1': [0],
      'plan base -- --build-arg VERSION=1': [0, '! unused-build-argument'],
      'build --dry-run -- --build-arg VERSON=1 --build-arg OTHER=2': [0, '! unused-build-argument'],
    },
  },
  'a secret that no RUN mounts': {
    files: {
      '00-base': image('1.0.0', 'FROM scratch', 'RUN --mount=type=secret,id=token true'),
      '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0'),
      '02-own': image('1.0.0', 'FROM scratch'),
      '03-any': image('1.0.0', 'FROM scratch', 'ARG ID=token', 'RUN --mount=type=secret,id=$ID true'),
    },
    want: {
      'build app --dry-run --secret id=token,src=package.json': [0],
      'build app --dry-run --secret id=tokn,src=package.json': [0, '! unused-secret'],
      'build own --dry-run --secret id=token,src=package.json --secret id=b,src=package.json': [
        0,
        '! unused-secret',
        '! unused-secret',
      ],
      'build own any --dry-run --secret id=other,src=package.json': [0],
    },
  },
  'a stage that is not there for every platform': {
    files: {
      '00-app': plain('FROM scratch AS s-amd64', 'FROM s-$TARGETARCH'),
      '01-own': {
        ...plain('FROM scratch AS s-amd64', 'FROM s-$TARGETARCH'),
        'info.edn': '{:version "1.0.0" :platforms "linux/amd64"}',
      },
      '02-copy': plain('FROM scratch AS x.amd64', 'FROM scratch', 'COPY --from=x.${TARGETARCH} / /'),
      '03-all': plain('FROM scratch AS amd64', 'FROM scratch AS arm64', 'FROM $TARGETARCH'),
      '04-end': plain('ARG OS=debian', 'FROM scratch AS alpine-base', 'FROM ${OS}-base'),
      '05-other': plain('ARG OS=debian', 'FROM scratch AS tool', 'FROM $OS', 'COPY --from=tool / /'),
    },
    want: {
      check: [0, '! stage-like-image', '! stage-like-image', '! stage-like-image'],
      'plan own': [0, '! stage-like-image', '! stage-like-image', '! stage-like-image'],
    },
  },
  'a stage whose name is misspelled, which may be an image': {
    files: {
      '00-app': plain('FROM scratch AS build', 'FROM scratch', 'COPY --from=biuld / /'),
      '01-mount': plain('FROM scratch AS build', 'FROM scratch', 'RUN --mount=from=buld,target=/b true'),
      '02-other': plain('FROM scratch AS build', 'FROM scratch', 'COPY --from=busybox / /'),
      '03-tag': plain('FROM scratch AS build', 'FROM scratch', 'COPY --from=build:1 / /', 'COPY --from=me/build / /'),
      '04-below': plain('FROM scratch AS one', 'COPY --from=tow / /', 'FROM scratch AS two', 'COPY --from=scratch / /'),
      '05-variable': plain('ARG X=biuld', 'FROM scratch AS build', 'FROM scratch', 'COPY --from=$X / /'),
      '06-base': plain('FROM scratch AS debian12', 'FROM debian'),
    },
    want: {
      check: [0, '! image-like-stage', '! image-like-stage'],
      'graph app': [0, '! image-like-stage', '! image-like-stage'],
    },
  },
  'an image that was renamed or removed': {
    files: { '00-core': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0') },
    want: {
      check: [4, 'unknown-parent contexts/01-app/Dockerfile:2:6'],
      'plan app': [4, 'unknown-parent contexts/01-app/Dockerfile:2:6'],
      'plan core': [0, '! problems-elsewhere'],
    },
  },
  'a directory of another branch': {
    files: { '00-base': scratch, '03-old': { 'node_modules/x': '' }, '04-old': scratch },
    want: { check: [0, '! not-an-image'], graph: [0, '! not-an-image'], plan: [0, '! not-an-image'] },
  },
  'no version': {
    files: { '00-base': { Dockerfile: 'FROM scratch', 'info.edn': '{}' } },
    want: { check: [4, 'missing-version contexts/00-base/info.edn:1:1'] },
  },
  'an image of this project that nobody makes': {
    files: { '00-base': scratch, '01-app': image('1.0.0', 'FROM ${REGISTRY}/bsae:1.0.0') },
    want: {
      check: [4, 'unknown-parent contexts/01-app/Dockerfile:2:6'],
      plan: [4, 'unknown-parent contexts/01-app/Dockerfile:2:6'],
    },
  },
  'parents by number come last': {
    files: { '01-base': scratch, '00-app': image('1.0.0', 'FROM ${REGISTRY}/base:1.0.0') },
    want: { check: [4, 'prefix-contradiction contexts/00-app/Dockerfile:2:6'] },
  },
};
for (const [title, { files, want }] of Object.entries(mistakes)) {
  for (const [line, [status, ...told]] of Object.entries(want)) {
    test(`${title}: cip ${line}`, async () => {
      await using directory = await tempDir();
      await writeProject(join(directory.path, 'project'), files);
      const ended = await runHere(directory.path, line.split(' '), { CIP_LOCAL_REGISTRY: nobody });
      const remarks = [...ended.stderr.matchAll(/^(?:warning|notice)\[([a-z-]+)\]/gm)].map(
        ([, reason]) => `! ${reason}`,
      );
      const errors = [...ended.failures.map(placed), ...complaintsIn(ended.stderr)];
      assert.deepEqual(
        { status: ended.status ?? statusOf(ended.failures), told: [...errors, ...remarks].sort() },
        { status, told: told.toSorted() },
        ended.stderr,
      );
    });
  }
}

const meant: readonly [line: string, hint: string | undefined][] = [
  ['plan publihs', 'did you mean cip plan publish?'],
  ['plan publish-localy', 'did you mean cip plan publish-locally?'],
  ['plan publihs base', 'did you mean cip plan publish?'],
  ['plan build publihs', 'images are: base'],
  ['plan bsae', 'did you mean base?'],
  ['plan biuld', 'did you mean cip plan build?'],
  ['plan frobnicate', 'images are: base'],
];
for (const [line, hint] of meant) {
  test(`cip ${line}: ${hint}`, async () => {
    await using directory = await tempDir();
    await writeProject(join(directory.path, 'project'), { '00-base': scratch });
    const { failures } = await runHere(directory.path, line.split(' '), { CIP_LOCAL_REGISTRY: nobody });
    assert.deepEqual(
      failures.map((failure) => [failure.reason, failure.hint]),
      [['unknown-selector', hint]],
    );
  });
}
