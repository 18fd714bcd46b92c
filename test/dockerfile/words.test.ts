import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Escape } from '../../src/dockerfile/logical-line.ts';
import { blankSeparated, jsonStrings, shellWords } from '../../src/dockerfile/words.ts';

const split: [text: string, want: readonly string[], escape?: Escape][] = [
  ['', []],
  ['  \t ', []],
  ['a  b\tc', ['a', 'b', 'c']],
  ['"a b" c', ['"a b"', 'c']],
  ["'a b'c d", ["'a b'c", 'd']],
  ['a\\ b c', ['a\\ b', 'c']],
  ['"a\\" b" c', ['"a\\" b"', 'c']],
  ["'a\\' b", ["'a\\'", 'b']],
  ['"a b', ['"a b']],
  ['""', ['""']],
  ['a \\', ['a']],
  ['a b\\', ['a', 'b']],
  ['"a\\', ['"a']],
  ['a` b c\\ d', ['a` b', 'c\\', 'd'], '`'],
  ['é👽 한', ['é👽', '한']],
  ['a\u00a0b', ['a', 'b']],
];
for (const [text, want, character = '\\'] of split) {
  test(`shellWords() splits ${JSON.stringify(text)}`, () => {
    const words = shellWords(text, { start: 0, end: text.length }, character);
    assert.deepEqual(
      words.map((word) => word.text),
      want,
    );
    for (const word of words) assert.equal(text.slice(word.start, word.end), word.text);
  });
}

test('shellWords() and blankSeparated() leave what is outside of the range alone', () => {
  assert.deepEqual(shellWords('a b c d', { start: 2, end: 5 }, '\\'), [
    { text: 'b', start: 2, end: 3 },
    { text: 'c', start: 4, end: 5 },
  ]);
  assert.deepEqual(blankSeparated('a b c d', { start: 2, end: 5 }), [
    { text: 'b', start: 2, end: 3 },
    { text: 'c', start: 4, end: 5 },
  ]);
});

test('blankSeparated() knows no quotes', () => {
  assert.deepEqual(
    blankSeparated(' "a b"\t \\ ', { start: 0, end: 10 }).map(({ text }) => text),
    ['"a', 'b"', '\\'],
  );
});

test('words are in order, do not overlap, and leave only blanks between them', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\t', '"', "'", '\\', '`', '$', '한') }), (text) => {
      const words = blankSeparated(text, { start: 0, end: text.length });
      assert.equal(words.map((word) => word.text).join(' '), text.trim().replace(/[\t ]+/g, ' '));
      let end = 0;
      for (const word of shellWords(text, { start: 0, end: text.length }, '\\')) {
        assert.match(text.slice(end, word.start), /^[ \t]*$/);
        assert.equal(text.slice(word.start, word.end), word.text);
        end = word.end;
      }
      assert.match(text.slice(end), /^[ \t]*\\?$/);
    }),
  );
});

const json: [text: string, want: ReturnType<typeof jsonStrings>][] = [
  ['[]', []],
  [' ["a", "b c" ] ', ['a', 'b c']],
  ['["\\u00e9\\n"]', ['é\n']],
  ['["a", 1]', 'not-strings'],
  ['[null]', 'not-strings'],
  ['[["a"]]', 'not-strings'],
  ["['a']", undefined],
  ['["a"', undefined],
  ['["a"] b', undefined],
  ['"a"', undefined],
  ['{}', undefined],
  ['', undefined],
];
for (const [text, want] of json) {
  test(`jsonStrings() reads ${text}`, () => assert.deepEqual(jsonStrings(text), want));
}
