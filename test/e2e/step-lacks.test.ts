/** What steps may not do though root of a container may: the failure of a step says so, and `cip doctor`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { isThere, needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../worker/people.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap', 'nsenter');
const as = ({ uid, gid }: Person) => ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
const people = {
  root: () => self,
  'a user with subordinate ids': personWithSubids,
  'a user without': () => nobodyInParticular,
} as const;

/** In a network namespace, whose setting is its own. */
const pingGroups = (groups: string) => [
  ...['unshare', '--net', 'sh', '-c', `echo ${groups} > /proc/sys/net/ipv4/ping_group_range && exec "$@"`, 'sh'],
];

/** Root of a user namespace with 70000 users and 80000 groups. Maps are written from outside, once it is there. */
const ofFewerIds = [
  'sh',
  '-c',
  `dir=$(mktemp -d); mkfifo "$dir/go"
unshare --user sh -c 'read -r x < "$0/go"; exec setpriv --reuid 0 --regid 0 --clear-groups "$@"' "$dir" "$@" & pid=$!
while [ "$(readlink /proc/$pid/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
printf '0 0 1\\n1 200000 69999\\n' > /proc/$pid/uid_map; printf '0 0 1\\n1 200000 79999\\n' > /proc/$pid/gid_map
echo > "$dir/go"; wait $pid; status=$?; rm -r "$dir"; exit $status`,
  'sh',
];

interface Case {
  /** What RUN says. */
  readonly run: string;
  readonly who: keyof typeof people;
  readonly isolation?: 'chroot';
  readonly through?: readonly string[];
  /** How the hint begins; absent: the step succeeds. `null`: it fails without a word about it. */
  readonly hint?: RegExp | null;
}

const cases: Readonly<Record<string, Case>> = {
  'mknod by root': { run: 'mknod /n c 1 3', who: 'root', hint: /^if mknod failed: .* ADD/ },
  'mknod by a user': {
    run: 'busybox mknod /n b 7 0',
    who: 'a user with subordinate ids',
    hint: /^if mknod failed: .* ADD/,
  },
  'mknod in a chroot': { run: 'mknod /n c 1 3 && [ -c /n ] && rm /n', who: 'root', isolation: 'chroot' },
  'ps in a chroot': { run: 'ps | grep busybox', who: 'root', isolation: 'chroot', hint: /^if ps failed: .*\/proc/ },
  'a pipe is no device': { run: 'mknod /p p && mkfifo /q', who: 'a user with subordinate ids' },
  'a failure of another kind': { run: 'false', who: 'root', hint: null },
  'a raw socket': { run: 'ping -c 1 127.0.0.1', who: 'root', hint: /^if ping failed: .*--network=none/ },
  'a raw socket without a network': { run: '--network=none ping -c 1 127.0.0.1', who: 'root' },
  'a raw socket of a user without a network': { run: '--network=none ping -c 1 127.0.0.1', who: 'a user without' },
  'the network of a machine that allows no ping': {
    run: '--network=host ping -c 1 127.0.0.1',
    who: 'root',
    through: pingGroups('1 0'),
    hint: /^if ping failed: .*sysctl -w net\.ipv4\.ping_group_range=/,
  },
  'the network of a machine that allows ping': {
    run: '--network=host ping -c 1 127.0.0.1',
    who: 'root',
    through: pingGroups('0 2147483647'),
    // This busybox opens a raw socket and nothing else.
    hint: /^if ping failed: steps cannot open raw sockets/,
  },
  'an owner that a user has no id for': {
    run: 'chown 4711 /tmp',
    who: 'a user without',
    hint: /^if chown failed: .* 65536 ids in \/etc\/subuid/,
  },
  'an owner above the ids of a user': {
    run: 'chown 3000000 /tmp',
    who: 'a user with subordinate ids',
    hint: /^if chown failed: the ids that steps can give files to end at 65536 here; .*\/etc\/subuid/,
  },
  'an owner above the ids of a root that has not all': {
    run: 'chown 3000000 /tmp',
    who: 'root',
    through: ofFewerIds,
    hint: /^if chown failed: .* end at 69999 for users and at 79999 for groups here; .*root of the machine/,
  },
  'an owner that root has': { run: 'chown 3000000 /tmp', who: 'root' },
  'another failure of chown': { run: 'chown 1 /nowhere', who: 'a user with subordinate ids', hint: null },
};

for (const [title, { run, who, isolation, through = [], hint }] of Object.entries(cases)) {
  test(`${title}: ${hint === undefined ? 'works' : hint === null ? 'no hint' : 'a hint'}`, options, async () => {
    const person = people[who]();
    await using rig = await Rig.setup({
      files: { Dockerfile: dockerfile(run), busybox: readFileSync('/bin/busybox') },
    });
    execFileSync('chown', ['-R', `${person.uid}:${person.gid}`, dirname(rig.project)]);
    const flags = isolation === undefined ? [] : ['--isolation', isolation];
    const { stdout, stderr } = await rig.cip('build-image', '.', '--json', ...flags, {
      through: [...through, ...(person.uid === self.uid ? [] : as(person))],
    });
    const [failure] = (JSON.parse(stdout) as { failures: { reason: string; hint?: string }[] }).failures;
    assert.equal(failure?.reason, hint === undefined ? undefined : 'run-failed', stderr);
    if (hint) assert.match(failure?.hint ?? '', hint);
    else assert.equal(failure?.hint, undefined);
  });
}

test('doctor says what steps may not do, and what to do about it', options, async () => {
  await using rig = await Rig.setup({ files: {} });
  const { stdout } = await rig.cip('doctor', '--json');
  const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; hint?: string }[] };
  const steps = checks.filter(({ name }) => name.startsWith('steps-'));
  const ping = ['tun device', 'slirp4netns'].every(isThere) ? [['steps-ping', 'ok', false]] : [];
  assert.deepEqual(
    steps
      .filter(({ name }) => name !== 'steps-ping' || ping.length > 0)
      .map(({ name, state, hint }) => [name, state, hint !== undefined]),
    [
      ['steps-devices', 'limited', true],
      ['steps-raw-sockets', 'limited', true],
      ...ping,
      ['steps-host-name', 'ok', false],
      ['steps-set-user-id', 'ok', false],
    ],
  );
});

function dockerfile(run: string): string {
  const links = ['RUN ["/bin/busybox", "--install", "-s", "/bin"]', 'RUN mkdir -m 1777 /tmp'];
  return ['FROM scratch', 'COPY --chmod=755 busybox /bin/busybox', ...links, `RUN ${run}`, ''].join('\n');
}
