import assert from 'node:assert/strict';
import test from 'node:test';
import { nanosecondsOf } from '../../src/dockerfile/duration.ts';

const cases: [text: string, want: number | undefined][] = [
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['30s', 30e9],
  ['+30s', 30e9],
  ['-30s', -30e9],
  ['1m30s', 90e9],
  ['1.5h', 5400e9],
  ['.5s', 5e8],
  ['1.s', 1e9],
  ['250ms', 25e7],
  ['7us', 7e3],
  ['7µs', 7e3],
  ['7μs', 7e3],
  ['3ns', 3],
  ['2h2m2s2ms', 7322.002e9],
  ['', undefined],
  ['-', undefined],
  ['30', undefined],
  ['30 s', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1d', undefined],
  ['1s2', undefined],
  ['3000000h', undefined],
];
for (const [text, want] of cases) {
  test(`nanosecondsOf() reads ${JSON.stringify(text)}`, () => {
    // -0 is 0 for whoever reads it.
    const got = nanosecondsOf(text);
    assert.equal(got === undefined ? undefined : got + 0, want);
  });
}
