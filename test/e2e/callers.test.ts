/** Whoever starts cip, and in whatever state: steps run, and what they lack is said with its true cause and remedy. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../worker/people.ts';

const options = needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap', 'sg');
/** A group that the person is not in. */
const OTHER_GROUP = 54_321;
const as = ({ uid, gid }: Person) => ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
const withOtherGroup = (person: Person) => as({ ...person, gid: OTHER_GROUP });
const withoutNewPrivileges = ['setpriv', '--no-new-privs', '--'];

/** The remedy as it is told, done for the command that follows. */
const withGroupOfAccount = ({ name }: Person) => [
  ...['sh', '-c', `command="HOME='$HOME' $*"; sg "$(id -gn ${name})" -c "$command"`, 'sh'],
];

interface Caller {
  readonly who: () => Person;
  readonly through: (person: Person) => readonly string[];
  /** Whether steps can give files to others. */
  readonly hasOwners: boolean;
  /** What is said in a build and by doctor; nothing if not given. */
  readonly cause?: RegExp;
  readonly remedy?: RegExp;
  /** Programs gain rights in steps by their set-user-ID bit. */
  readonly gains: boolean;
}

const ownGroup = {
  cause: /group 54321, and the primary group of cip-test is \d+/,
  remedy: /sg "\$\(id -gn cip-test\)"/,
};
const privileges = { cause: /no_new_privs/, remedy: /allowPrivilegeEscalation: true/ };
const callers: Readonly<Record<string, Caller>> = {
  root: { who: () => self, through: () => [], hasOwners: true, gains: true },
  'root with another group': {
    who: () => self,
    through: () => ['setpriv', '--regid', `${OTHER_GROUP}`, '--clear-groups', '--'],
    hasOwners: true,
    gains: true,
  },
  'a user': { who: personWithSubids, through: as, hasOwners: true, gains: true },
  'a user with another group': {
    who: personWithSubids,
    through: withOtherGroup,
    hasOwners: false,
    ...ownGroup,
    gains: true,
  },
  'a user with another group, after the remedy': {
    who: personWithSubids,
    through: (person) => [...withOtherGroup(person), ...withGroupOfAccount(person)],
    hasOwners: true,
    gains: true,
  },
  'a user without subordinate ids and with another group': {
    who: () => nobodyInParticular,
    through: withOtherGroup,
    hasOwners: false,
    cause: /no range of ids in \/etc\/subuid/,
    remedy: /usermod --add-subuids/,
    gains: true,
  },
  'root without new privileges': {
    who: () => self,
    through: () => withoutNewPrivileges,
    hasOwners: true,
    gains: false,
  },
  'a user without new privileges': {
    who: personWithSubids,
    through: (person) => [...withoutNewPrivileges, ...as(person)],
    hasOwners: false,
    ...privileges,
    gains: false,
  },
  'a user with another group and without new privileges': {
    who: personWithSubids,
    through: (person) => [...withoutNewPrivileges, ...withOtherGroup(person)],
    hasOwners: false,
    ...privileges,
    gains: false,
  },
  'a user without subordinate ids and new privileges': {
    who: () => nobodyInParticular,
    through: (person) => [...withoutNewPrivileges, ...as(person)],
    hasOwners: false,
    cause: /no range of ids in \/etc\/subuid/,
    remedy: /usermod --add-subuids/,
    gains: false,
  },
};

/** A step has these and no more of the rights of the process around it. */
const capabilities = [
  ['CapInh', '0000000000000000'],
  ['CapPrm', '00000000a80425fb'],
  ['CapEff', '00000000a80425fb'],
  ['CapBnd', '00000000a80425fb'],
  ['CapAmb', '0000000000000000'],
];

const dockerfile = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  // On the network of the machine, where raw sockets are not taken away for the sake of it.
  `RUN --network=host ${capabilities.map(([name, mask]) => `grep "^${name}:.*${mask}$" /proc/self/status`).join(' && ')}`,
  'RUN touch /given && chown 1000:1000 /given && touch /owners || true',
  'RUN test -e /owners',
  'RUN chmod 4755 /bin/busybox',
  'USER 1000:1000',
  'RUN grep "^Cap[IPEA]" /proc/self/status | grep -v "0000000000000000$" && exit 1; test "$(id -u)" = 1000',
  '',
].join('\n');

for (const [title, { who, through, hasOwners, cause, remedy, gains }] of Object.entries(callers)) {
  test(`${title}: steps run, and what they lack is said`, options, async () => {
    const person = who();
    const wrapped = { through: through(person) };
    await using rig = await Rig.setup({
      files: { Dockerfile: dockerfile, busybox: readFileSync('/bin/busybox') },
    });
    execFileSync('chown', ['-R', `${person.uid}:${person.gid}`, dirname(rig.project)]);

    const { stdout, stderr } = await rig.cip('build-image', '.', '--json', wrapped);
    const { failures } = JSON.parse(stdout) as { failures: { reason: string; message: string }[] };
    assert.deepEqual(
      failures.map(({ reason, message }) => `${reason}: ${message.split(' exited')[0]}`),
      hasOwners ? [] : ['run-failed: RUN test -e /owners'],
      stderr,
    );
    if (cause === undefined) assert.doesNotMatch(stderr, /warning: /);
    else assert.match(stderr, new RegExp(`warning: .*${cause.source}.*${remedy!.source}`));

    const { checks } = JSON.parse((await rig.cip('doctor', '--json', wrapped)).stdout) as {
      checks: { name: string; state: string; message: string; hint?: string }[];
    };
    const check = (name: string) => checks.find((one) => one.name === name)!;
    assert.notEqual(check('tier').state, 'missing');
    assert.equal(check('run').state, 'ok');
    const found = check('user-namespaces');
    assert.equal(found.state, cause === undefined ? 'ok' : 'limited');
    if (cause !== undefined) assert.match(found.message, cause);
    if (remedy !== undefined) assert.match(found.hint ?? '', remedy);
    assert.deepEqual(
      [check('steps-set-user-id').state, check('steps-set-user-id').hint !== undefined],
      gains ? ['ok', false] : ['limited', true],
    );
  });
}

test('a step that fails for it is told that nothing gains privileges', options, async () => {
  await using rig = await Rig.setup({
    files: {
      Dockerfile: 'FROM scratch\nCOPY --chmod=4755 busybox /bin/su\nUSER 1000\nRUN ["/bin/su", "-c", "id"]\n',
      busybox: readFileSync('/bin/busybox'),
    },
  });
  const { stdout } = await rig.cip('build-image', '.', '--json', { through: withoutNewPrivileges });
  const [failure] = (JSON.parse(stdout) as { failures: { reason: string; hint?: string }[] }).failures;
  assert.equal(failure?.reason, 'run-failed');
  assert.match(failure?.hint ?? '', /^if su failed: .*no_new_privs.*allowPrivilegeEscalation/);
});
