import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childVersion } from '../../src/project/child-version.ts';
import { type BumpLevel, isNewer } from '../../src/project/version.ts';

/** `before > after` of each parent. */
const cases: [title: string, version: string, parents: readonly string[], want: string, level?: BumpLevel][] = [
  ['a release from releases', '1.0.0', ['1.0.0 > 1.0.1'], '1.0.1'],
  ['a prerelease from a prerelease', '1.0.0', ['1.0.0 > 2.0.0-rc.1'], '1.0.1-rc.1'],
  ['a prerelease of the next minor', '1.0.0', ['1.0.0 > 2.0.0-rc.1'], '1.1.0-rc.1', 'minor'],
  ['a prerelease from one of several parents', '1.0.0', ['3.0.0 > 3.0.0', '1.0.0 > 2.0.0-beta.4'], '1.0.1-beta.1'],
  ['a prerelease from one without a dot', '1.0.0', ['1.0.0 > 2.0.0-rc1'], '1.0.1-rc.1'],
  ['a prerelease from a bare number', '1.0.0', ['1.0.0 > 2.0.0-3'], '1.0.1-1'],
  ['the next prerelease', '1.0.1-rc.1', ['2.0.0-rc.1 > 2.0.0-rc.2'], '1.0.1-rc.2'],
  ['the next one, whichever parent moves', '1.0.1-rc.9', ['2.0.0-rc.1 > 2.0.0-rc.1', '1.0.0 > 1.0.1'], '1.0.1-rc.10'],
  ['a later stage', '1.0.1-beta.3', ['2.0.0-beta.7 > 2.0.0-rc.1'], '1.0.1-rc.1'],
  [
    'its own stage, where that of the parent is an earlier one',
    '1.0.1-rc.3',
    ['2.0.0-rc.1 > 2.1.0-alpha.1'],
    '1.0.1-rc.4',
  ],
  ['the least finished stage of several', '1.0.0', ['1.0.0 > 2.0.0-rc.1', '1.0.0 > 2.0.0-beta.1'], '1.0.1-beta.1'],
  ['the release, with that of the parent', '1.0.1-rc.2', ['2.0.0-rc.2 > 2.0.0'], '1.0.1'],
  [
    'no release before the last parent has one',
    '1.0.1-rc.2',
    ['2.0.0-rc.2 > 2.0.0', '1.0.0-rc.1 > 1.0.0-rc.1'],
    '1.0.1-rc.3',
  ],
  ['a prerelease of its own, which its parents do not end', '1.0.1-rc.2', ['1.0.0 > 1.0.1'], '1.0.1-rc.3'],
  ['no prerelease from a suffix', '1.0.0', ['1.0.0-slim > 1.0.1-slim'], '1.0.1'],
  ['a suffix as it is', '1.0.0-slim', ['1.0.0 > 2.0.0-rc.1'], '1.0.1-slim'],
  ['a version of another form as it is', '1.2', ['1.0.0 > 2.0.0-rc.1'], '1.3'],
];
for (const [title, version, parents, want, level] of cases) {
  test(`childVersion() gives ${title}`, () => {
    const moved = parents.map((parent) => {
      const [before = '', after = ''] = parent.split(' > ');
      return { before, after };
    });
    assert.equal(childVersion(version, moved, level), want);
  });
}

test('childVersion() is always newer', () => {
  const part = fc.nat(12);
  const stage = fc.constantFrom('', '-rc.1', '-rc.9', '-beta.2', '-rc1', '-rc9', '-alpha', '-3', '-slim');
  const version = fc.tuple(part, part, part, stage).map(([a, b, c, suffix]) => `${a}.${b}.${c}${suffix}`);
  const parent = fc.record({ before: version, after: version });
  const level = fc.constantFrom<BumpLevel>('patch', 'minor', 'major');
  fc.assert(
    fc.property(version, fc.array(parent, { maxLength: 3 }), level, (own, parents, how) => {
      const next = childVersion(own, parents, how);
      assert.ok(next !== undefined && isNewer(next, own), `${own} → ${next}`);
    }),
  );
});
