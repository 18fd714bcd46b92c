import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparePaths, sortEntries } from '../../src/layer/path-order.ts';

test('sortEntries() puts a directory right before all below it, and orders by bytes', () => {
  const sorted = ['a', 'a/b', 'a/b/c', 'a/z', 'a b', 'a-b', 'a.b', 'aa', 'b', 'z', 'ä', '\uffee', '\u{1f600}'];
  const paths = sortEntries(sorted.toReversed().map((path) => ({ path }))).map(({ path }) => path);
  assert.deepEqual(paths, sorted);
});

test('comparePaths() is the order of UTF-8, component by component', () => {
  const component = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 4 })
    .filter((text) => !/[\0/]|\p{Surrogate}/u.test(text));
  const path = fc.array(component, { minLength: 1, maxLength: 3 });
  const byBytes = (a: string[], b: string[]): number => {
    if (a.length === 0 || b.length === 0) return a.length - b.length;
    return Buffer.compare(Buffer.from(a[0]!), Buffer.from(b[0]!)) || byBytes(a.slice(1), b.slice(1));
  };
  fc.assert(
    fc.property(path, path, (a, b) => {
      assert.equal(Math.sign(comparePaths(a.join('/'), b.join('/'))), Math.sign(byBytes(a, b)));
    }),
  );
});
