import { parsePlatforms } from '../../../src/oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '../../../src/oci/reference.ts';
import { parseRegistry } from '../../../src/oci/registry-name.ts';
import { pumped } from '../generators.ts';
import { target } from '../target.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const reference = target({
  name: 'reference',
  input: pumped([
    'a',
    'b1',
    'A',
    '-',
    '_',
    '__',
    '.',
    '/',
    ':',
    '@',
    '5000',
    'localhost',
    '[::1]',
    'sha256:',
    digest,
    'é',
  ]),
  run: (text: string) => {
    const parsed = parseReference(text);
    return parsed.ok ? [formatReference(parsed.value), familiarReference(parsed.value)] : parsed;
  },
  rows: [
    { title: 'a tag and a digest', input: () => `localhost:5000/a/b:1.0.0@${digest}`, want: 'value' },
    { title: 'nothing', input: () => '', want: ['reference-empty'] },
    { title: '64 KiB of dashes in a name', input: () => `a${'-'.repeat(65_000)}!`, want: ['reference-malformed'] },
    { title: '64 KiB of dashes in a host', input: () => `a${'-'.repeat(65_000)}:1/a`, want: ['reference-malformed'] },
    { title: '64 KiB of components', input: () => `${'a/'.repeat(32_000)}!`, want: ['reference-malformed'] },
    { title: '64 KiB of dots in a host', input: () => `${'a.'.repeat(32_000)}!/a`, want: ['reference-malformed'] },
    { title: '64 KiB of letters', input: () => 'a'.repeat(64_000), want: ['reference-too-long'] },
    { title: '64 KiB of capital letters', input: () => 'A'.repeat(64_000), want: ['reference-upper-case'] },
    { title: 'a digest of 64 KiB', input: () => `a@sha256:${'a'.repeat(64_000)}`, want: ['digest-invalid'] },
    {
      title: 'a digest of an algorithm of 64 KiB',
      input: () => `a@${'a-'.repeat(32_000)}a:${'a'.repeat(64)}`,
      want: ['digest-unsupported'],
    },
  ],
});

export const registryName = target({
  name: 'registry-name',
  input: pumped([
    'a',
    'A',
    '-',
    '.',
    '/',
    ':',
    '5000',
    'localhost',
    '[::1]',
    'http://',
    'https://',
    '@',
    '_',
    'é',
    ' ',
  ]),
  run: parseRegistry,
  rows: [
    { title: 'a host, a port and a path', input: () => 'https://localhost:5000/a/b', want: 'value' },
    { title: '64 KiB of slashes', input: () => '/'.repeat(64_000), want: ['registry-empty'] },
    {
      title: '64 KiB of slashes and a letter',
      input: () => `a${'/'.repeat(64_000)}a`,
      want: ['registry-host-ambiguous'],
    },
    { title: '64 KiB of a scheme', input: () => `${'a'.repeat(64_000)}://b`, want: ['registry-scheme-unsupported'] },
    { title: '64 KiB of dots', input: () => `${'a.'.repeat(32_000)}`, want: ['registry-malformed'] },
    { title: '64 KiB of dashes', input: () => `a${'-'.repeat(64_000)}/`, want: ['registry-malformed'] },
  ],
});

export const platform = target({
  name: 'platform',
  input: pumped([
    'linux',
    'amd64',
    'arm',
    'arm64',
    'v8',
    'v7',
    '8.0',
    '/',
    ',',
    'constructor',
    '__proto__',
    'a',
    '.',
    ' ',
    'é',
  ]),
  run: parsePlatforms,
  slice: 600,
  rows: [
    { title: 'two of them', input: () => 'linux/amd64,linux/arm/v7', want: 'value' },
    { title: 'an architecture that every object has', input: () => 'linux/constructor', want: ['platform-unknown'] },
    { title: 'another one', input: () => '__proto__', want: ['platform-unknown'] },
    { title: 'an operating system that every object has', input: () => 'toString/amd64', want: ['platform-unknown'] },
    { title: '64 KiB of slashes', input: () => '/'.repeat(64_000), want: ['platform-malformed'] },
    { title: '64 KiB of commas', input: () => ','.repeat(64_000), want: ['platform-malformed'] },
    { title: '6,000 of them', input: () => 'linux/386,'.repeat(6000).slice(0, -1), want: 'value' },
    { title: 'a variant of 64 KiB', input: () => `linux/arm/${'v'.repeat(64_000)}`, want: 'value' },
  ],
});
