import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pin, pinOf } from '../../src/project/pin.ts';

const version = (text: string, suffix = ''): Pin => ({ kind: 'version', version: text, suffix });
const unknown = (text: string, suffix: string): Pin => ({ kind: 'unknown', version: text, suffix });
const floating: Pin = { kind: 'floating' };

const cases: [title: string, tag: string | undefined, current: string, variants: string[], want: Pin][] = [
  ['the current version', '1.0.0', '1.0.0', [], version('1.0.0')],
  ['another version', '0.9.0', '1.0.0', [], version('0.9.0')],
  ['no tag', undefined, '1.0.0', [], floating],
  ['latest', 'latest', '1.0.0', [], floating],
  ['a word', 'stable', '1.0.0', [], floating],
  ['a major (Q66)', '1', '1.0.0', [], floating],
  ['a minor (Q66)', '1.2', '1.0.0', [], floating],
  ['a floating variant', '1.2-slim', '1.0.0', ['slim'], floating],
  ['a prerelease (Q71)', '1.0.1-rc.1', '1.0.1', [], version('1.0.1-rc.1')],
  ['a prerelease without a dot', '1.0.1-rc1', '1.0.1', [], version('1.0.1-rc1')],
  ['a numbered prerelease', '1.0.1-0', '1.0.1', [], version('1.0.1-0')],
  ['a prerelease such as the current one', '1.0.1-wip.1', '1.0.1-wip.2', [], version('1.0.1-wip.1')],
  ['a declared variant (Q69)', '1.0.0-slim', '1.0.1', ['slim'], version('1.0.0', '-slim')],
  ['the longest variant', '1.0.0-slim-arm', '1.0.1', ['arm', 'slim-arm'], version('1.0.0', '-slim-arm')],
  ['a variant of a prerelease', '1.0.0-rc.1-slim', '1.0.0', ['slim'], version('1.0.0-rc.1', '-slim')],
  ['an undeclared variant (Q69)', '1.0.0-slim', '1.0.1', [], unknown('1.0.0', '-slim')],
  ['an undeclared variant of the current version', '1.0.1-slim', '1.0.1', [], unknown('1.0.1', '-slim')],
  ['an undeclared variant behind a declared one', '1.0.0-x-slim', '1.0.1', ['slim'], unknown('1.0.0', '-x-slim')],
  ['a word that only begins like a prerelease', '1.0.0-alpine', '1.0.1', [], unknown('1.0.0', '-alpine')],
  ['the own suffix of the image', '1.0.0-slim', '1.0.0-slim', [], version('1.0.0-slim')],
  ['an older one with that suffix', '1.0.0-slim', '1.0.1-slim', [], version('1.0.0-slim')],
  ['two components where the image has two (Q72)', '1.2', '1.3', [], version('1.2')],
  ['one component where the image has two', '1', '1.3', [], floating],
  ['four components', '1.2.3.09', '1.2.3.10', [], version('1.2.3.09')],
  ['a date', '2024-05-01', '2024-05-02', [], version('2024-05-01')],
  ['a word with a number', 'build7', 'build8', [], version('build7')],
];
for (const [title, tag, current, variants, want] of cases) {
  test(`pinOf() ${title}: ${tag} of ${current}`, () =>
    assert.deepEqual(pinOf(tag, undefined, { version: current, variants }), want));
}

test('pinOf() a digest alone names no version', () =>
  assert.deepEqual(pinOf(undefined, 'sha256:00', { version: '1.0.0', variants: [] }), { kind: 'digest' }));
