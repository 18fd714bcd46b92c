import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkRange, requestedRange } from '../../src/registry-server/range.ts';

const requests: [header: string | undefined, want: ReturnType<typeof requestedRange>][] = [
  [undefined, 'whole'],
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-5', { start: 2, end: 5 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=9-100', { start: 9, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-100', { start: 0, end: 9 }],
  ['Bytes=2-5', { start: 2, end: 5 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-2', 'unsatisfiable'],
  ['bytes=0-1,4-5', 'whole'],
  ['bytes=', 'whole'],
  ['bytes=-', 'whole'],
  ['bytes=a-b', 'whole'],
  ['lines=1-2', 'whole'],
];
for (const [header, want] of requests) {
  test(`requestedRange() of 10 bytes: ${header}`, () => assert.deepEqual(requestedRange(header, 10), want));
}

for (const header of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) {
  test(`requestedRange() of nothing: ${header}`, () => assert.equal(requestedRange(header, 0), 'unsatisfiable'));
}

const chunks: [header: string, want: ReturnType<typeof chunkRange>][] = [
  ['0-9', { start: 0, end: 9 }],
  ['10-10', { start: 10, end: 10 }],
  ['bytes 0-9/*', { start: 0, end: 9 }],
  ['bytes 0-9/100', { start: 0, end: 9 }],
  ['bytes=0-9', { start: 0, end: 9 }],
  ['9-0', undefined],
  ['-9', undefined],
  ['0-', undefined],
  ['0-9 ', undefined],
  ['', undefined],
];
for (const [header, want] of chunks) {
  test(`chunkRange() ${JSON.stringify(header)}`, () => assert.deepEqual(chunkRange(header), want));
}
