/** What every executor keeps to: a row in `executors` is all that another one needs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { elfTargets, tinyProgram } from '../../../src/engine/executor/elf.ts';
import type { Mount, ProcessSpec } from '../../../src/engine/executor/executor.ts';
import type { ExecutorName } from '../../../src/engine/executor/executor-name.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { needs } from '../../support/needs.ts';
import { self } from '../../worker/people.ts';
import { commandOf, eventually, processesWith } from '../../worker/processes.ts';
import { ProcessRunner, type Ran } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';
import { tree } from './tree.ts';

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): readonly (readonly [K, V])[] {
  return Object.entries(record) as [K, V][];
}

interface Row {
  readonly needed: Parameters<typeof needs>;
  /** What it says of itself. */
  readonly hasMounts: boolean;
  /** Namespaces that each process has for itself, as /proc/PID/ns names them: those of no network. */
  readonly own: readonly string[];
  /** All of /dev. */
  readonly devices: readonly string[];
}

const devices = ['full', 'null', 'random', 'tty', 'urandom', 'zero'];

/** A row for each, or it does not compile. What one does not keep apart it must say as a limit, and refuse what would need it. */
const executors: Readonly<Record<ExecutorName, Row>> = {
  namespaces: {
    needed: ['linux', 'root', 'user namespaces', 'busybox'],
    hasMounts: true,
    own: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'],
    devices: [...devices, 'fd', 'mqueue', 'ptmx', 'pts', 'shm', 'stderr', 'stdin', 'stdout'].toSorted(),
  },
  chroot: { needed: ['linux', 'root', 'busybox'], hasMounts: false, own: [], devices },
};

const ada = { uid: 1000, gid: 1000, additionalGids: [1000, 29] };
const host = hostPlatform(process.arch);
const env = ['Z=1', 'PATH=/bin', 'EMPTY=', 'TEXT=a "b" $c `d`\n\te\\', 'odd.name-1=x', 'PWD=/lie', 'ENV=x'];

type Command = string | readonly string[];
type Said = Partial<Pick<Ran, 'stdout' | 'stderr' | 'status'>>;

const outcomes: readonly [title: string, command: Command, changed: Partial<ProcessSpec>, said: Said][] = [
  [
    'output by stream, and the exit status',
    'echo out; echo err >&2; exit 7',
    {},
    { stdout: 'out\n', stderr: 'err\n', status: { code: 7 } },
  ],
  ['the signal that ended it', ['/tmp/illegal'], {}, { status: { code: 132, signal: 'SIGILL' } }],
  ['a name is looked up in PATH of the image', ['id', '-u'], { env: ['PATH=/nowhere:/bin'] }, { stdout: '0\n' }],
  ['environment exactly as given, in order', ['/bin/env'], { env }, { stdout: `${env.join('\n')}\n` }],
  ['user and groups', 'id -u; id -G', { user: ada }, { stdout: '1000\n1000 29\n' }],
  [
    'an argument as long as Linux takes',
    ['/bin/sh', '-c', `echo ${'#'.padEnd(2 ** 17 - 6, 'x')}`],
    { env: ['PATH=/bin'] },
    { stdout: '\n' },
  ],
  ['umask 022', 'umask', {}, { stdout: '0022\n' }],
  ['standard input is empty', 'cat; echo end', {}, { stdout: 'end\n' }],
  ['null, zero and random of /dev', 'echo x > /dev/null; head -c3 /dev/zero | wc -c', {}, { stdout: '3\n' }],
  ['the name of localhost', 'grep -c localhost /etc/hosts', {}, { stdout: /^[12]\n$/ as unknown as string }],
];

const unstartable: readonly [title: string, args: readonly string[], changed: Partial<ProcessSpec>, reason: string][] =
  [
    ['a program that is not there', ['/bin/nothing'], {}, 'cannot-execute'],
    ['a name that is not in PATH', ['nothing'], {}, 'cannot-execute'],
    ['an argument that is too long', ['/bin/sh', '-c', `: ${'x'.repeat(2 ** 17)}`], {}, 'command-too-long'],
    ['a variable that is too long', ['/bin/ls'], { env: [`A=${'ü'.repeat(2 ** 16)}`] }, 'command-too-long'],
    [
      'variables that are too long together',
      ['/bin/ls'],
      { env: Array.from({ length: 80 }, (_, at) => `A${at}=${'x'.repeat(100_000)}`) },
      'command-too-long',
    ],
    ['a file that is not executable', ['/etc/passwd'], {}, 'cannot-execute'],
    ['a working directory that is a file', ['/bin/ls'], { cwd: '/etc/passwd' }, 'working-directory-invalid'],
    ['a working directory below a file', ['/bin/ls'], { cwd: '/etc/passwd/x' }, 'working-directory-invalid'],
    [
      'an architecture nobody has',
      ['/bin/ls'],
      { platform: { os: 'linux', architecture: 'mips64le' } },
      'emulation-unavailable',
    ],
  ];

const bind = (readonly: boolean) => (source: string) => ({ type: 'bind', source, target: '/m/n', readonly }) as const;
const write = 'cat /m/n/file; echo new 2>/dev/null >/m/n/new && echo written || echo refused';
interface Mounted {
  readonly mount: (source: string) => Mount;
  readonly script: string;
  /** What the process says. */
  readonly said: string;
  /** What is in the source then; the file that was given if nothing is said. */
  readonly kept?: Readonly<Record<string, string>>;
  /** Both, where it is moved there instead of mounted: nothing is read-only, and nothing has a size. */
  readonly moved?: { readonly said: string; readonly kept?: Readonly<Record<string, string>> };
}
const given = { file: 'given\n' };
/** A process with one mount. */
const mounts: Readonly<Record<string, Mounted>> = {
  'a directory to read': {
    mount: bind(true),
    script: write,
    said: 'given\nrefused\n',
    moved: { said: 'given\nwritten\n', kept: { ...given, new: 'new\n' } },
  },
  'a directory to write': {
    mount: bind(false),
    script: write,
    said: 'given\nwritten\n',
    kept: { ...given, new: 'new\n' },
  },
  'a file': {
    mount: (source) => ({ type: 'bind', source: join(source, 'file'), target: '/etc/m', readonly: true }),
    script: 'cat /etc/m; echo new 2>/dev/null >/etc/m && echo written || echo refused',
    said: 'given\nrefused\n',
    moved: { said: 'given\nwritten\n', kept: { file: 'new\n' } },
  },
  'memory, of a size': {
    mount: () => ({ type: 'tmpfs', target: '/m/n', size: 65_536 }),
    script:
      'ls -A /m/n; head -c 60000 /dev/zero > /m/n/a && echo fits; head -c 90000 /dev/zero 2>/dev/null > /m/n/b || echo no more',
    said: 'fits\nno more\n',
    moved: { said: 'fits\n' },
  },
  'memory over what is there': {
    mount: () => ({ type: 'tmpfs', target: '/etc' }),
    script: 'cat /etc/passwd 2>/dev/null || echo hidden',
    said: 'hidden\n',
  },
};

const there = 'for i in null zero random urandom full tty; do test -c /dev/$i && echo $i; done';
const all = 'null\nzero\nrandom\nurandom\nfull\ntty\n';
/** What an image has where a process needs something else: a script in the root, what a process says there or the reason. */
const oddRoots: readonly (readonly [
  title: string,
  made: string,
  command: string,
  said: string | { readonly reason: string },
])[] = [
  ['a file that is /dev/null', 'echo x > dev/null; chmod 4751 dev/null', there, all],
  ['a directory that is /dev/zero', 'mkdir dev/zero; echo x > dev/zero/x', there, all],
  ['links that are devices', 'ln -s none dev/tty; ln -s /etc/passwd dev/full; ln -s /etc dev/random', there, all],
  [
    'what is in /dev is hidden, and what the process puts there is gone',
    'echo x > dev/x; mkdir -m 1777 dev/d; echo y > dev/d/y; ln dev/x etc/x; chmod 700 dev; touch -d @9 dev/d dev',
    'cat /dev/x /dev/d/y 2>/dev/null || echo hidden; echo 2>/dev/null > /dev/new; echo 2>/dev/null > /dev/x; true',
    'hidden\n',
  ],
  ['for each user', 'chmod 700 dev; touch -d @9 dev', 'echo x > /dev/null && head -c3 /dev/zero | wc -c', '3\n'],
  ...['dev', 'proc', 'sys'].flatMap((name) =>
    [
      ['a file', `echo > ${name}`],
      ['a link to a directory', `mkdir real; ln -s real ${name}`],
      ['a link into nothing', `ln -s none/x ${name}`],
      ['a link that leads out', `mkdir ../outside; ln -s ../outside ${name}`],
      ['a link in a ring', `ln -s ${name} ${name}`],
    ].map(
      ([what, made]) => [`${what} at /${name}`, `rmdir ${name}; ${made}`, 'echo', { reason: 'root-unusable' }] as const,
    ),
  ),
  ...['hosts', 'resolv.conf'].flatMap(
    (name) =>
      [
        [`a directory at /etc/${name}`, `mkdir etc/${name}`, 'echo', { reason: 'root-unusable' }],
        [`a link in a ring at /etc/${name}`, `ln -s ${name} etc/${name}`, 'echo', { reason: 'root-unusable' }],
        [`a pipe at /etc/${name}`, `mkfifo etc/${name}`, `test -f /etc/${name} && echo file`, 'file\n'],
        [
          `a file for root alone at /etc/${name}`,
          `echo > etc/${name}; chmod 0 etc/${name}`,
          `cat /etc/${name} >/dev/null && echo`,
          '\n',
        ],
      ] as const,
  ),
  ['a file at /etc', 'mv etc gone; echo > etc', 'echo', { reason: 'root-unusable' }],
  ['no /etc', 'mv etc gone', 'grep -c localhost /etc/hosts', '2\n'],
  [
    'what the process does to the files of the network',
    'echo mine > etc/hosts; chmod 640 etc/hosts; touch -d @9 etc/hosts etc',
    'echo x 2>/dev/null >> /etc/hosts; echo x 2>/dev/null > /etc/resolv.conf; echo done',
    'done\n',
  ],
];

for (const [executor, { needed, hasMounts, own, devices: shown }] of entriesOf(executors)) {
  describe(`executor ${executor}`, needs(...needed), () => {
    let root: Awaited<ReturnType<typeof makeRoot>>;
    let runner: ProcessRunner;
    before(async () => {
      root = await makeRoot(0);
      // A root that a program of its own ends in, for each architecture that there is one for.
      const illegal = { amd64: '0f0b', arm64: '00000000' }[host.architecture] ?? '';
      writeFileSync(join(root.path, 'tmp', 'illegal'), tinyProgram(elfTargets[host.architecture]!, illegal), {
        mode: 0o755,
      });
      runner = new ProcessRunner(self, root.path, executor);
    });
    after(async () => {
      await runner[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    });
    const run: ProcessRunner['run'] = (script, changed, order) => runner.run(script, changed, { executor, ...order });
    /** What is in the root afterwards is what was in it before, with its times. */
    const leavesNothing = async (act: () => Promise<Ran>): Promise<Ran> => {
      const before = tree(root.path);
      const ran = await act();
      assert.deepEqual(tree(root.path), before);
      return ran;
    };

    test('it is the one that was asked for', async () => {
      const { executor: name, hasMounts: has } = await run('exit 0');
      assert.deepEqual({ name, has }, { name: executor, has: hasMounts });
    });

    for (const [title, command, changed, said] of outcomes)
      test(`${title}; and nothing is left`, async () => {
        const ran = await leavesNothing(() => run(command, changed));
        const expected = { stdout: '', stderr: '', status: { code: 0 }, ...said };
        const { stdout, ...rest } = expected;
        assert.deepEqual({ stderr: ran.stderr, status: ran.status }, rest);
        if (typeof stdout === 'string') assert.equal(ran.stdout, stdout);
        else assert.match(ran.stdout, stdout as unknown as RegExp);
      });

    for (const [title, args, changed, reason] of unstartable)
      test(`${title}: ${reason}, and nothing is left`, async () => {
        const { failure, stdout, stderr } = await leavesNothing(() => run(args, changed));
        assert.deepEqual({ reason: failure?.reason, stdout, stderr }, { reason, stdout: '', stderr: '' });
      });

    test('what the process does to the root stays, and a missing working directory with it', async () => {
      await using other = await makeRoot(0);
      const made = { cwd: '/made/by/ada', user: ada };
      const { status } = await run('pwd > here; rm /bin/wc 2>/dev/null', made, { rootfs: other.path });
      assert.equal(status?.code, 1, 'what is root’s is not ada’s to remove');
      assert.deepEqual(
        tree(join(other.path, 'made')).map((line) => line.replace(/ \d+$/, '')),
        [
          '/ 755 1000:1000',
          'by/ 755 1000:1000',
          'by/ada/ 755 1000:1000',
          'by/ada/here 644 1000:1000 "/made/by/ada\\n"',
        ],
      );
    });

    test('a path to the root that has links is as good', async () => {
      const link = join(root.dir, `link-${randomUUID()}`);
      mkdirSync(link);
      assert.equal((await run('echo here', {}, { rootfs: `${link}/../root` })).stdout, 'here\n');
    });

    test('killed from outside, as for lack of memory', async () => {
      const mark = randomUUID();
      const running = run(['/bin/sleep', '1000'], { env: ['PATH=/bin', `MARK=${mark}`] });
      const sleeping = () => processesWith(mark).filter((pid) => commandOf(pid) === 'sleep');
      const [pid] = await eventually(sleeping, (pids) => pids.length > 0);
      process.kill(pid!, 'SIGKILL');
      assert.deepEqual((await running).status, { code: 137, signal: 'SIGKILL' });
    });

    test('what a process leaves behind ends with it', async () => {
      const mark = randomUUID();
      const { status } = await leavesNothing(() =>
        run('(setsid sleep 1000 &); (sleep 1000 &); exit 3', { env: ['PATH=/bin', `MARK=${mark}`] }),
      );
      assert.deepEqual([status, processesWith(mark)], [{ code: 3 }, []]);
    });

    test('an abort ends all of it, and is what run() rejects with', async () => {
      const mark = randomUUID();
      const script = '(setsid sleep 1000 &); echo up; sleep 1000';
      const { status, error } = await leavesNothing(() =>
        run(script, { env: ['PATH=/bin', `MARK=${mark}`] }, { abortWhen: 'step-output' }),
      );
      assert.equal(status, undefined);
      assert.equal(error, 'Error: enough');
      assert.deepEqual(processesWith(mark), []);
    });

    test('a signal that is aborted already starts nothing', async () => {
      const { status, error, stdout } = await leavesNothing(() => run('echo started', {}, { isAborted: true }));
      assert.deepEqual([status, stdout], [undefined, '']);
      assert.match(error ?? '', /ended before it began/);
    });

    test('of a process that says more than is heard, nothing is lost', async () => {
      const { stdout, status } = await run('seq 1 20000', {}, { hearing: 1 });
      assert.deepEqual(status, { code: 0 });
      assert.equal(stdout, Array.from({ length: 20_000 }, (_, at) => `${at + 1}\n`).join(''));
    });

    test('several at once, each in a root of its own', async () => {
      await using other = await makeRoot(0);
      const ran = await Promise.all([run('echo a > /a; cat /a'), run('ls /a', {}, { rootfs: other.path })]);
      assert.deepEqual(
        ran.map(({ stdout, status, failure, error }) => ({ stdout, status, failure, error })),
        [
          { stdout: 'a\n', status: { code: 0 }, failure: undefined, error: undefined },
          { stdout: '', status: { code: 1 }, failure: undefined, error: undefined },
        ],
      );
    });

    test('limits and lacks are sentences with a way out, and asking for them can be aborted', async () => {
      const { limits, lacks } = await run('', {}, { asksLimits: true });
      for (const { programs } of lacks!) assert.ok(programs.length > 0);
      for (const { id, message, fix } of [...limits!, ...lacks!]) {
        assert.match(id, /^[a-z-]+$/);
        assert.match(message, /^steps .*[^.]$/);
        assert.ok(fix.length > 0);
      }
      assert.equal(
        limits!.some(({ id }) => id === 'chroot'),
        executor === 'chroot',
      );
      const { error } = await run('', {}, { asksLimits: true, isAborted: true });
      assert.match(error ?? '', /ended before it began/);
    });

    test('without a network there is no interface but the loopback interface, or it is refused', async () => {
      const script = 'while read -r name _; do echo "$name"; done < /proc/net/dev';
      const { stdout, failure } = await leavesNothing(() => run(script, { network: 'none' }));
      const names = stdout.split('\n').filter((line) => line.endsWith(':'));
      if (own.includes('net')) assert.deepEqual({ names, failure }, { names: ['lo:'], failure: undefined });
      else assert.deepEqual({ stdout, reason: failure?.reason }, { stdout: '', reason: 'network-unsupported' });
    });

    for (const [title, { mount, script, moved, ...mounted }] of Object.entries(mounts))
      test(`a mount: ${title}; and nothing is left`, async () => {
        const source = join(root.dir, `source-${randomUUID()}`);
        mkdirSync(source);
        writeFileSync(join(source, 'file'), 'given\n');
        const ran = await leavesNothing(() => run(script, { mounts: [mount(source)] }));
        const { said, kept = given } = hasMounts ? mounted : (moved ?? mounted);
        assert.deepEqual(
          { stdout: ran.stdout, failure: ran.failure },
          { stdout: said, failure: undefined },
          ran.stderr,
        );
        const files = readdirSync(source).map((name) => [name, readFileSync(join(source, name), 'utf8')]);
        assert.deepEqual(Object.fromEntries(files), kept);
        assert.deepEqual(
          readdirSync(root.dir).filter((name) => name.startsWith('root-')),
          [],
        );
      });

    for (const [title, made, command, said] of oddRoots)
      test(`a root that has ${title}; it is as it was`, async () => {
        await using other = await makeRoot(0);
        execFileSync('sh', ['-ec', made], { cwd: other.path });
        const user = title === 'for each user' ? { user: ada } : {};
        const before = tree(other.path);
        const { stdout, stderr, failure } = await run(command, user, { rootfs: other.path });
        const { reason } = typeof said === 'string' ? {} : said;
        const expected = { stdout: typeof said === 'string' ? said : '', stderr: '', reason };
        assert.deepEqual({ stdout, stderr, reason: failure?.reason }, expected);
        assert.deepEqual(tree(other.path), before);
        assert.deepEqual(
          readdirSync(other.dir).filter((name) => name.startsWith('root-')),
          [],
        );
      });

    test('/dev holds these and nothing else', async () => {
      const { stdout } = await run('ls -A /dev');
      assert.deepEqual(stdout.trim().split('\n'), shown);
    });

    test('the host name is the one that is given, or that of the machine', async () => {
      const { stdout } = await run('hostname', { hostname: 'a-name-of-its-own' });
      assert.equal(stdout.trim(), own.includes('uts') ? 'a-name-of-its-own' : hostname());
    });

    test('seen from outside: namespaces, capabilities, system calls and open files of two at once', async () => {
      await using other = await makeRoot(0);
      const seen = await Promise.all([
        seenFromOutside(run, {}),
        seenFromOutside(run, { user: ada, rootfs: other.path }),
      ]);
      const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'];
      const apart = kinds.filter((kind) => new Set([ofThis(kind), ...seen.map(({ ns }) => ns[kind])]).size === 3);
      assert.deepEqual(apart, own);
      const { limits } = await run('', {}, { asksLimits: true });
      assert.ok(own.length === kinds.length || limits!.length > 0, 'what is not kept apart is said');
      const [root, user] = seen;
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.equal(root!.capabilities[set]! & ~ordinaryCapabilities, 0n, set);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.equal(user!.capabilities[set], 0n, set);
      const isFiltered = !limits!.some(({ id }) => id === 'seccomp');
      for (const { files, filter } of seen)
        assert.deepEqual({ files, isFiltered: filter === '2' }, { files: ['0', '1', '2'], isFiltered });
    });
  });
}

/** Docker's default. https://github.com/moby/moby/blob/v27.0.0/oci/caps/defaults.go */
const ordinaryCapabilities = 0xa80425fbn;

function ofThis(namespace: string): string {
  return readlinkSync(`/proc/self/ns/${namespace}`);
}

/** What this machine knows of a step that sleeps, which is then ended. */
async function seenFromOutside(
  run: ProcessRunner['run'],
  changed: Partial<ProcessSpec> & { readonly rootfs?: string },
) {
  const mark = randomUUID();
  const { rootfs, ...others } = changed;
  const step = { ...others, env: ['PATH=/bin', `MARK=${mark}`] };
  // The namespaces without network are all there are; who cannot have them runs with that of the machine.
  const start = (network: ProcessSpec['network']) =>
    run(['/bin/sleep', '1000'], { ...step, network }, rootfs === undefined ? {} : { rootfs });
  const running = start('none').then((ran) => (ran.failure?.reason === 'network-unsupported' ? start('host') : ran));
  const sleeping = () => processesWith(mark).filter((pid) => commandOf(pid) === 'sleep');
  const [pid] = await eventually(sleeping, (pids) => pids.length > 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  const seen = {
    ns: Object.fromEntries(
      readdirSync(`/proc/${pid}/ns`).map((kind) => [kind, readlinkSync(`/proc/${pid}/ns/${kind}`)]),
    ),
    capabilities: Object.fromEntries(
      ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((set) => [set, BigInt(`0x${field(set)}`)]),
    ),
    files: readdirSync(`/proc/${pid}/fd`),
    filter: field('Seccomp'),
  };
  process.kill(pid!, 'SIGKILL');
  await running;
  return seen;
}
