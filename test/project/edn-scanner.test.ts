import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Source } from '../../src/dockerfile/source.ts';
import type { EdnNode } from '../../src/project/edn-node.ts';
import { scanEdn } from '../../src/project/edn-scanner.ts';
import { failuresOf, succeeded } from './support/project-files.ts';

const scan = (text: string) => scanEdn(new Source('x.edn', text));

const atoms: [text: string, kind: string, value: string][] = [
  ['nil', 'nil', 'nil'],
  ['true', 'boolean', 'true'],
  ['0', 'number', '0'],
  ['-12', 'number', '-12'],
  ['+7N', 'number', '+7N'],
  ['1.5e-3', 'number', '1.5e-3'],
  ['1.5M', 'number', '1.5M'],
  ['"a\\n\\"\\u00e9"', 'string', 'a\n"é'],
  [':key', 'keyword', 'key'],
  [':a.b/c-d', 'keyword', 'a.b/c-d'],
  ['sym*bol!', 'symbol', 'sym*bol!'],
  ['/', 'symbol', '/'],
  ['-', 'symbol', '-'],
  ['\\a', 'character', 'a'],
  ['\\}', 'character', '}'],
  ['\\newline', 'character', 'newline'],
  ['\\u00e9', 'character', 'u00e9'],
  ['\\😀', 'character', '😀'],
];
for (const [text, kind, value] of atoms) {
  test(`scanEdn() reads ${text}`, () =>
    assert.deepEqual(succeeded(scan(` ${text} `)), [{ kind, value, offset: 1, end: text.length + 1 }]));
}

test('scanEdn() gives the extent of every form', () => {
  const text = '(a) #{[1,2]} #tag {:k "v"} ; end';
  const extents = (node: EdnNode): readonly string[] => [
    text.slice(node.offset, node.end),
    ...('items' in node
      ? node.items
      : 'entries' in node
        ? node.entries.flat()
        : node.kind === 'tagged'
          ? [node.value]
          : []
    ).flatMap(extents),
  ];
  assert.deepEqual(succeeded(scan(text)).map(extents), [
    ['(a)', 'a'],
    ['#{[1,2]}', '[1,2]', '1', '2'],
    ['#tag {:k "v"}', '{:k "v"}', ':k', '"v"'],
  ]);
});

const failures: [title: string, text: string, want: readonly string[]][] = [
  ['a map that is never closed', '{:a 1', ['edn-syntax x.edn:1:1']],
  ['the innermost that is never closed', '{:a\n [1', ['edn-syntax x.edn:2:2']],
  ['a bracket of another kind', '{:a [1}', ['edn-syntax x.edn:1:7']],
  ['a bracket too many', '{} )', ['edn-syntax x.edn:1:4']],
  ['a string that is never closed', '"a\n', ['edn-syntax x.edn:1:1']],
  ['an unknown escape', '"a\\q"', ['edn-syntax x.edn:1:3']],
  ['a short unicode escape', '"\\u12"', ['edn-syntax x.edn:1:2']],
  ['an odd map', '{:a 1 :b}', ['edn-syntax x.edn:1:7']],
  ['a tag of nothing', '[#a]', ['edn-syntax x.edn:1:2']],
  ['no tag', '# a', ['edn-syntax x.edn:1:1']],
  ['a discard of nothing', '{:a #_}', ['edn-syntax x.edn:1:5']],
  ['a version as a number', '1.0.0', ['edn-syntax x.edn:1:1']],
  ['a leading zero', '01', ['edn-syntax x.edn:1:1']],
  ['an empty keyword', ':', ['edn-syntax x.edn:1:1']],
  ['two slashes', 'a/b/c', ['edn-syntax x.edn:1:1']],
  ['metadata', '^:a b', ['edn-syntax x.edn:1:1']],
  ['a backslash alone', '\\ ', ['edn-syntax x.edn:1:1']],
  ['no such character', '\\newlin', ['edn-syntax x.edn:1:1']],
  ['a key twice', '{:a 1\n :a 2}', ['edn-duplicate x.edn:2:2']],
  ['a key three times', '{1 1 1 1 1 1}', ['edn-duplicate x.edn:1:6', 'edn-duplicate x.edn:1:10']],
  ['equal keys written differently', '{[1 #{:a :b}] 1 (1, #{:b :a}) 2}', ['edn-duplicate x.edn:1:17']],
  ['a member twice', '[#{"a" "\\u0061"}]', ['edn-duplicate x.edn:1:8']],
  ['duplicates before a syntax error', '{:a 1 :a 2} )', ['edn-duplicate x.edn:1:7', 'edn-syntax x.edn:1:13']],
  ['too deep', '['.repeat(300), ['edn-syntax x.edn:1:201']],
];
for (const [title, text, want] of failures) {
  test(`scanEdn() fails: ${title}`, () => assert.deepEqual(failuresOf(scan(text)), want));
}

test('scanEdn() takes equal text of different kinds for different keys', () =>
  assert.deepEqual(failuresOf(scan('{:a 1 a 2 "a" 3 \\a 4 nil 5 "nil" 6}')), []));

test('scanEdn() returns for any text, with places inside of it', () => {
  const text = fc.array(fc.constantFrom(...'{}[]()#_:"\\ ,;\na1.-/', '#_', '{:a', 'nil'), { maxLength: 30 });
  fc.assert(
    fc.property(text, (parts) => {
      const source = parts.join('');
      const result = scan(source);
      const extents = result.ok ? result.value.map(({ end }) => end) : result.failure.map(({ at }) => at!.offset);
      assert.ok(extents.every((offset) => offset <= source.length));
    }),
    { numRuns: 2000 },
  );
});
