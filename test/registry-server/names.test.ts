import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepositoryName, isTag } from '../../src/registry-server/names.ts';

const names: [name: string, isOne: boolean][] = [
  ['a', true],
  ['a/b/c', true],
  ['a.b_c__d-e--f0', true],
  ['blobs/uploads', true],
  ['a'.repeat(255), true],
  ['a'.repeat(256), false],
  [`${'a/'.repeat(500)}!`, false],
  ['', false],
  ['/', false],
  ['/a', false],
  ['a/', false],
  ['a//b', false],
  ['.', false],
  ['..', false],
  ['a/..', false],
  ['../a', false],
  ['a/../b', false],
  ['.a', false],
  ['a..b', false],
  ['a.', false],
  ['_a', false],
  ['a/_tags', false],
  ['a___b', false],
  ['a-', false],
  ['A', false],
  ['a b', false],
  ['a\u0000', false],
  ['a\n', false],
  ['a%2e', false],
  ['a\\b', false],
  ['ä', false],
];
for (const [name, isOne] of names) {
  test(`isRepositoryName() ${isOne ? 'takes' : 'refuses'} ${JSON.stringify(name.slice(0, 30))} (${name.length})`, () =>
    assert.equal(isRepositoryName(name), isOne));
}

const tags: [tag: string, isOne: boolean][] = [
  ['1', true],
  ['_', true],
  ['V1.0-rc_2', true],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
  ['', false],
  ['.', false],
  ['..', false],
  ['.a', false],
  ['-a', false],
  ['a/b', false],
  ['a\n', false],
  ['ä', false],
];
for (const [tag, isOne] of tags) {
  test(`isTag() ${isOne ? 'takes' : 'refuses'} ${JSON.stringify(tag.slice(0, 30))} (${tag.length})`, () =>
    assert.equal(isTag(tag), isOne));
}
