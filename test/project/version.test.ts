import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bumpVersion, compareVersions, isLegalTag, isNewer, parseSemver } from '../../src/project/version.ts';

const bumps: [title: string, version: string, level: 'patch' | 'minor' | 'major', want: string | undefined][] = [
  ['raises the patch', '1.2.3', 'patch', '1.2.4'],
  ['raises the minor', '1.2.3', 'minor', '1.3.0'],
  ['raises the major', '1.2.3', 'major', '2.0.0'],
  ['counts a prerelease on', '1.0.0-rc.1', 'patch', '1.0.0-rc.2'],
  ['counts a prerelease on at every level', '1.0.0-rc.1', 'major', '1.0.0-rc.2'],
  ['counts a prerelease without a dot on', '1.0.0-rc1', 'patch', '1.0.0-rc2'],
  ['keeps the order of prereleases without a dot', '1.0.0-rc9', 'patch', '1.0.0-rc9.1'],
  ['raises the patch where a suffix does not count', '1.0.0-slim', 'patch', '1.0.1-slim'],
  ['raises two components', '1.2', 'patch', '1.3'],
  ['raises two components whatever the level', '1.2', 'major', '1.3'],
  ['keeps the width of a number', '1.2.3.09', 'patch', '1.2.3.10'],
  ['raises one number', '41', 'patch', '42'],
  ['raises a date', '2024.05.09', 'patch', '2024.05.10'],
  ['raises the number before a suffix', '7-slim', 'patch', '8-slim'],
  ['takes a v for a part of the tag', 'v1.2.3', 'patch', 'v1.2.4'],
  ['carries over', '9', 'patch', '10'],
  ['finds no number', 'stable', 'patch', undefined],
  ['does not outgrow a tag', '9'.repeat(128), 'patch', undefined],
];
for (const [title, version, level, want] of bumps) {
  test(`bumpVersion() ${title}: ${version.slice(0, 20)} by ${level}`, () =>
    assert.equal(bumpVersion(version, level), want));
}

const orders: [older: string, newer: string][] = [
  ['1.0.0', '1.0.1'],
  ['1.9.0', '1.10.0'],
  ['1.0.0-rc.1', '1.0.0'],
  ['1.0.0-rc.2', '1.0.0-rc.10'],
  ['1.0.0-alpha', '1.0.0-rc.1'],
  ['1.9', '1.10'],
  ['1.2', '1.2.1'],
  ['2024.05.09', '2024.05.10'],
  ['20240509235959999999', '20240510000000000000'],
  ['v1.9.0', 'v1.10.0'],
];
for (const [older, newer] of orders) {
  test(`isNewer() ${newer} is newer than ${older}`, () => {
    assert.equal(isNewer(newer, older), true);
    assert.equal(isNewer(older, newer), false);
  });
}

test('compareVersions() takes leading zeros for nothing', () =>
  assert.equal(compareVersions('1.2.3.09', '1.2.3.9'), 0));

test('parseSemver() takes exactly major.minor.patch[-prerelease]', () => {
  const versions = ['1.2.3', '1.2.3-rc.1', 'v1.2.3', '=1.2.3', ' 1.2.3', '1.2', '01.2.3', '1.2.3+build', 'latest'];
  assert.deepEqual(
    versions.filter((version) => parseSemver(version) !== undefined),
    ['1.2.3', '1.2.3-rc.1'],
  );
});

test('isLegalTag() follows the distribution specification', () => {
  const legal = ['1.0.0', '_1', 'A-b.c_d', 'x'.repeat(128)];
  const illegal = ['', '.1', '-1', '1.0.0+x', 'a b', 'a/b', 'a:b', 'ü', 'x'.repeat(129), '1.0.0\n'];
  assert.deepEqual([...legal, ...illegal].filter(isLegalTag), legal);
});

test('bumpVersion() always gives a newer version that is a tag', () => {
  const part = fc.stringMatching(/^(?:0|[1-9]\d{0,3}|rc\d{0,2}|alpha|slim|v)$/);
  const version = fc.tuple(fc.nat(99), fc.array(fc.tuple(fc.constantFrom('.', '-', '_'), part), { maxLength: 5 }));
  fc.assert(
    fc.property(
      version,
      fc.constantFrom('patch' as const, 'minor' as const, 'major' as const),
      ([first, rest], level) => {
        const text = `${first}${rest.flat().join('')}`;
        const next = bumpVersion(text, level);
        assert.ok(next !== undefined && isLegalTag(next) && isNewer(next, text), `${text} → ${next}`);
      },
    ),
    { numRuns: 2000 },
  );
});
