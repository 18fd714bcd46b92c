import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { replaceSpans } from '../../src/dockerfile/replace-spans.ts';
import { reasonsIn, valueIn } from './outcome.ts';

const at = (offset: number, length: number) => ({ file: 'f', line: 1, column: offset + 1, offset, length });

const cases: [title: string, text: string, edits: [offset: number, length: number, text: string][], want: string][] = [
  ['nothing', 'abc', [], 'abc'],
  ['one', 'abc', [[1, 1, 'XX']], 'aXXc'],
  [
    'several in any order',
    'abcdef',
    [
      [4, 2, ''],
      [0, 1, 'X'],
      [2, 1, 'YY'],
    ],
    'XbYYd',
  ],
  [
    'neighbours',
    'abc',
    [
      [0, 1, 'X'],
      [1, 1, 'Y'],
    ],
    'XYc',
  ],
  [
    'insertions, at one place in their order',
    'abc',
    [
      [1, 0, 'X'],
      [1, 0, 'Y'],
      [3, 0, 'Z'],
    ],
    'aXYbcZ',
  ],
  [
    'an insertion before what is replaced',
    'abc',
    [
      [1, 1, 'Y'],
      [1, 0, 'X'],
    ],
    'aXYc',
  ],
  ['the whole', 'abc', [[0, 3, '']], ''],
];
for (const [title, text, edits, want] of cases) {
  test(`replaceSpans() makes ${title}`, () => {
    const made = replaceSpans(
      text,
      edits.map(([offset, length, replacement]) => ({ at: at(offset, length), text: replacement })),
    );
    assert.equal(valueIn(made), want);
  });
}

const overlapping: [title: string, spans: [offset: number, length: number][]][] = [
  [
    'the same characters',
    [
      [1, 2],
      [1, 2],
    ],
  ],
  [
    'characters of each other',
    [
      [0, 2],
      [1, 2],
    ],
  ],
  [
    'what another replaces',
    [
      [0, 3],
      [1, 0],
    ],
  ],
];
for (const [title, spans] of overlapping) {
  test(`replaceSpans() refuses edits of ${title}`, () => {
    const edits = spans.map(([offset, length]) => ({ at: at(offset, length), text: 'x' }));
    assert.deepEqual(reasonsIn(replaceSpans('abc', edits)), ['overlapping-edits']);
  });
}

test('replaceSpans() takes a span outside of the text for a bug', () => {
  assert.throws(() => replaceSpans('abc', [{ at: at(2, 2), text: '' }]));
});

test('replaceSpans() leaves every other character as it is', () => {
  const part = fc.record({ kept: fc.string(), taken: fc.string({ minLength: 1 }), text: fc.string() });
  fc.assert(
    fc.property(fc.array(part), fc.string(), fc.infiniteStream(fc.nat()), (parts, last, random) => {
      let text = '';
      const edits = parts.map((each) => {
        text += each.kept;
        const edit = { at: at(text.length, each.taken.length), text: each.text };
        text += each.taken;
        return edit;
      });
      const shuffled = edits.map((edit) => ({ edit, by: random.next().value })).sort((a, b) => a.by - b.by);
      const edited = valueIn(
        replaceSpans(
          text + last,
          shuffled.map(({ edit }) => edit),
        ),
      );
      assert.equal(edited, parts.map((each) => each.kept + each.text).join('') + last);
    }),
  );
});
