import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsFile, resolvConf, withShown } from '../../../src/engine/executor/network-files.ts';

const upstream = 'nameserver 192.0.2.1\nsearch example.org\n';
const cases: [
  title: string,
  own: string,
  up: string | undefined,
  network: 'host' | 'none' | 'private',
  want: string,
][] = [
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
  ['no file, and a private network', '', undefined, 'private', ''],
  [
    'a private network reaches servers of other machines',
    'nameserver 192.0.2.9\nnameserver 127.0.0.1\noptions edns0\n',
    undefined,
    'private',
    'nameserver 192.0.2.9\noptions edns0\n',
  ],
  [
    'a private network has a server of its own for those on loopback',
    'nameserver 127.0.0.1\nsearch a\n',
    undefined,
    'private',
    'nameserver 10.0.2.3\nsearch a\n',
  ],
  ['a private network has IPv4 only', 'nameserver 2001:db8::1\n', undefined, 'private', 'nameserver 10.0.2.3\n'],
  ["a private network and systemd's own server", 'nameserver 127.0.0.53\n', upstream, 'private', upstream],
];
for (const [title, own, up, network, want] of cases) {
  test(`resolvConf() ${title}`, () => assert.equal(resolvConf(own, up, network), want));
}

test('hostsFile() knows the process itself', () => {
  const own = { hostname: 'box' };
  const text = '127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n';
  assert.equal(hostsFile(own), text);
  assert.equal(hostsFile({ ...own, hosts: [{ name: 'db', ip: '192.0.2.7' }] }), `${text}192.0.2.7\tdb\n`);
});

const hidden: [target: string, want: readonly string[]][] = [
  ['/etc', []],
  ['/etc/', []],
  ['/x/../etc', []],
  ['/etc/hosts', ['/etc/resolv.conf']],
  ['/etc/deep', ['/etc/hosts', '/etc/resolv.conf']],
  ['/et', ['/etc/hosts', '/etc/resolv.conf']],
];
for (const [target, want] of hidden) {
  test(`withShown() leaves out what a mount hides: ${target}`, () => {
    const files = ['/etc/hosts', '/etc/resolv.conf'].map((path) => ({
      type: 'bind' as const,
      source: '/f',
      target: path,
      readonly: true,
    }));
    const mount = { type: 'tmpfs', target } as const;
    const shown = withShown(files, [mount]);
    assert.deepEqual(
      shown.map((one) => one.target),
      [...want, target],
    );
  });
}
