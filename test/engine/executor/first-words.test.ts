import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstWords } from '../../../src/engine/executor/first-words.ts';

type Said = [stream: 'stdout' | 'stderr', text: string][];

const cases: [title: string, said: Said, heard: Said, complaint: string | undefined][] = [
  [
    'output goes through at once',
    [
      ['stdout', 'a'],
      ['stderr', 'b'],
    ],
    [
      ['stdout', 'a'],
      ['stderr', 'b'],
    ],
    undefined,
  ],
  [
    'a complaint is kept back, in how many pieces it may come',
    [
      ['stderr', 'unsh'],
      ['stderr', 'are: failed to execute x'],
      ['stderr', ': No such file\n'],
    ],
    [],
    'failed to execute x: No such file',
  ],
  [
    'a second line shows that it was output',
    [
      ['stderr', 'unshare: a\n'],
      ['stderr', 'b\n'],
    ],
    [
      ['stderr', 'unshare: a\n'],
      ['stderr', 'b\n'],
    ],
    undefined,
  ],
  [
    'so does anything on the other stream',
    [
      ['stderr', 'unshare: a\n'],
      ['stdout', 'b\n'],
    ],
    [
      ['stderr', 'unshare: a\n'],
      ['stdout', 'b\n'],
    ],
    undefined,
  ],
  [
    'only what comes first can be one',
    [
      ['stdout', 'b\n'],
      ['stderr', 'unshare: a\n'],
    ],
    [
      ['stdout', 'b\n'],
      ['stderr', 'unshare: a\n'],
    ],
    undefined,
  ],
  ['what only begins like one', [['stderr', 'unshared\n']], [['stderr', 'unshared\n']], undefined],
];
for (const [title, said, heard, complaint] of cases) {
  test(`FirstWords: ${title}`, () => {
    const got: Said = [];
    const words = new FirstWords((stream, text) => got.push([stream, text]));
    for (const [stream, text] of said) words.say(stream, text);
    assert.deepEqual([got, words.end()], [heard, complaint]);
  });
}

test('FirstWords: release() gives out what was kept back', () => {
  const got: Said = [];
  const words = new FirstWords((stream, text) => got.push([stream, text]));
  words.say('stderr', 'unshare: a\n');
  words.release();
  words.say('stderr', 'setpriv: b\n');
  assert.deepEqual(got, [
    ['stderr', 'unshare: a\n'],
    ['stderr', 'setpriv: b\n'],
  ]);
});
