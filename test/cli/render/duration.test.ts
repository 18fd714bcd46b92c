import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/cli/render/duration.ts';

const cases: [milliseconds: number, want: string][] = [
  [0, '0.0s'],
  [449, '0.4s'],
  [9949, '9.9s'],
  [9950, '10s'],
  [59_499, '59s'],
  [59_500, '1m00s'],
  [131_000, '2m11s'],
  [3_599_500, '1h00m'],
  [3_720_000, '1h02m'],
];
for (const [milliseconds, want] of cases) {
  test(`duration() ${milliseconds} ms: ${want}`, () => assert.equal(duration(milliseconds), want));
}
