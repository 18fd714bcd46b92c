/** What steps may not do: which lack a failed command is told of, and who may ping. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdRange } from '../../../src/engine/executor/id-map.ts';
import {
  farOwners,
  fewOwners,
  lackOf,
  noDevices,
  noPing,
  noProc,
  noRawSockets,
  noSetUserId,
} from '../../../src/engine/executor/lack.ts';
import { pingGroups } from '../../../src/engine/executor/ping.ts';

const all = [noDevices(), noPing('private'), noRawSockets(), fewOwners(), noProc(), noSetUserId()];

const commands: readonly [command: string, lack: string | undefined][] = [
  ['mknod /dev/x c 1 3', 'devices by mknod'],
  ['/bin/sh -c cd /dev && /bin/mknod x c 1 3', 'devices by mknod'],
  ['/bin/sh -c x=$(mknod x b 7 0)', 'devices by mknod'],
  ['/bin/sh -c cd /dev; ./MAKEDEV null', 'devices by MAKEDEV'],
  ['/bin/sh -c set -e\ndebootstrap sid /root', 'devices by debootstrap'],
  ['/bin/sh -c ping -c 1 127.0.0.1', 'ping by ping'],
  ['/bin/sh -c tcpdump -i lo', 'raw-sockets by tcpdump'],
  ['/bin/sh -c chown -R 70000 /srv', 'owners by chown'],
  ['/bin/sh -c ps aux | grep x', 'proc by ps'],
  ['/bin/sh -c sudo make', 'set-user-id by sudo'],
  ['/bin/sh -c make', undefined],
  // Only whole words are programs.
  ['/bin/sh -c echo pinging remknod mknod2 x-mknod', undefined],
  ['', undefined],
];
for (const [command, want] of commands) {
  test(`lackOf() for ${JSON.stringify(command)}: ${want}`, () => {
    const lack = lackOf(command, all);
    assert.equal(lack && `${lack.id} by ${lack.program}`, want);
  });
}

test('lackOf() says nothing of what steps do not lack', () => {
  assert.equal(lackOf('mknod x c 1 3', [noRawSockets(), noProc()]), undefined);
  assert.equal(lackOf('ping -c 1 127.0.0.1', [noDevices(), noRawSockets()])?.id, 'raw-sockets');
});

const said: readonly [lines: readonly string[], lack: string | undefined][] = [
  [['chown: /x: Invalid argument'], 'far-owners'],
  [['npm error code EINVAL', 'more'], 'far-owners'],
  [['chown: /x: No such file or directory'], undefined],
  [[], undefined],
];
for (const [lines, want] of said) {
  test(`lackOf() where the step said ${JSON.stringify(lines)}: ${want}`, () =>
    assert.equal(lackOf('chown 3000000 /x', [noProc(), farOwners(65_536, 65_536)], lines)?.id, want));
}

const maps: readonly [title: string, map: readonly IdRange[], want: string][] = [
  ['all ids', [{ inside: 0, outside: 0, count: 4_294_967_295 }], '0 2147483647'],
  ['subordinate ids', [range(0, 1000, 1), range(1, 100_000, 65_535)], '0 65535'],
  ['their lines in another order', [range(1, 100_000, 65_535), range(0, 1000, 1)], '0 65535'],
  // The kernel would compare from 200000 on, which is above all others.
  ['subordinate ids below the own one', [range(0, 200_000, 1), range(1, 100_000, 65_535)], '0 0'],
  ['one id', [range(0, 12_345, 1)], '0 0'],
  ['none', [], '0 0'],
];
for (const [title, map, want] of maps) {
  test(`pingGroups() of ${title}: ${want}`, () => assert.equal(pingGroups(map), want));
}

function range(inside: number, outside: number, count: number): IdRange {
  return { inside, outside, count };
}
