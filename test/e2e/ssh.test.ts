/** `--ssh` and `RUN --mount=type=ssh`: agents and keys, whoever builds and in whatever steps are kept. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';
import { nobodyInParticular, type Person, personWithSubids, self } from '../worker/people.ts';
import { eventually } from '../worker/processes.ts';

const options = needs(
  ...['linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap'],
  ...['ssh-agent', 'ssh-add', 'ssh-keygen'],
);
const as = ({ uid, gid }: Person) => ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];

const people: Readonly<Record<string, readonly [person: () => Person, flags: readonly string[]]>> = {
  root: [() => self, []],
  'a user with subordinate ids': [personWithSubids, []],
  'a user without': [() => nobodyInParticular, []],
  'root in a chroot': [() => self, ['--isolation', 'chroot']],
};

/** Programs of this machine, with the libraries they need. */
const client: Files = {
  'image/busybox': readFileSync('/bin/busybox'),
  ...Object.fromEntries(
    ['/usr/bin/ssh-add', ...librariesOf('/usr/bin/ssh-add')].map((file) => [`image/root${file}`, readFileSync(file)]),
  ),
};

function librariesOf(program: string): readonly string[] {
  return (
    execFileSync('ldd', [program])
      .toString()
      .match(/\/\S+(?= \()/g) ?? []
  );
}

/** Fails unless an agent with as many keys answers. */
const counts = (keys: number, socket = '$SSH_AUTH_SOCK') =>
  `test "$(SSH_AUTH_SOCK=${socket} ssh-add -l | grep -c ED25519)" = ${keys}`;

function dockerfile(...runs: string[]): string {
  const links = ['RUN ["/bin/busybox", "--install", "-s", "/bin"]'];
  return [
    'FROM scratch',
    'COPY --chmod=755 busybox /bin/busybox',
    'COPY --chmod=755 root /',
    ...links,
    ...runs,
    '',
  ].join('\n');
}

async function setUp(person: Person, text: string): Promise<Rig> {
  const rig = await Rig.setup({ files: { 'image/Dockerfile': text, ...client } });
  for (const name of ['a', 'b']) makeKey(join(rig.project, name));
  execFileSync('chown', ['-R', `${person.uid}:${person.gid}`, dirname(rig.project)]);
  return rig;
}

function makeKey(file: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', '', '-f', file]);
}

/** An agent of the person with these keys; to be killed. */
async function startAgent(person: Person, socket: string, keys: readonly string[]): Promise<ChildProcess> {
  const [program, ...rest] = [...as(person), 'ssh-agent', '-D', '-a', socket];
  const agent = spawn(program!, rest, { stdio: 'ignore' });
  agent.unref();
  // 2: it does not listen yet.
  await eventually(
    () => spawnSync('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: socket } }).status,
    (status) => status !== 2,
  );
  for (const key of keys) {
    const [add, ...args] = [...as(person), 'ssh-add', '-q', key];
    execFileSync(add!, args, { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  }
  return agent;
}

interface Document {
  readonly digest?: string;
  readonly failures: readonly { readonly reason: string; readonly hint?: string }[];
}

for (const [title, [who, flags]] of Object.entries(people))
  test(`steps sign with agents and with keys, and nothing is left of either: ${title}`, options, async () => {
    const person = who();
    const asked = dockerfile(
      `RUN --mount=type=ssh,required ${counts(1)}`,
      `RUN --mount=type=ssh,id=keys,target=/keys.sock ${counts(2, '/keys.sock')}`,
      'RUN --mount=type=ssh,id=keys,target=/keys.sock,mode=0640 test $(stat -c %a:%u:%g /keys.sock) = 640:0:0',
      'RUN --mount=type=ssh,id=other test ! -e "$SSH_AUTH_SOCK"',
      'RUN test ! -e /run && test ! -e /keys.sock',
    );
    await using rig = await setUp(person, asked);
    const socket = join(rig.project, 'agent');
    const agent = await startAgent(person, socket, [join(rig.project, 'a')]);
    try {
      const through = person.uid === self.uid ? [] : as(person);
      const build = (...ssh: string[]) =>
        rig.cip('build-image', 'image', '--json', ...flags, ...ssh, { through, env: { SSH_AUTH_SOCK: socket } });
      const first = await build('--ssh', 'default', '--ssh', 'keys=a,b');
      const made = JSON.parse(first.stdout) as Document;
      assert.deepEqual([first.status, made.failures], [0, []], first.stderr);
      // What steps signed with is in no key.
      const second = await build('--ssh', 'default=b', '--ssh', 'keys=a');
      assert.deepEqual(
        [second.status, (JSON.parse(second.stdout) as Document).digest],
        [0, made.digest],
        second.stderr,
      );
      const sessions = await readdir(join(rig.store, 'sessions'));
      assert.deepEqual(sessions, []);
    } finally {
      agent.kill();
    }
  });

test('an agent is asked for signatures and nothing else', options, async () => {
  // To remove all keys, to lock, to add: each is refused, and the agent has its key afterwards.
  const text = dockerfile(
    'RUN --mount=type=ssh ! ssh-add -D',
    'RUN --mount=type=ssh ! ssh-add -d /key/b.pub',
    'COPY b b.pub /key/',
    'RUN --mount=type=ssh chmod 600 /key/b && ! ssh-add /key/b',
  );
  await using rig = await setUp(self, text);
  const socket = join(rig.project, 'agent');
  for (const name of ['b', 'b.pub']) execFileSync('cp', [name, 'image'], { cwd: rig.project });
  const agent = await startAgent(self, socket, [join(rig.project, 'a')]);
  try {
    const { status, stderr } = await rig.cip('build-image', 'image', '--ssh', `default=${socket}`);
    assert.equal(status, 0, stderr);
    const listed = execFileSync('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    assert.equal(listed.toString().split('ED25519').length, 2);
  } finally {
    agent.kill();
  }
});

/** Before anything runs: the reasons, and the status. */
const refused: Readonly<Record<string, readonly [flags: readonly string[], reasons: readonly string[]]>> = {
  'no agent in the environment': [['--ssh', 'default'], ['ssh-agent-unknown']],
  'a socket that is not there': [['--ssh', 'default=nowhere'], ['ssh-source-unusable']],
  'a directory': [['--ssh', 'default=image'], ['ssh-source-unusable']],
  'a file that is no key': [['--ssh', 'default=image/Dockerfile'], ['ssh-key-invalid']],
  'a public key': [['--ssh', 'default=a.pub'], ['ssh-key-invalid']],
  'a key with a passphrase': [['--ssh', 'default=locked'], ['ssh-key-encrypted']],
  'a socket where nobody listens': [['--ssh', 'default=dead'], ['ssh-agent-unreachable']],
  'a socket of something else': [['--ssh', 'default=stranger'], ['ssh-agent-unreachable']],
  'a socket and a key': [['--ssh', 'default=stranger,a'], ['ssh-sources-mixed']],
  'two mistakes at once': [
    ['--ssh', 'default=nowhere', '--ssh', 'other=locked'],
    ['ssh-source-unusable', 'ssh-key-encrypted'],
  ],
  'none, where one is required': [[], ['ssh-missing']],
  'another, where one is required': [['--ssh', 'defalt=a'], ['ssh-missing']],
  'an id twice': [['--ssh', 'default=a', '--ssh', 'default=b'], ['invalid-option-value']],
  'no id': [['--ssh', '=a'], ['invalid-option-value']],
  'nothing after the equals sign': [['--ssh', 'default='], ['invalid-option-value']],
};

test('what cannot be signed with is told before anything runs', options, async (t) => {
  await using rig = await setUp(self, dockerfile('RUN echo ran', 'RUN --mount=type=ssh,required true'));
  makeKey(join(rig.project, 'locked'), 'secret');
  const stranger = createServer((connection) => connection.end('hello')).listen(join(rig.project, 'stranger'));
  const dead = `require('net').createServer().listen('dead', () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', dead], { cwd: rig.project, stdio: 'ignore' });
  } catch {
    // It is killed, and its socket stays.
  }
  try {
    for (const [title, [flags, reasons]] of Object.entries(refused))
      await t.test(title, async () => {
        const { status, stderr } = await rig.cip('build-image', 'image', '--progress', 'json', ...flags, {
          env: { SSH_AUTH_SOCK: '' },
        });
        const events = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
        const said = events.flatMap(({ type, reason }) => (type === 'error' ? [reason] : []));
        assert.deepEqual([said, status], [reasons, 2], stderr);
        assert.equal(
          events.some(({ type }) => type === 'step-started'),
          false,
        );
      });
  } finally {
    stranger.close();
  }
});

test('an agent without keys is said, and one that nobody mounts', options, async () => {
  await using rig = await setUp(self, dockerfile('RUN --mount=type=ssh true'));
  const agent = await startAgent(self, join(rig.project, 'agent'), []);
  try {
    const flags = ['--ssh', 'default=agent', '--ssh', 'other=a'];
    const { status, stderr } = await rig.cip('build-image', 'image', '--progress', 'json', ...flags);
    const said = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    const reasons = said.flatMap(({ type, reason }) => (type === 'warning' && reason ? [reason] : []));
    assert.deepEqual([status, reasons], [0, ['ssh-agent-empty', 'unused-ssh']], stderr);
  } finally {
    agent.kill();
  }
});

test('a step that fails without its agent is told of it', options, async () => {
  await using rig = await setUp(self, dockerfile('RUN --mount=type=ssh,id=git false'));
  const { stdout } = await rig.cip('build-image', 'image', '--json');
  const [failure] = (JSON.parse(stdout) as Document).failures;
  assert.match(failure?.hint ?? '', /--ssh git$/);
});

test('an owner that nobody is here is told', options, async () => {
  await using rig = await setUp(nobodyInParticular, dockerfile('RUN --mount=type=ssh,uid=1000 true'));
  const { stdout, stderr } = await rig.cip('build-image', 'image', '--json', '--ssh', 'default=a', {
    through: as(nobodyInParticular),
  });
  const { failures } = JSON.parse(stdout) as Document;
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ['mount-owner-refused'],
    stderr,
  );
});

test('builds of a project have it too', options, async () => {
  const files = {
    'contexts/00-a/Dockerfile': dockerfile(`RUN --mount=type=ssh,required ${counts(1)}`),
    'contexts/00-a/info.edn': '{:version "1.0.0"}\n',
    ...Object.fromEntries(
      Object.entries(client).map(([path, content]) => [path.replace('image/', 'contexts/00-a/'), content]),
    ),
  };
  await using rig = await Rig.setup({ files, registry: true });
  makeKey(join(rig.project, 'key'));
  for (const command of [['build'], ['publish-locally', '--local-registry', rig.registry, '--no-cache']]) {
    const { status, stderr } = await rig.cip(...command, '--ssh', 'default=key');
    assert.equal(status, 0, stderr);
  }
  assert.match(await readFile(join(rig.project, 'key'), 'utf8'), /PRIVATE KEY/);
});
