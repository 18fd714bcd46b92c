import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitStatus, knownReasons, statusOf, statusOfRun, statusOfSignal } from '../../src/cli/exit-codes.ts';
import { root } from '../support/paths.ts';

const cases: [title: string, reasons: string[], want: number][] = [
  ['nothing', [], 0],
  ['a step that failed', ['run-failed'], 1],
  ['a wrong command line', ['unknown-option'], 2],
  ['what is behind', ['stale-reference'], 3],
  ['drift', ['changed-without-bump'], 3],
  ['an invalid project', ['dependency-cycle'], 4],
  ['a full disk', ['disk-full'], 5],
  ['a registry that is not there', ['registry-unreachable'], 5],
  ['a tag that moved', ['lost-race'], 6],
  ['a reason nobody knows', ['made-up'], 1],
  ['project before usage', ['unknown-option', 'dependency-cycle', 'disk-full'], 4],
  ['usage before environment', ['disk-full', 'unknown-selector'], 2],
  ['environment before a lost race', ['lost-race', 'disk-full', 'run-failed'], 5],
  ['a lost race before a failure', ['run-failed', 'lost-race'], 6],
  ['a failure before a difference', ['stale-reference', 'run-failed'], 1],
];
for (const [title, reasons, want] of cases) {
  test(`statusOf() ${title}: ${want}`, () => {
    assert.equal(statusOf(reasons.map((reason) => ({ reason, message: '' }))), want);
  });
}

for (const [title, reasons, want] of [
  ['an image whose files are wrong', ['copy-source-missing'], 1],
  ['a secret that was not given', ['secret-missing'], 2],
  ['a secret that was not given, beside a step that failed', ['run-failed', 'secret-missing'], 2],
  ['a machine that lacks something, beside a step that failed', ['run-failed', 'emulation-unavailable'], 5],
] as const) {
  test(`statusOfRun() ${title}: ${want}`, () => {
    assert.equal(statusOfRun(reasons.map((reason) => ({ reason, message: '' }))), want);
  });
}

test('statusOfSignal() is 128 and the number of the signal', () => {
  assert.deepEqual((['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map(statusOfSignal), [129, 130, 143]);
});

test('every status has a number of its own', () => {
  const numbers = Object.values(exitStatus);
  assert.equal(new Set(numbers).size, numbers.length);
});

test('every reason of the code has its status in the table, and no other is there', () => {
  assert.deepEqual([...knownReasons()].sort(), [...reasonsInCode()].sort());
});

/** What stands behind `reason:` in any file of src/. */
function reasonsInCode(): ReadonlySet<string> {
  const files = readdirSync(join(root, 'src'), { recursive: true }).map(String);
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(/\breason: '([a-z0-9-]+)'/g)].map(([, reason]) => reason!)));
}
