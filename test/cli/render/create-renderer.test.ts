import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProgressMode, progressMode } from '../../../src/cli/render/create-renderer.ts';

type Options = Parameters<typeof progressMode>[0];
const auto: Options = { progress: 'auto', quiet: false, verbose: 0 };
const cases: [title: string, options: Options, env: Record<string, string>, isTerminal: boolean, want: ProgressMode][] =
  [
    ['a terminal', auto, { TERM: 'xterm' }, true, 'tty'],
    ['a pipe', auto, { TERM: 'xterm' }, false, 'plain'],
    ['a dumb terminal', auto, { TERM: 'dumb' }, true, 'plain'],
    ['CI with a terminal', auto, { CI: 'true' }, true, 'plain'],
    ['an empty CI says nothing', auto, { CI: '' }, true, 'tty'],
    ['steps in full', { ...auto, verbose: 1 }, {}, true, 'plain'],
    ['as asked for, though in a pipe', { ...auto, progress: 'tty' }, { CI: '1' }, false, 'tty'],
    ['json', { ...auto, progress: 'json' }, {}, true, 'json'],
    ['-q beats what is asked for', { ...auto, progress: 'json', quiet: true }, {}, true, 'quiet'],
  ];
for (const [title, options, env, isTerminal, want] of cases) {
  test(`progressMode() ${title}: ${want}`, () => assert.equal(progressMode(options, env, isTerminal), want));
}
