/** What `cip doctor` says of a machine that has no private network for steps, each time for another reason. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { helperPrograms } from '../engine/executor/network-helpers.ts';
import { isThere, needs } from '../support/needs.ts';
import { bin, root as checkout } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import { nobodyInParticular } from '../worker/people.ts';

const helper = ['slirp4netns', 'nsenter', 'tun device'];
const required = needs('linux', 'root', 'user namespaces', 'setpriv', 'perl');

interface Fact {
  readonly name: string;
  readonly state: string;
  readonly message: string;
  readonly hint?: string;
}

/** In the place of slirp4netns. */
const helperThat = (does: string) =>
  `printf '#!/bin/sh\\n%s\\n' ${does} > /mnt/helper; chmod 755 /mnt/helper; mount --bind /mnt/helper "$(command -v slirp4netns)"`;
const hide = (program: string) =>
  `! command -v ${program} >/dev/null || mount --bind /dev/null "$(command -v ${program})"`;
const fails = (...words: RegExp[]) => new RegExp(`slirp4netns fails: ${words.map(({ source }) => source).join('; ')}$`);
const deviceDir = 'mkdir -p /dev/net; mount -t tmpfs tmpfs /dev/net';
const noSetns = join(checkout, 'test/e2e/no-setns.pl');

/** What lacks → what doctor says of it, and what would help. `device`: its mode, and its numbers unless they are right. */
const lacking: readonly [what: string, within: string, device: string | undefined, want: RegExp, fix: RegExp][] = [
  [
    'any helper',
    `${hide('slirp4netns')}; ${hide('pasta')}`,
    '666',
    /neither slirp4netns nor pasta is installed/,
    /slirp4netns/,
  ],
  ['nsenter', 'mount --bind /dev/null "$(command -v nsenter)"', '666', /nsenter is not installed/, /util-linux/],
  ['the device', ':', undefined, /there is no \/dev\/net\/tun/, /--device \/dev\/net\/tun/],
  ['a device that is one', ':', '666 c 1 3', fails(/.*TUNSETIFF.*/, /.*/), /by hand/],
  ['a helper that starts', helperThat("'exit 3'"), '666', fails(/exit status 3/), /by hand/],
  ['a helper that lives', helperThat("'kill -s KILL $$'"), '666', fails(/ended by SIGKILL/), /by hand/],
  [
    'a helper that is content',
    helperThat("'echo one >&2' 'echo two >&2' 'exit 1'"),
    '666',
    fails(/one/, /two/),
    /by hand/,
  ],
  [
    'permission to enter namespaces',
    `set -- perl ${noSetns} "$@"`,
    '666',
    /no network namespace can be entered: .*not permitted/,
    /cip doctor/,
  ],
  ['access to the device', ':', '600', /this user may not use \/dev\/net\/tun/, /chmod 666 \/dev\/net\/tun/],
];
describe('doctor says what a private network lacks', {
  skip: required.skip || (!helper.every(isThere) && `needs ${helper.join(', ')}`),
}, () => {
  for (const [what, within, mode, want, fix] of lacking) {
    test(what, async () => {
      // In /dev/net of its own, since that of the machine may be as it likes.
      const device =
        mode === undefined
          ? ':'
          : `mknod -m ${mode.replace(' ', ' /dev/net/tun ')}${mode.includes(' ') ? '' : ' /dev/net/tun c 10 200'}`;
      const { state, message, hint } = await networkFact(['unshare', '--mount'], `${within}; ${deviceDir}; ${device}`);
      assert.equal(state, 'limited');
      assert.match(message, want);
      assert.match(hint!, fix);
    });
  }
});

/** As on a machine with one interface and nobody behind it. */
const route =
  'ip link set lo up; ip tuntap add dev out0 mode tap; ip addr add 192.0.2.1/24 dev out0; ip link set out0 up; ip route add default via 192.0.2.254';
const keptIn = /^steps have a network of their own/;
const newer = ['test/support/newer-pasta.sh'];
const pastaThat = (does: string) => helperThat(does).replace('slirp4netns', 'pasta');
/** Its interface is there, and nobody reads what is sent to it; the path of the namespace is its last argument. */
const idle = [
  'for namespace; do :; done',
  'n="nsenter --net=$namespace"',
  '$n ip tuntap add dev eth0 mode tap',
  '$n ip addr add 10.0.2.100/24 dev eth0',
  '$n ip link set eth0 up',
  '$n ip route add default via 10.0.2.2',
  'exec sleep 1000',
];

/** Where pasta is the only helper → what doctor says. */
const withPasta: readonly [what: string, needs: readonly string[], within: string, want: RegExp][] = [
  ['a newer pasta keeps steps in', newer, `${route}; ${helperPrograms.pasta.script}`, keptIn],
  [
    'a newer pasta keeps steps in where broken pipes are ignored',
    newer,
    `trap "" PIPE; ${route}; ${helperPrograms.pasta.script}`,
    keptIn,
  ],
  [
    'a pasta that lets all of it through is refused',
    ['pasta of Debian 12'],
    `${route}; ${hide('slirp4netns')}`,
    /this version of pasta lets steps reach it, by the datagram of a bound socket and by a frame and by the connection of a bound socket$/,
  ],
  [
    'there is no default route',
    [],
    `ip link set lo up; ${hide('slirp4netns')}`,
    /pasta needs a default route by IPv4, and this machine has none$/,
  ],
  [
    'a pasta that complains and ends',
    [],
    `${route}; ${hide('slirp4netns')}; ${pastaThat("'echo one >&2' 'exit 3'")}`,
    /pasta fails: one$/,
  ],
  [
    'a pasta that carries nothing',
    [],
    `${route}; ${hide('slirp4netns')}; ${pastaThat(idle.map((line) => `'${line}'`).join(' '))}`,
    /whether pasta keeps steps from it can't be told: what is sent to the machine does not arrive$/,
  ],
];
describe('doctor says what pasta is good for', { skip: required.skip }, () => {
  for (const [what, wanted, within, want] of withPasta) {
    const all = ['pasta', 'nsenter', 'tun device', 'ip', ...wanted];
    test(what, { skip: !all.every(isThere) && `needs ${all.join(', ')}` }, async () => {
      const device = `${deviceDir}; mknod -m 666 /dev/net/tun c 10 200`;
      const { state, message, hint } = await networkFact(['unshare', '--net', '--mount'], `${device}; ${within}`);
      assert.match(message, want);
      assert.equal(state, want === keptIn ? 'ok' : 'limited');
      if (want !== keptIn) assert.match(hint!, /install slirp4netns/);
    });
  }
});

/** What doctor says of the network, to an ordinary user, after a script has run in namespaces. */
async function networkFact(namespaces: readonly string[], script: string): Promise<Fact> {
  await using dir = await tempDir();
  chmodSync(dir.path, 0o777);
  const { uid, gid } = nobodyInParticular;
  const become = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const prepared = ['sh', '-c', `set -e; mount -t tmpfs -o mode=755 tmpfs /mnt; ${script}\nexec "$@"`, 'sh'];
  const env = { PATH: process.env['PATH'], HOME: dir.path, CIP_STORE: join(dir.path, 'store') };
  const [file, ...args] = [...namespaces, ...prepared, ...become, process.execPath, bin, 'doctor', '--json'];
  const { stdout } = spawnSync(file!, args, { env, cwd: dir.path, encoding: 'utf8' });
  const { checks } = JSON.parse(stdout) as { checks: Fact[] };
  return checks.find(({ name }) => name === 'isolation-network')!;
}
