import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalText } from '../../src/oci/canonical.ts';

for (const [title, value, want] of [
  ['nothing', undefined, '-'],
  ['text, its length in bytes', 'é', 's2:é'],
  ['a list', ['a', undefined, []], 'l3:s1:a-l0:'],
  ['an object, by its names', { b: 'x', a: ['y'] }, 'o2:s1:al1:s1:ys1:bs1:x'],
  ['an object without what is undefined', { a: undefined }, 'o0:'],
  ['numbers, truth and null', [1, true, null], 'l3:j1:1j4:truej4:null'],
] as const) {
  test(`canonicalText() of ${title}`, () => assert.equal(canonicalText(value), want));
}

for (const [title, one, other] of [
  ['a text and the form of another', 's1:a', 'a'],
  ['one text and two', ['ab'], ['a', 'b']],
  ['a number and its text', 1, '1'],
  ['null and nothing', [null], [undefined]],
  ['a list and an object of its places', ['a'], { 0: 'a' }],
] as const) {
  test(`canonicalText() tells ${title} apart`, () => assert.notEqual(canonicalText(one), canonicalText(other)));
}
