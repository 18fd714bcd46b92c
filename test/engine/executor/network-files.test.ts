import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, resolvConf } from '../../../src/engine/executor/network-files.ts';

const upstream = 'nameserver 192.0.2.1\nsearch example.org\n';
const cases: [title: string, own: string, up: string | undefined, network: 'host' | 'none', want: string][] = [
  [
    'as it is',
    '# me\nnameserver 192.0.2.9\noptions edns0\n',
    upstream,
    'host',
    '# me\nnameserver 192.0.2.9\noptions edns0\n',
  ],
  ["systemd's own server gives way to those behind it", 'nameserver 127.0.0.53\n', upstream, 'host', upstream],
  [
    "systemd's own server stays if nothing is known of others",
    'nameserver 127.0.0.53\n',
    undefined,
    'host',
    'nameserver 127.0.0.53\n',
  ],
  [
    'another on loopback is reachable with the network of the machine',
    'nameserver 127.0.0.1\n',
    upstream,
    'host',
    'nameserver 127.0.0.1\n',
  ],
  [
    'and is not with a network of its own',
    'nameserver 127.0.0.1\nnameserver ::1\nnameserver 192.0.2.9\nsearch a\n',
    undefined,
    'none',
    'nameserver 192.0.2.9\nsearch a\n',
  ],
  ['no file', '', undefined, 'host', ''],
];
for (const [title, own, up, network, want] of cases) {
  test(`resolvConf() ${title}`, () => assert.equal(resolvConf(own, up, network), want));
}

test('hostsFile() knows the process itself', () => {
  assert.equal(hostsFile('box'), '127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n');
});
