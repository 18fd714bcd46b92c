/** What works as it is, and should be otherwise: which commands say it. None says it twice. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { image, writeProject } from '../project/support/project-files.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere } from './run-here.ts';

const files = {
  '01-base': image('1.0.0', 'FROM scratch', 'LABEL a=b'),
  '01-app': image('1.0.0', 'FROM ${REGISTRY}/base', 'LABEL c=d'),
  '01-web': image('1.0.0', 'FROM ${REGISTRY}/base', 'LABEL e=f'),
  '02-top': image('1.0.0', 'FROM ${REGISTRY}/app:1.0.0', 'LABEL g=h'),
};
/** How often each is said: equal numbers, references without a version. */
const rows: readonly (readonly [words: string, prefixes: number, floating: number])[] = [
  ['check', 1, 1],
  ['plan', 0, 1],
  ['plan --json', 0, 1],
  ['plan top', 0, 1],
  ['plan base', 0, 0],
  ['build --dry-run', 0, 0],
  ['graph', 0, 0],
];
for (const [words, prefixes, floating] of rows) {
  test(`cip ${words}`, async () => {
    await using directory = await tempDir();
    await writeProject(join(directory.path, 'project'), files);
    const { stderr, status } = await runHere(directory.path, words.split(' '));
    const count = (reason: string) => stderr.split(`[${reason}]`).length - 1;
    assert.deepEqual([status, count('equal-prefix'), count('floating-reference')], [0, prefixes, floating], stderr);
  });
}

test('cip check --json has each once', async () => {
  await using directory = await tempDir();
  await writeProject(join(directory.path, 'project'), files);
  const { stdout } = await runHere(directory.path, ['check', '--json']);
  const { warnings } = JSON.parse(stdout) as { warnings: { reason: string; hint: string }[] };
  assert.deepEqual(
    warnings.map(({ reason }) => reason),
    ['equal-prefix', 'floating-reference'],
  );
  assert.match(warnings[1]!.hint, /^write \$\{REGISTRY\}\/base:1\.0\.0/);
});
