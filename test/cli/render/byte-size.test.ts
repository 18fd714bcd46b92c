import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteSize } from '../../../src/cli/render/byte-size.ts';

const cases: [bytes: number, want: string][] = [
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [3_141_592, '3.1 MB'],
  [412_000_000, '412 MB'],
  [2e12, '2.0 TB'],
  [2e15, '2000 TB'],
];
for (const [bytes, want] of cases) {
  test(`byteSize() ${bytes}: ${want}`, () => assert.equal(byteSize(bytes), want));
}
