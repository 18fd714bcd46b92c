import assert from 'node:assert/strict';
import test from 'node:test';
import { suggestionFor } from '../../src/dockerfile/suggestion.ts';

const keywords = ['ADD', 'COPY', 'RUN', 'FROM', 'ENTRYPOINT', 'HEALTHCHECK'];
const cases: [word: string, want: string | undefined][] = [
  ['RNU', 'RUN'],
  ['runn', 'RUN'],
  ['FORM', 'FROM'],
  ['CPOY', 'COPY'],
  ['COPPY', 'COPY'],
  ['ENTRYPIONT', 'ENTRYPOINT'],
  ['HEALTCHECKS', 'HEALTHCHECK'],
  ['BANANA', undefined],
  ['X', undefined],
  ['', undefined],
];
for (const [word, want] of cases) {
  test(`suggestionFor() ${JSON.stringify(word)} is ${want ?? 'nothing'}`, () => {
    assert.equal(suggestionFor(word, keywords), want);
  });
}
