/** A --target that images do not have: the same failure from every command, before anything is built, asked or said. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusOf } from '../../src/cli/exit-codes.ts';
import { image, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const files = {
  '00-base': image('1.0.0', 'FROM scratch'),
  '01-app': image('1.0.0', 'FROM scratch AS tests', 'FROM ${REGISTRY}/base:1.0.0'),
  '02-web': image('1.0.0', 'FROM scratch AS release', 'FROM ${REGISTRY}/base:1.0.0'),
  '03-plain': image('1.0.0', 'FROM scratch', 'FROM scratch'),
};
/** Nothing listens there: whoever asks it fails otherwise. */
const publish = ['publish', '--remote-registry=127.0.0.1:1/x'];
const all = ['app', 'plain', 'web'];

/** The images that lack the stage, and what is most likely meant; nothing where all have it. */
const rows: [title: string, words: readonly string[], target: string, lacking: readonly string[], hint?: string][] = [
  ['check', ['check'], 'nope', all, 'their stages are: tests, release'],
  ['plan', ['plan'], 'nope', all, 'their stages are: tests, release'],
  ['plan build of one', ['plan', 'build', 'app'], 'nope', ['app'], 'its stages are: tests'],
  ['plan publish of one', ['plan', ...publish, 'app'], 'nope', ['app'], 'its stages are: tests'],
  ['build', ['build'], 'tests', ['plain', 'web'], 'their stages are: release'],
  ['build of one', ['build', 'web'], 'relaese', ['web'], 'did you mean release?'],
  [
    'build of one without names',
    ['build', 'plain'],
    'x',
    ['plain'],
    'no stage of it has a name: give its number, from 0',
  ],
  ['build that keeps going', ['build', '--keep-going', 'app', 'web'], 'tests', ['web']],
  ['publish-locally', ['publish-locally', 'web'], '2', ['web'], 'its stages are: release'],
  ['publish', [...publish, 'app'], 'nope', ['app'], 'its stages are: tests'],
  ['what is built whole does not need it', ['plan', 'app', 'base'], 'tests', []],
  ['by another case', ['check'], 'TESTS', ['plain', 'web']],
  ['by its number', ['check'], '1', []],
];
for (const [title, words, target, lacking, hint] of rows) {
  test(`--target ${target}: ${title}`, async () => {
    await using directory = await tempDir();
    await writeProject(join(directory.path, 'project'), files);
    const { failures, status, stdout } = await runHere(directory.path, [...words, '--', '--target', target]);
    if (lacking.length === 0) {
      assert.deepEqual([failures, status], [[], 0]);
      return;
    }
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['unknown-stage'],
    );
    const [failure] = failures as [(typeof failures)[number]];
    const named = [...failure.message.matchAll(/contexts\/\d+-(\w+)\/Dockerfile/g)].map(([, name]) => name!);
    assert.deepEqual(named.toSorted(), lacking);
    if (hint !== undefined) assert.equal(failure.hint, hint);
    assert.deepEqual([statusOf(failures), stdout], [2, '']);
  });
}
