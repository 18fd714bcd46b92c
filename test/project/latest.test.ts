import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movesLatest, ownerOfLatest } from '../../src/project/latest.ts';

const cases: [title: string, version: string, existing: readonly string[], want: boolean][] = [
  ['the first version', '1.0.0', [], true],
  ['its own version again', '1.0.0', ['1.0.0', 'latest'], true],
  ['a newer version', '1.10.0', ['1.9.0'], true],
  ['an older version', '1.9.0', ['1.10.0'], false],
  ['a prerelease', '2.0.0-rc.1', ['1.0.0'], false],
  ['a release before which a prerelease of a later one came', '1.0.0', ['2.0.0-rc.1'], true],
  ['a version of two numbers', '1.3', ['1.2'], true],
  ['an older date', '2026.01', ['2026.11'], false],
  ['tags that are no versions', '1.0.0', ['edge', 'sha-123abc', 'v9-old'], true],
  ['the number of a build', '1.1.0', ['20240101', '1.0.0'], true],
  ['numbers alone, where versions are such', '7', ['8'], false],
];
for (const [title, version, existing, want] of cases) {
  test(`movesLatest() is ${want} for ${title}`, () => assert.equal(movesLatest(version, existing), want));
}

const owners: [title: string, version: string, existing: readonly string[], want: string | undefined][] = [
  ['nobody where a prerelease is published', '2.0.0-rc.1', ['1.0.0'], undefined],
  ['the newest release', '1.0.0', ['1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1', 'latest'], '1.10.0'],
  ['the newest of a form of its own', '7-slim', ['8-slim', '9-fat', 'edge'], '8-slim'],
  ['a name that counts nothing', 'bookworm', ['trixie'], 'bookworm'],
];
for (const [title, version, existing, want] of owners) {
  test(`latest belongs to ${title}`, () => assert.equal(ownerOfLatest(version, existing), want));
}
