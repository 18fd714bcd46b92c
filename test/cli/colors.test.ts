import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorsFor } from '../../src/cli/colors.ts';

type Choice = Parameters<typeof colorsFor>[0];
const cases: [title: string, choice: Choice, env: Record<string, string>, isTerminal: boolean, want: boolean][] = [
  ['a terminal', 'auto', {}, true, true],
  ['a pipe', 'auto', {}, false, false],
  ['a dumb terminal', 'auto', { TERM: 'dumb' }, true, false],
  ['NO_COLOR', 'auto', { NO_COLOR: '1' }, true, false],
  ['an empty NO_COLOR says nothing', 'auto', { NO_COLOR: '' }, true, true],
  ['FORCE_COLOR', 'auto', { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0', 'auto', { FORCE_COLOR: '0' }, false, false],
  ['CLICOLOR_FORCE', 'auto', { CLICOLOR_FORCE: '1' }, false, true],
  ['always', 'always', {}, false, true],
  ['never', 'never', {}, true, false],
  ['never beats FORCE_COLOR', 'never', { FORCE_COLOR: '1' }, true, false],
  ['NO_COLOR beats FORCE_COLOR and always', 'always', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
];
for (const [title, choice, env, isTerminal, want] of cases) {
  test(`colorsFor() ${title}`, () => assert.equal(colorsFor(choice, env, isTerminal).level > 0, want));
}
