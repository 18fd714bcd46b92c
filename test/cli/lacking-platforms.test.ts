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
