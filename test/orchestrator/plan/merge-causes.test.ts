import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergedCauses } from '../../../src/orchestrator/plan/merge-causes.ts';
import type { WhyCause } from '../../../src/orchestrator/plan/why-cause.ts';
import { describeTold } from '../../../src/orchestrator/plan/why-words.ts';

const at = (file: string) => ({ file, line: 1, text: 'FROM debian:12' });
const file: WhyCause = { reason: 'file-added', path: 'contexts/lib/a' };
const moved = (where?: string): WhyCause => ({
  reason: 'base-moved',
  reference: 'debian:12',
  before: `sha256:${'1'.repeat(64)}`,
  after: `sha256:${'2'.repeat(64)}`,
  ...(where !== undefined && { at: at(where) }),
});
const parent = (name: string, because?: WhyCause): WhyCause => ({
  reason: 'parent-changed',
  parent: name,
  ...(because && { because }),
});
const option: WhyCause = { reason: 'option-changed', name: '--squash', how: 'came' };
const base = 'base debian:12 moved from 111111111111 to 222222222222';
const both = ['linux/amd64', 'linux/arm64'];

/** Causes by platform, and what is told of them. */
const rows: readonly [title: string, causes: readonly (readonly WhyCause[])[], told: readonly string[]][] = [
  ['nothing', [[], []], []],
  ['one cause of both platforms', [[file], [file]], ['contexts/lib/a is new']],
  ['one of one platform', [[file], []], ['contexts/lib/a is new (linux/amd64 alone)']],
  [
    'one parent, of this platform and another',
    [
      [parent('lib', file), parent('lib (linux/arm64)', file)],
      [parent('lib', file), parent('lib (linux/arm64)', file)],
    ],
    ['parent lib changed: contexts/lib/a is new, also through parent lib (linux/arm64)'],
  ],
  [
    'several parents, for one reason',
    [[parent('lib', moved('lib')), parent('tool', moved('tool')), parent('other', parent('lib', moved('lib')))]],
    [`parent lib changed: ${base}, named by lib:1: FROM debian:12, also through parents tool, other`],
  ],
  [
    'the image itself, and a parent for the same reason',
    [[parent('lib', moved('lib')), moved('app')]],
    [`${base}, named by app:1: FROM debian:12, also through parent lib`],
  ],
  ['an option', [[option, parent('lib', option)]], ['option --squash is new, also through parent lib']],
  [
    'parents for reasons of their own',
    [[parent('lib', file), parent('tool')]],
    ['parent lib changed: contexts/lib/a is new', 'parent tool changed'],
  ],
  [
    'what differs between the platforms',
    [
      [file, option],
      [option, parent('lib')],
    ],
    ['contexts/lib/a is new (linux/amd64 alone)', 'option --squash is new', 'parent lib changed (linux/arm64 alone)'],
  ],
];
for (const [title, causes, told] of rows)
  test(`each cause is told once: ${title}`, () => {
    const byPlatform = new Map(causes.map((of, index) => [both[index]!, of]));
    assert.deepEqual(mergedCauses(byPlatform, causes.length).map(describeTold), told);
  });
