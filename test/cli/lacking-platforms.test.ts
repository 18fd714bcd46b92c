/** A platform that a parent lacks: the same reason and status from every command, before anything is built or asked. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import { image, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const files = {
  '00-base': {
    Dockerfile: 'FROM scratch\nLABEL a=b\n',
    'info.edn': '{:version "1.0.0" :platforms ["linux/amd64"]}\n',
  },
  '01-app': image('1.0.0', 'ARG REGISTRY', 'FROM ${REGISTRY}/base:1.0.0', 'LABEL c=d'),
};
const both = '--default-platforms=linux/amd64,linux/arm64';

/** `[status, reason line]…` */
const rows: readonly (readonly [words: string, status: number])[] = [
  [`plan ${both}`, 4],
  [`plan --json ${both}`, 4],
  [`build ${both}`, 4],
  [`build --dry-run ${both}`, 4],
  [`build app ${both}`, 4],
  [`check ${both}`, 4],
  ['check --default-platforms=linux/amd64', 0],
  ['plan --platform=linux/arm64', 0],
];
for (const [words, want] of rows) {
  test(`cip ${words}`, async () => {
    await using directory = await tempDir();
    await writeProject(join(directory.path, 'project'), files);
    const { failures, status, stderr } = await runHere(directory.path, words.split(' '));
    assert.equal(status ?? statusOf(failures), want);
    const said = `${stderr}${JSON.stringify(failures)}`;
    assert.equal(/platform-missing/.test(said), want !== 0, said);
    if (status !== undefined && want !== 0) assert.match(stderr, /contexts\/01-app\/Dockerfile:3:6/);
  });
}

/** Lines of a Dockerfile below `ARG REGISTRY` → whether the remedy is to build the stage on the machine that builds. */
const stages: Readonly<Record<string, readonly [lines: readonly string[], isOffered: boolean]>> = {
  'that is copied from': [['FROM ${REGISTRY}/base:1.0.0 AS b', 'FROM scratch', 'COPY --from=b / /'], true],
  'that is copied from by its number': [['FROM ${REGISTRY}/base:1.0.0', 'FROM scratch', 'COPY --from=0 / /'], true],
  'that is mounted': [['FROM ${REGISTRY}/base:1.0.0 AS b', 'FROM scratch', 'RUN --mount=from=b,target=/b true'], true],
  'that is the last': [['FROM ${REGISTRY}/base:1.0.0 AS b', 'LABEL a=b'], false],
  'that another starts from': [['FROM ${REGISTRY}/base:1.0.0 AS b', 'FROM b', 'COPY --from=b / /'], false],
  'that has a platform': [
    ['FROM --platform=linux/arm64 ${REGISTRY}/base:1.0.0 AS b', 'FROM scratch', 'COPY --from=b / /'],
    false,
  ],
  'that there is none': [['FROM scratch', 'COPY --from=${REGISTRY}/base:1.0.0 / /'], false],
};
for (const [title, [lines, isOffered]] of Object.entries(stages)) {
  for (const words of ['plan', 'check']) {
    test(`cip ${words}: the remedy for a stage ${title}`, async () => {
      await using directory = await tempDir();
      await writeProject(join(directory.path, 'project'), {
        ...files,
        '01-app': image('1.0.0', 'ARG REGISTRY', ...lines),
      });
      const { stderr, failures } = await runHere(directory.path, [words, both]);
      const said = `${stderr}${JSON.stringify(failures)}`;
      assert.match(said, /parent-platform-missing/);
      assert.equal(said.includes('FROM --platform=$BUILDPLATFORM'), isOffered, said);
    });
  }
}

test('the remedy is not the machine that builds where the parent is not there for it', async () => {
  await using directory = await tempDir();
  await writeProject(join(directory.path, 'project'), {
    '00-base': { ...files['00-base'], 'info.edn': '{:version "1.0.0" :platforms ["linux/arm64"]}\n' },
    '01-app': image('1.0.0', 'ARG REGISTRY', 'FROM ${REGISTRY}/base:1.0.0 AS b', 'FROM scratch', 'COPY --from=b / /'),
  });
  const { stderr } = await runHere(directory.path, ['plan', both]);
  assert.match(stderr, /parent-platform-missing/);
  assert.ok(!stderr.includes('BUILDPLATFORM'), stderr);
});
