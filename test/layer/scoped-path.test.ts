import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPath, scopedPath } from '../../src/layer/scoped-path.ts';

const cases: [name: string, want: string | undefined][] = [
  ['a/b', 'a/b'],
  ['./a/b', 'a/b'],
  ['/a/b', 'a/b'],
  ['//a//b/', 'a/b'],
  ['a/./b/.', 'a/b'],
  ['./', ''],
  ['/', ''],
  ['', ''],
  ['..', undefined],
  ['../a', undefined],
  ['a/..', undefined],
  ['a/../../b', undefined],
  ['/../a', undefined],
  ['a/../b', undefined],
  ['a\0b', undefined],
  ['..a/b..', '..a/b..'],
  ['...', '...'],
  ['a\\..\\b', 'a\\..\\b'],
];
for (const [name, want] of cases) {
  test(`canonicalPath() of ${JSON.stringify(name)}`, () => assert.equal(canonicalPath(name), want));
}

const joins: [root: string, path: string, want: string][] = [
  ['/r', '', '/r'],
  ['/r', 'a/b', '/r/a/b'],
  ['/', 'a', '/a'],
];
for (const [root, path, want] of joins) {
  test(`scopedPath() of ${root} and ${JSON.stringify(path)}`, () => assert.equal(scopedPath(root, path), want));
}

for (const path of ['/a', '../a', 'a/../b', 'a/', 'a//b', '.', 'a\0']) {
  test(`scopedPath() refuses ${JSON.stringify(path)}`, () => assert.throws(() => scopedPath('/r', path)));
}
