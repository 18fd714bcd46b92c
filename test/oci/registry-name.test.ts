import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRegistry, parseRegistry, type RegistryName } from '../../src/oci/registry-name.ts';

const good: [text: string, want: RegistryName, formatted: string][] = [
  ['localhost:5000', { host: 'localhost:5000', path: '' }, 'localhost:5000'],
  ['localhost:5000/', { host: 'localhost:5000', path: '' }, 'localhost:5000'],
  ['http://localhost:5000//', { host: 'localhost:5000', path: '', scheme: 'http' }, 'localhost:5000'],
  ['HTTPS://ghcr.io/owner', { host: 'ghcr.io', path: 'owner', scheme: 'https' }, 'ghcr.io/owner'],
  [
    'gitlab.example.com/group/project',
    { host: 'gitlab.example.com', path: 'group/project' },
    'gitlab.example.com/group/project',
  ],
  ['gitlab.example.com:5050/a/b/', { host: 'gitlab.example.com:5050', path: 'a/b' }, 'gitlab.example.com:5050/a/b'],
  ['docker.io/somebody', { host: 'docker.io', path: 'somebody' }, 'docker.io/somebody'],
  ['[::1]:5000', { host: '[::1]:5000', path: '' }, '[::1]:5000'],
  ['127.0.0.1:5000', { host: '127.0.0.1:5000', path: '' }, '127.0.0.1:5000'],
];
for (const [text, want, formatted] of good) {
  test(`parseRegistry() understands ${text}`, () => {
    assert.deepEqual(parseRegistry(text), { ok: true, value: want });
    assert.equal(formatRegistry(want), formatted);
  });
}

const bad: [title: string, text: string, reason: string][] = [
  ['nothing', '', 'registry-empty'],
  ['a scheme alone', 'https://', 'registry-empty'],
  ['slashes alone', '//', 'registry-empty'],
  ['another scheme', 'ftp://host.example', 'registry-scheme-unsupported'],
  ['a namespace of the hub', 'somebody', 'registry-host-ambiguous'],
  ['a namespace of the hub with a path', 'somebody/project', 'registry-host-ambiguous'],
  ['upper case in the path', 'ghcr.io/Owner', 'registry-malformed'],
  ['an empty component', 'ghcr.io//owner', 'registry-malformed'],
  ['a port that is no number', 'localhost:http', 'registry-malformed'],
  ['credentials', 'user:password@host.example', 'registry-malformed'],
  ['a tag', 'ghcr.io/owner/image:1', 'registry-malformed'],
  ['a query', 'ghcr.io/?a=b', 'registry-malformed'],
  ['blanks', ' localhost:5000', 'registry-malformed'],
];
for (const [title, text, reason] of bad) {
  test(`parseRegistry() refuses ${title}: ${JSON.stringify(text)}`, () => {
    const got = parseRegistry(text);
    assert.deepEqual(got.ok ? got : got.failure.map((failure) => failure.reason), [reason]);
  });
}
