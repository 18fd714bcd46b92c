import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { isAttestation, platformRank, selectPlatform } from '../../src/oci/platform-match.ts';

/** As an index has it: spelled as somebody spelled it. */
function entry(platform: string | undefined, annotations?: Record<string, string>): Descriptor {
  return {
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(JSON.stringify([platform, annotations])),
    size: 1,
    ...(platform !== undefined && { platform: of(platform) }),
    ...(annotations !== undefined && { annotations }),
  };
}
function of(text: string): Platform {
  const [os, architecture, variant] = text.split('/');
  return { os: os!, architecture: architecture!, ...(variant !== undefined && { variant }) };
}

const attestation = entry('unknown/unknown', { 'vnd.docker.reference.type': 'attestation-manifest' });
const disguised = entry('linux/amd64', { 'vnd.docker.reference.type': 'attestation-manifest' });

const cases: [title: string, wanted: string, listed: string[], want: string | undefined][] = [
  ['the platform itself', 'linux/arm64', ['linux/amd64', 'linux/arm64'], 'linux/arm64'],
  ['the best and not the first', 'linux/amd64', ['linux/386', 'linux/amd64'], 'linux/amd64'],
  ['386 where there is no better', 'linux/amd64', ['linux/arm64', 'linux/386'], 'linux/386'],
  ['no amd64 on 386', 'linux/386', ['linux/amd64'], undefined],
  [
    'the highest level that the machine has',
    'linux/amd64/v3',
    ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'],
    'linux/amd64/v2',
  ],
  ['the plain one for a plain machine', 'linux/amd64', ['linux/amd64/v2', 'linux/amd64/v1'], 'linux/amd64/v1'],
  ['lower versions of arm', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v8'], 'linux/arm/v6'],
  ['32 bits on arm64 where there is no better', 'linux/arm64', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['arm64 before arm/v8', 'linux/arm64', ['linux/arm/v8', 'linux/arm64/v8'], 'linux/arm64/v8'],
  ['8.0 for 8.2', 'linux/arm64/v8.2', ['linux/arm64/v8.3', 'linux/arm64'], 'linux/arm64'],
  ['8.5 for 9', 'linux/arm64/v9', ['linux/arm64/v8.4', 'linux/arm64/v8.5', 'linux/arm64/v8.6'], 'linux/arm64/v8.5'],
  ['other spellings', 'linux/amd64', ['linux/aarch64', 'Linux/x86_64'], 'Linux/x86_64'],
  ['no other system', 'linux/amd64', ['windows/amd64', 'darwin/amd64'], undefined],
  ['architectures without versions', 'linux/s390x', ['linux/amd64', 'linux/s390x'], 'linux/s390x'],
  ['nothing of nothing', 'linux/amd64', [], undefined],
];
for (const [title, wanted, listed, want] of cases) {
  test(`selectPlatform() takes ${title}: ${wanted} of ${listed.join(' ')}`, () => {
    const entries = listed.map((platform) => entry(platform));
    const got = selectPlatform([attestation, disguised, ...entries], of(wanted));
    assert.deepEqual(got, want === undefined ? undefined : entry(want));
  });
}

test('selectPlatform() takes the first of equals', () => {
  const [first, second] = [entry('linux/arm64'), entry('linux/arm64/v8')];
  assert.equal(selectPlatform([first, second], of('linux/arm64')), first);
});

test('selectPlatform() takes the only image of an index that names no platforms, and none of several', () => {
  const plain = entry(undefined);
  assert.equal(selectPlatform([plain, attestation], of('linux/arm64')), plain);
  assert.equal(selectPlatform([plain, entry(undefined, { other: '1' })], of('linux/arm64')), undefined);
});

test('platformRank() is 0 for the same, greater for worse, undefined for what does not run', () => {
  assert.equal(platformRank(of('linux/amd64'), of('linux/x86_64')), 0);
  assert.equal(platformRank(of('linux/amd64'), of('linux/386')), 1);
  assert.equal(platformRank(of('linux/amd64'), of('linux/arm64')), undefined);
});

test('isAttestation() knows the mark of BuildKit and the platform that is none', () => {
  assert.equal(isAttestation(attestation), true);
  assert.equal(isAttestation(disguised), true);
  assert.equal(isAttestation(entry('unknown/unknown')), true);
  assert.equal(isAttestation(entry('linux/amd64')), false);
});
