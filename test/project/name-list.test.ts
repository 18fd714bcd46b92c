import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameList } from '../../src/project/name-list.ts';

const rows: [count: number, want: string][] = [
  [0, ''],
  [1, 'a0'],
  [8, 'a0, a1, a2, a3, a4, a5, a6, a7'],
  [9, 'a0, a1, a2, a3, a4, a5, a6, and 2 more'],
  [29, 'a0, a1, a2, a3, a4, a5, a6, and 22 more'],
];
for (const [count, want] of rows) {
  test(`nameList() of ${count}`, () => {
    assert.equal(nameList(Array.from({ length: count }, (_, index) => `a${index}`)), want);
  });
}
