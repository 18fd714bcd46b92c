import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReserved, type Mark, markOf, whiteoutName } from '../../src/layer/whiteout.ts';
import { failsWith } from '../tar/failing.ts';

const cases: [path: string, want: Mark | undefined][] = [
  ['a/b', undefined],
  ['a.wh.b', undefined],
  ['.wh.a', { type: 'whiteout', path: 'a' }],
  ['a/.wh.b', { type: 'whiteout', path: 'a/b' }],
  ['a/.wh..b', { type: 'whiteout', path: 'a/.b' }],
  ['.wh..wh..opq', { type: 'opaque', path: '' }],
  ['a/b/.wh..wh..opq', { type: 'opaque', path: 'a/b' }],
  ['.wh..wh.plnk', { type: 'ignored' }],
  ['.wh..wh.plnk/1.2', { type: 'ignored' }],
  ['a/.wh..wh.aufs', { type: 'ignored' }],
];
for (const [path, want] of cases) {
  test(`markOf() ${path}`, () => assert.deepEqual(markOf(path), want));
}

for (const path of ['.wh.', 'a/.wh..', 'a/.wh...', '.wh.a/b']) {
  test(`markOf() refuses ${path}`, () => assert.throws(() => markOf(path), failsWith('layer-entry-invalid')));
}

test('whiteoutName() is what markOf() reads', () => {
  assert.equal(whiteoutName('a/b'), 'a/.wh.b');
  assert.equal(whiteoutName('b'), '.wh.b');
});

test('isReserved() sees any component', () => {
  assert.deepEqual(['.wh.a', 'b/.wh.a', '.wh.a/b', 'a.wh.', 'wh.a'].map(isReserved), [true, true, true, false, false]);
});
