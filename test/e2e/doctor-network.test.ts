/** What `cip doctor` says of a machine that has no private network for steps, each time for another reason. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isThere, needs } from '../support/needs.ts';
import { bin, root as checkout } from '../support/paths.ts';
import { tempDir } from '../support/temp-dir.ts';
import { nobodyInParticular } from '../worker/people.ts';

const helper = ['slirp4netns', 'nsenter', 'tun device'];
const required = needs('linux', 'root', 'user namespaces', 'setpriv', 'perl');

/** In the place of slirp4netns. */
const helperThat = (does: string) =>
  `printf '#!/bin/sh\\n%s\\n' ${does} > /mnt/helper; chmod 755 /mnt/helper; mount --bind /mnt/helper "$(command -v slirp4netns)"`;
const fails = (...words: RegExp[]) => new RegExp(`slirp4netns fails: ${words.map(({ source }) => source).join('; ')}$`);
const noSetns = join(checkout, 'test/e2e/no-setns.pl');

/** What lacks → what doctor says of it, and what would help. `device`: its mode, and its numbers unless they are right. */
const lacking: readonly [what: string, within: string, device: string | undefined, want: RegExp, fix: RegExp][] = [
  [
    'slirp4netns',
    'mount --bind /dev/null "$(command -v slirp4netns)"',
    '666',
    /slirp4netns is not installed/,
    /slirp4netns/,
  ],
  ['nsenter', 'mount --bind /dev/null "$(command -v nsenter)"', '666', /nsenter is not installed/, /util-linux/],
  ['the device', ':', undefined, /there is no \/dev\/net\/tun/, /--device \/dev\/net\/tun/],
  ['a device that is one', ':', '666 c 1 3', fails(/.*TUNSETIFF.*/, /.*/), /by hand/],
  ['a helper that starts', helperThat("'exit 3'"), '666', fails(/exit status 3/), /by hand/],
  ['a helper that lives', helperThat("'kill -s KILL $$'"), '666', fails(/SIGKILL/), /by hand/],
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
      await using dir = await tempDir();
      chmodSync(dir.path, 0o777);
      // In /dev/net of its own, since that of the machine may be as it likes.
      const device =
        mode === undefined
          ? ':'
          : `mknod -m ${mode.replace(' ', ' /dev/net/tun ')}${mode.includes(' ') ? '' : ' /dev/net/tun c 10 200'}`;
      const script = `set -e; mount -t tmpfs tmpfs /mnt; ${within}; mkdir -p /dev/net; mount -t tmpfs tmpfs /dev/net; ${device}; exec "$@"`;
      const { uid, gid } = nobodyInParticular;
      const become = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
      const command = [...['unshare', '--mount', 'sh', '-c', script, 'sh'], ...become, process.execPath, bin];
      const env = { PATH: process.env['PATH'], HOME: dir.path, CIP_STORE: join(dir.path, 'store') };
      const [file, ...args] = [...command, 'doctor', '--json'];
      const { stdout } = spawnSync(file!, args, { env, cwd: dir.path, encoding: 'utf8' });
      const { checks } = JSON.parse(stdout) as {
        checks: { name: string; state: string; message: string; hint?: string }[];
      };
      const { state, message, hint } = checks.find(({ name }) => name === 'isolation-network')!;
      assert.equal(state, 'limited');
      assert.match(message, want);
      assert.match(hint!, fix);
    });
  }
});
