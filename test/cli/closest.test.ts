import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from '../../src/cli/closest.ts';

const words = ['build', 'publish', 'publish-locally', 'plan', 'graph'];
const cases: [title: string, word: string, want: string | undefined][] = [
  ['swapped letters', 'biuld', 'build'],
  ['a letter too many', 'buildd', 'build'],
  ['a letter too few', 'publsh', 'publish'],
  ['another letter', 'grapf', 'graph'],
  ['other case', 'BUILT', 'build'],
  ['the nearest of several', 'publish-localy', 'publish-locally'],
  ['nothing near', 'frobnicate', undefined],
  ['nothing typed', '', undefined],
];
for (const [title, word, want] of cases) {
  test(`closest() ${title}: ${word}`, () => assert.equal(closest(word, words), want));
}
