import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, Retrier, retryAfter } from '../../src/registry/retry.ts';
import { TransferError } from '../../src/registry/transfer-error.ts';

const never = new AbortController().signal;
const date = 'Sat, 21 Nov 2026 12:00:00 GMT';

const waits: [value: string | undefined, date: string | undefined, want: number | undefined][] = [
  [undefined, date, undefined],
  ['0', date, 0],
  ['3', undefined, 3000],
  [' 7 ', undefined, 7000],
  ['Sat, 21 Nov 2026 12:00:05 GMT', date, 5000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', date, 0],
  ['Sat, 21 Nov 2026 12:00:05 GMT', undefined, undefined],
  ['soon', date, undefined],
];
for (const [value, since, want] of waits) {
  test(`retryAfter() of ${value}${since === undefined ? ' without a date' : ''} is ${want}`, () =>
    assert.equal(retryAfter(value, since), want));
}

test('backoff() doubles from a second on, with up to a fifth more, and ends at thirty', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((failures) => backoff(failures, () => 0)),
    [1000, 2000, 4000, 8000, 16000, 30000, 30000],
  );
  assert.equal(
    backoff(2, () => 0.5),
    2200,
  );
});

function errorThat(about: { readonly temporary: boolean; readonly retryAfter?: number }): TransferError {
  return new TransferError({ reason: 'registry-unreachable', message: 'of the test' }, about);
}

/** A Retrier whose pauses take no time, and what they would have taken. */
function retrier(retries: number) {
  const slept: number[] = [];
  const sleep = async (milliseconds: number) => void slept.push(milliseconds);
  return { slept, retrier: new Retrier({ retries, hooks: { sleep, random: () => 0 } }) };
}

const tries: [title: string, errors: Error[], retries: number, sleeps: number[], succeeds: boolean][] = [
  ['a success', [], 4, [], true],
  ['what passes', [errorThat({ temporary: true }), errorThat({ temporary: true })], 4, [1000, 2000], true],
  ['what does not pass', Array(9).fill(errorThat({ temporary: true })), 4, [1000, 2000, 4000, 8000], false],
  ['what stays', [errorThat({ temporary: false })], 4, [], false],
  ['a bug', [new TypeError('of our own')], 4, [], false],
  ['the wish of the registry', [errorThat({ temporary: true, retryAfter: 7000 })], 4, [7000], true],
  ['a wish that is too great', [errorThat({ temporary: true, retryAfter: 3_600_000 })], 4, [], false],
  ['no retries at all', [errorThat({ temporary: true })], 0, [], false],
];
for (const [title, errors, retries, sleeps, succeeds] of tries) {
  test(`Retrier.run() with ${title}`, async () => {
    const { slept, retrier: one } = retrier(retries);
    const left = [...errors];
    const run = one.run(async () => {
      const error = left.shift();
      if (error !== undefined) throw error;
      return 'done';
    }, never);
    if (succeeds) assert.equal(await run, 'done');
    else await assert.rejects(run, errors[0]);
    assert.deepEqual(slept, sleeps);
  });
}

test('Retrier.run() ends in the middle of a pause when it is called off', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = new Retrier({ retries: 4 }).run(async () => {
    setTimeout(() => controller.abort(reason), 5);
    throw errorThat({ temporary: true });
  }, controller.signal);
  await assert.rejects(run, reason);
});
