import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { matchPattern, pathPattern } from '../../src/dockerfile/path-pattern.ts';
import { FailureError } from '../../src/result.ts';
import { reasonsIn } from './outcome.ts';

const cases: [pattern: string, matching: readonly string[], others: readonly string[]][] = [
  ['', [''], ['a']],
  ['a', ['a'], ['', 'b', 'aa', 'a/']],
  ['*', ['', 'a', '.a'], ['a/b', '/']],
  ['**', ['', 'a'], ['a/b']],
  ['a*/b', ['a/b', 'axx/b'], ['a/x/b', 'ab']],
  ['*.t?t', ['.txt', 'a.tat'], ['a.tt', 'a/b.txt']],
  ['a.c', ['a.c'], ['abc']],
  ['a?c', ['abc', 'a👽c'], ['a/c', 'ac']],
  ['[a-c]', ['a', 'b', 'c'], ['d', '-', '']],
  ['[^a-c]', ['d', '한'], ['a', '', 'dd']],
  ['[\\]]', [']'], ['\\']],
  ['[\\^a]', ['^', 'a'], ['\\', 'b']],
  ['[!a]', ['!', 'a'], ['b']],
  ['[c-a]', [], ['a', 'b', 'c']],
  ['[a-cx-z]', ['b', 'y'], ['d']],
  ['[*?]', ['*', '?'], ['a']],
  ['\\*', ['*'], ['a', '\\*']],
  ['a\\b', ['ab'], ['a\\b']],
  ['(a|b)+{2}$^', ['(a|b)+{2}$^'], ['aa']],
  [']', [']'], ['']],
  ['[가-힣]*', ['한글'], ['abc']],
];
for (const [pattern, matching, others] of cases) {
  test(`matchPattern() with ${JSON.stringify(pattern)}`, () => {
    assert.deepEqual(
      matching.filter((path) => !matchPattern(pattern, path)),
      [],
    );
    assert.deepEqual(
      others.filter((path) => matchPattern(pattern, path)),
      [],
    );
  });
}

for (const pattern of ['[', '[a', '[]', '[]a]', '[^]', '[^]a]', '[-]', '[a-]', '[-a]', '[a-b-c]', 'a\\', '[\\', 'x[']) {
  test(`pathPattern() refuses ${pattern}, and matchPattern() throws it`, () => {
    assert.deepEqual(reasonsIn(pathPattern(pattern)), ['bad-pattern']);
    assert.throws(() => matchPattern(pattern, 'a'), FailureError);
  });
}

test('a pattern with all characters escaped matches itself and nothing else', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab*?[]\\^-(){}|.+$/', '한', '👽') });
  fc.assert(
    fc.property(text, text, (path, other) => {
      const pattern = [...path].map((char) => `\\${char}`).join('');
      assert.equal(matchPattern(pattern, path), true);
      assert.equal(matchPattern(pattern, other), path === other);
    }),
  );
});

test('matchPattern() never throws but for a bad pattern', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab*?[]\\^-/', '한') }), fc.string(), (pattern, path) => {
      const compiled = pathPattern(pattern);
      if (compiled.ok) assert.equal(matchPattern(pattern, path), compiled.value.matches(path));
      else assert.throws(() => matchPattern(pattern, path), FailureError);
    }),
  );
});
