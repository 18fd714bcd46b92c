/** Stores on file systems whose mounts take something away (noexec, nosuid, nodev): steps run, or it is said why not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { type Person, personWithSubids, self } from '../worker/people.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap');
const as = ({ uid, gid }: Person) =>
  uid === self.uid ? [] : ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
const people = { root: () => self, 'a user with subordinate ids': personWithSubids } as const;

/** On which overlays can be mounted, and not. */
const fileSystems = {
  tmpfs: 'mount -t tmpfs -o "mode=755,$flags" tmpfs "$store"',
  overlay:
    'base=$(dirname "$store")/base; mkdir -p "$base"; mount -t tmpfs tmpfs "$base"; mkdir "$base/lower" "$base/upper" "$base/work"; ' +
    'mount -t overlay -o "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work,$flags" overlay "$store"',
};

interface Case {
  readonly flags: string;
  readonly on: keyof typeof fileSystems;
  readonly who: keyof typeof people;
  readonly isolation?: 'chroot';
  readonly dockerfile?: readonly string[];
  /** Reason of the failure, if it fails. */
  readonly reason?: string;
  /** What a build says besides. */
  readonly notice?: RegExp;
  /** State of `run` and `store-mount` of doctor. */
  readonly doctor: readonly [run: string, mount: string];
}

/** Each line is a step that succeeds where nothing is taken away. */
const steps = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'RUN echo "echo started" > /bin/program && chmod 755 /bin/program && /bin/program > /out',
];
/** A user gains root by a program with the bit. */
const gaining = [
  ...steps,
  'COPY --chmod=4755 busybox /gain/su',
  'RUN mkdir -p /etc && echo root::0:0::/:/bin/sh > /etc/passwd',
  'USER 1000',
  'RUN /gain/su -c "id -u" root | grep -x 0',
];
const caching = [...steps, 'RUN --mount=type=cache,target=/c cp /bin/busybox /c/true && /c/true'];

const notStarted = /noexec.*RUN --mount/;
const cases: Readonly<Record<string, Case>> = {
  'noexec, root': { flags: 'noexec', on: 'tmpfs', who: 'root', notice: notStarted, doctor: ['ok', 'limited'] },
  'noexec, a user': {
    flags: 'noexec',
    on: 'tmpfs',
    who: 'a user with subordinate ids',
    notice: notStarted,
    doctor: ['ok', 'limited'],
  },
  'noexec, a program in a cache': {
    flags: 'noexec',
    on: 'tmpfs',
    who: 'root',
    dockerfile: caching,
    reason: 'run-failed',
    notice: notStarted,
    doctor: ['ok', 'limited'],
  },
  'noexec, without overlays': {
    flags: 'noexec',
    on: 'overlay',
    who: 'root',
    reason: 'store-noexec',
    doctor: ['missing', 'limited'],
  },
  'noexec, without overlays, a user': {
    flags: 'noexec',
    on: 'overlay',
    who: 'a user with subordinate ids',
    reason: 'store-noexec',
    doctor: ['missing', 'limited'],
  },
  'noexec, in a chroot': {
    flags: 'noexec',
    on: 'overlay',
    who: 'root',
    isolation: 'chroot',
    reason: 'store-noexec',
    doctor: ['missing', 'limited'],
  },
  'noexec, in a chroot on overlays': {
    flags: 'noexec',
    on: 'tmpfs',
    who: 'root',
    isolation: 'chroot',
    reason: 'store-noexec',
    doctor: ['ok', 'limited'],
  },
  'nosuid, root': { flags: 'nosuid', on: 'tmpfs', who: 'root', dockerfile: gaining, doctor: ['ok', 'ok'] },
  'nosuid, a user': {
    flags: 'nosuid',
    on: 'tmpfs',
    who: 'a user with subordinate ids',
    dockerfile: gaining,
    doctor: ['ok', 'ok'],
  },
  'nosuid, without overlays': {
    flags: 'nosuid',
    on: 'overlay',
    who: 'root',
    dockerfile: gaining,
    reason: 'run-failed',
    notice: /nosuid.*set-user-ID/,
    doctor: ['ok', 'limited'],
  },
  'nodev, without overlays': { flags: 'nodev', on: 'overlay', who: 'root', doctor: ['ok', 'ok'] },
  'nodev, in a chroot': {
    flags: 'nodev',
    on: 'overlay',
    who: 'root',
    isolation: 'chroot',
    dockerfile: [...steps, 'RUN echo > /dev/null'],
    reason: 'run-failed',
    notice: /nodev.*\/dev\/null/,
    doctor: ['ok', 'ok'],
  },
  'none of them, without overlays': {
    flags: 'exec',
    on: 'overlay',
    who: 'a user with subordinate ids',
    dockerfile: [...gaining, 'USER 0', ...caching.slice(-1)],
    doctor: ['ok', 'ok'],
  },
};

for (const [title, one] of Object.entries(cases)) {
  const { flags, on, who, isolation, dockerfile = steps, reason, notice, doctor } = one;
  test(`a store that is mounted ${title}: ${reason ?? 'steps run'}`, options, async () => {
    const person = people[who]();
    await using rig = await Rig.setup({
      files: { Dockerfile: `${dockerfile.join('\n')}\n`, busybox: readFileSync('/bin/busybox') },
    });
    const owner = `${person.uid}:${person.gid}`;
    execFileSync('chown', ['-R', owner, dirname(rig.project)]);
    const mounted = `set -e; flags=$1 store=$2; shift 2; mkdir -p "$store"; ${fileSystems[on]}; chown ${owner} "$store"; exec "$@"`;
    const inNamespace = ['unshare', '--mount', 'sh', '-c', mounted, 'sh', flags, rig.store];
    const through = [...inNamespace, ...as(person)];

    const isolated = isolation === undefined ? [] : ['--isolation', isolation];
    const { stdout, stderr } = await rig.cip('build-image', '.', '--json', ...isolated, { through });
    const { failures } = JSON.parse(stdout) as { failures: { reason: string; hint?: string }[] };
    assert.deepEqual(
      failures.map((failure) => failure.reason),
      reason === undefined ? [] : [reason],
      stderr,
    );
    if (reason === 'store-noexec') assert.match(failures[0]?.hint ?? '', /CIP_STORE/);
    if (notice === undefined) assert.doesNotMatch(stderr, /noexec.*--mount|nosuid|nodev/);
    else assert.match(stderr, notice);

    const { checks } = JSON.parse((await rig.cip('doctor', '--json', { through })).stdout) as {
      checks: { name: string; state: string; message: string; hint?: string }[];
    };
    const found = ['run', 'store-mount'].map((name) => checks.find((check) => check.name === name));
    assert.deepEqual(
      found.map((check) => check?.state),
      doctor,
      JSON.stringify(checks, undefined, 1),
    );
    for (const check of found) if (check?.state !== 'ok') assert.match(check?.hint ?? '', /CIP_STORE/);
  });
}
