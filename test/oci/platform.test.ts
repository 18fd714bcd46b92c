import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  type Platform,
  parsePlatform,
  parsePlatforms,
  samePlatform,
} from '../../src/oci/platform.ts';

const linux = (architecture: string, variant?: string): Platform => ({
  os: 'linux',
  architecture,
  ...(variant !== undefined && { variant }),
});

const good: [text: string, want: Platform, formatted: string][] = [
  ['linux/amd64', linux('amd64'), 'linux/amd64'],
  ['linux/x86_64', linux('amd64'), 'linux/amd64'],
  ['linux/amd64/v1', linux('amd64'), 'linux/amd64'],
  ['linux/amd64/v3', linux('amd64', 'v3'), 'linux/amd64/v3'],
  ['linux/aarch64', linux('arm64'), 'linux/arm64'],
  ['linux/arm64/v8', linux('arm64'), 'linux/arm64'],
  ['linux/arm64/8', linux('arm64'), 'linux/arm64'],
  ['linux/arm64/v8.0', linux('arm64'), 'linux/arm64'],
  ['linux/arm64/v8.2', linux('arm64', 'v8.2'), 'linux/arm64/v8.2'],
  ['linux/arm64/9.0', linux('arm64', 'v9'), 'linux/arm64/v9'],
  ['linux/arm', linux('arm', 'v7'), 'linux/arm/v7'],
  ['linux/arm/6', linux('arm', 'v6'), 'linux/arm/v6'],
  ['linux/armhf', linux('arm', 'v7'), 'linux/arm/v7'],
  ['linux/armel', linux('arm', 'v6'), 'linux/arm/v6'],
  ['LINUX/AMD64', linux('amd64'), 'linux/amd64'],
  ['linux/i386', linux('386'), 'linux/386'],
  ['arm64', linux('arm64'), 'linux/arm64'],
  [' linux/riscv64 ', linux('riscv64'), 'linux/riscv64'],
  ['macos/arm64', { os: 'darwin', architecture: 'arm64' }, 'darwin/arm64'],
];
for (const [text, want, formatted] of good) {
  test(`parsePlatform() understands ${text}`, () => {
    assert.deepEqual(parsePlatform(text), { ok: true, value: want });
    assert.equal(formatPlatform(want), formatted);
  });
}

const bad: [text: string, reason: string][] = [
  ['', 'platform-malformed'],
  ['/', 'platform-malformed'],
  ['linux/', 'platform-malformed'],
  ['linux/arm/v7/x', 'platform-malformed'],
  ['linux amd64', 'platform-malformed'],
  ['$TARGETPLATFORM', 'platform-malformed'],
  ['linux/amd46', 'platform-unknown'],
  ['linus/amd64', 'platform-unknown'],
  ['linux', 'platform-unknown'],
  ['unknown/unknown', 'platform-unknown'],
];
for (const [text, reason] of bad) {
  test(`parsePlatform() refuses ${JSON.stringify(text)}`, () => {
    const got = parsePlatform(text);
    assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), [reason]);
  });
}

test('parsePlatforms() keeps the order and drops what says the same again', () => {
  assert.deepEqual(parsePlatforms('linux/arm64, linux/amd64,linux/aarch64/v8,x86_64'), {
    ok: true,
    value: [linux('arm64'), linux('amd64')],
  });
});

test('parsePlatforms() reports every malformed entry, empty ones too', () => {
  const got = parsePlatforms('linux/amd64,,linux/amd46');
  assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), [
    'platform-malformed',
    'platform-unknown',
  ]);
  const empty = parsePlatforms('');
  assert.deepEqual(empty.ok ? empty : empty.failure.map((failure) => failure.reason), ['platform-malformed']);
});

test('parsePlatforms() refuses platforms that nothing can be built for', () => {
  for (const text of ['windows/amd64', 'linux/arm64, Windows/AMD64', 'macos/arm64']) {
    const got = parsePlatforms(text);
    assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), ['platform-unsupported'], text);
  }
});

test('normalizePlatform() keeps what else a platform says', () => {
  assert.deepEqual(normalizePlatform({ os: 'windows', architecture: 'x86_64', 'os.version': '10.0' } as Platform), {
    os: 'windows',
    architecture: 'amd64',
    'os.version': '10.0',
  });
});

test('samePlatform() compares what is meant', () => {
  assert.equal(samePlatform(linux('arm64', 'v8'), linux('aarch64')), true);
  assert.equal(samePlatform(linux('arm'), linux('arm', 'v7')), true);
  assert.equal(samePlatform(linux('arm', 'v6'), linux('arm', 'v7')), false);
});

const hosts: [arch: string, want: string][] = [
  ['x64', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['arm', 'linux/arm/v7'],
  ['ia32', 'linux/386'],
  ['ppc64', 'linux/ppc64le'],
  ['riscv64', 'linux/riscv64'],
  ['s390x', 'linux/s390x'],
];
for (const [arch, want] of hosts) {
  test(`hostPlatform() of ${arch} is ${want}`, () => assert.equal(formatPlatform(hostPlatform(arch)), want));
}
