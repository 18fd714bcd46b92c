import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeHistory } from '../../../src/engine/exporter/history.ts';

// Letters are entries; those in capitals are empty. `+` is an entry that was missing.
const cases: [title: string, history: string, layers: number, want: string][] = [
  ['as many as there are layers', 'aBc', 2, 'aBc'],
  ['too many: the last become empty', 'aBcde', 2, 'aBcDE'],
  ['none is left of too many', 'ab', 0, 'AB'],
  ['too few: the missing stand at the end', 'aB', 3, 'aB++'],
  ['none at all', '', 2, '++'],
  ['neither entries nor layers', '', 0, ''],
];
for (const [title, history, layers, want] of cases) {
  test(`completeHistory(): ${title}`, () => {
    const entries = [...history].map((letter) => ({
      created_by: letter.toLowerCase(),
      ...(letter === letter.toLowerCase() ? {} : { empty_layer: true }),
    }));
    const shown = completeHistory(entries, layers).map(({ created_by = '', empty_layer }) => {
      if (created_by.length > 1) return '+';
      return empty_layer === true ? created_by.toUpperCase() : created_by;
    });
    assert.equal(shown.join(''), want);
  });
}
