import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs } from '../../support/needs.ts';
import { self } from '../../worker/people.ts';
import { childrenOf, commandOf, eventually, isAlive, parentOf, processesWith } from '../../worker/processes.ts';
import { ProcessRunner } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';
import { paths, tree } from './tree.ts';

describe('ChrootExecutor', needs('linux', 'root', 'busybox'), () => {
  let root: Awaited<ReturnType<typeof makeRoot>>;
  let runner: ProcessRunner;
  before(async () => {
    root = await makeRoot(0);
    runner = new ProcessRunner(self, root.path, 'chroot');
  });
  after(async () => {
    await runner[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });
  const run: ProcessRunner['run'] = (script, changed, order) =>
    runner.run(script, changed, { executor: 'chroot', ...order });

  test('runs in the root, with devices and names of the network, and leaves nothing', async () => {
    const before = tree(root.path);
    const script =
      'ls /; ls /dev; echo x > /dev/null; head -c3 /dev/zero | wc -c; cat /etc/resolv.conf /etc/hosts; exit 5';
    const { stdout, stderr, status } = await run(script, { hostname: 'box' });
    assert.deepEqual({ stderr, status }, { stderr: '', status: { code: 5 } });
    assert.equal(
      stdout,
      'bin\ndev\netc\nhome\nproc\nsys\ntmp\nfull\nnull\nrandom\ntty\nurandom\nzero\n3\n' +
        `${readFileSync('/etc/resolv.conf', 'utf8')}127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n`,
    );
    assert.deepEqual(tree(root.path), before);
  });

  const workers = [
    { name: 'that sees it', stopped: false },
    { name: 'that sees nothing any more: it is killed', stopped: true },
  ];
  for (const { name, stopped } of workers) {
    test(`kill -9 of the main process ends the step, what it has left behind, and a worker ${name}`, async () => {
      const mark = randomUUID();
      await using other = await makeRoot(0);
      await using another = new ProcessRunner(self, other.path, 'chroot');
      const script = '(setsid sleep 1000 &); sleep 1000';
      void another.run(script, { env: ['PATH=/bin', `MARK=${mark}`] }, { executor: 'chroot' });
      const started = await eventually(
        () => processesWith(mark).filter((pid) => commandOf(pid) === 'sleep'),
        (pids) => pids.length >= 2,
      );
      assert.ok(started.length >= 2);
      const worker = started.map((pid) => grandchildAbove(pid, another.process.pid!)).find((pid) => pid !== undefined);
      assert.ok(worker !== undefined);
      const others = stopped ? childrenOf(parentOf(worker)).filter((pid) => pid !== worker) : [];
      for (const pid of stopped ? [worker, ...others] : []) process.kill(pid, 'SIGSTOP');
      // What keeps the worker goes on when all threads of the main process are gone, and its pipes closed for certain.
      const gone = once(another.process, 'exit');
      another.process.kill('SIGKILL');
      await gone;
      for (const pid of others) process.kill(pid, 'SIGCONT');
      const left = () => [...processesWith(mark), ...(isAlive(worker) ? [worker] : [])];
      assert.deepEqual(await eventually(left, (pids) => pids.length === 0, 10_000), []);
    });
  }

  test('gives files of the image back as they were, whatever the process made of them', async () => {
    await using other = await makeRoot(0);
    writeFileSync(join(other.path, 'etc', 'hosts'), 'of the image');
    writeFileSync(join(other.path, 'etc', 'resolv.conf'), 'of the image');
    const ran = await run('echo mine > /etc/hosts; rm /etc/resolv.conf', {}, { rootfs: other.path });
    assert.deepEqual(ran.status, { code: 0 });
    assert.equal(readFileSync(join(other.path, 'etc', 'hosts'), 'utf8'), 'of the image');
    assert.equal(readFileSync(join(other.path, 'etc', 'resolv.conf'), 'utf8'), 'of the image');
  });

  test('what it removes or replaces of the kernel’s directories is as it was', async () => {
    await using other = await makeRoot(0);
    mkdirSync(join(other.path, 'dev', 'of-the-image'), { mode: 0o700 });
    const before = tree(other.path).filter((line) => !line.startsWith('/ '));
    const machine = join(other.dir, 'dev-of-machine');
    mkdirSync(machine);
    writeFileSync(join(machine, 'x'), '');
    const script = `rm -r /dev && ln -s ${machine} /dev; rmdir /proc && echo > /proc; rmdir /sys; echo done`;
    assert.equal((await run(script, {}, { rootfs: other.path })).stdout, 'done\n');
    assert.deepEqual(
      tree(other.path).filter((line) => !line.startsWith('/ ')),
      before,
    );
    assert.deepEqual(paths(machine), ['x']);
  });

  test('in an overlay, which nothing can be moved out of', async () => {
    await using other = await makeRoot(0);
    execFileSync(
      'sh',
      ['-ec', 'mkdir dev/d; echo x > dev/d/x; echo y > dev/null; touch -d @9 dev/d; echo z > etc/hosts'],
      {
        cwd: other.path,
      },
    );
    const before = tree(other.path);
    const { upper, stderr, status } = await run(
      'echo x > /dev/null; rm /etc/hosts',
      {},
      { rootfs: other.path, overlay: true },
    );
    assert.deepEqual({ stderr, status }, { stderr: '', status: { code: 0 } });
    const times = /(?<=^(etc)?\/ .*) \d+$/;
    assert.deepEqual(
      upper!
        .map((line) => line.replace(times, ''))
        .filter((line) => !before.map((one) => one.replace(times, '')).includes(line)),
      [],
    );
  });

  test('a root whose directory was replaced by a link to that of the machine does not lead the clean-up there', async () => {
    await using other = await makeRoot(0);
    const machine = join(other.dir, 'etc-of-machine');
    mkdirSync(machine);
    writeFileSync(join(machine, 'resolv.conf'), readFileSync('/etc/resolv.conf'));
    const { status } = await run(`mv /etc /gone && ln -s ${machine} /etc`, {}, { rootfs: other.path });
    assert.deepEqual(status, { code: 0 });
    assert.equal(readFileSync(join(machine, 'resolv.conf'), 'utf8'), readFileSync('/etc/resolv.conf', 'utf8'));
    assert.deepEqual(paths(machine), ['resolv.conf']);
  });

  test('there is no proc', async () => {
    assert.equal((await run('cat /proc/self/status 2>/dev/null || echo no proc')).stdout, 'no proc\n');
  });

  interface Moved {
    /** Below a directory with `a` and `a/in`, each with a file of its name: source and target of each mount. */
    readonly mounts: readonly (readonly [source: string, target: string])[];
    readonly script: string;
    readonly stdout?: string;
    /** What is in the sources then, by path. */
    readonly kept: Readonly<Record<string, string>>;
    /** What is new in the root. */
    readonly added?: readonly string[];
  }
  const as = { 'a/a': 'A', 'a/in/in': 'IN' };
  const moved: Readonly<Record<string, Moved>> = {
    'a directory that a process moves away is given back all the same': {
      mounts: [['a', '/m']],
      script: 'mv /m /n; echo x > /n/x',
      kept: { ...as, 'a/x': 'x\n' },
    },
    'a directory whose place is moved away': {
      mounts: [['a', '/srv/m']],
      script: 'mv /srv /other; echo x > /other/m/x',
      kept: { ...as, 'a/x': 'x\n' },
      added: ['other'],
    },
    'a directory that a process removes is empty': { mounts: [['a', '/m']], script: 'rm -r /m', kept: {} },
    'a directory that is replaced': { mounts: [['a', '/m']], script: 'rm -r /m; echo > /m', kept: {} },
    'a directory at two places': {
      mounts: [
        ['a', '/m'],
        ['a', '/n'],
      ],
      script: 'echo x > /n/x; cat /m/x',
      stdout: 'x\n',
      kept: { ...as, 'a/x': 'x\n' },
    },
    'twice at one place': {
      mounts: [
        ['a', '/m'],
        ['a', '/m'],
      ],
      script: 'cat /m/a',
      stdout: 'A',
      kept: as,
    },
    'one that is in another, which is asked for later': {
      mounts: [
        ['a/in', '/m'],
        ['a', '/n'],
      ],
      script: 'cat /m/in; echo x > /m/x; cat /n/in/x',
      stdout: 'INx\n',
      kept: { ...as, 'a/in/x': 'x\n' },
    },
    'one inside another': {
      mounts: [
        ['a/in', '/m/deep/n'],
        ['a', '/m'],
      ],
      script: 'cat /m/a /m/deep/n/in; ls /m',
      stdout: 'AINa\ndeep\nin\n',
      kept: as,
    },
    'a link in the image leads to the place': {
      mounts: [['a', '/link/m']],
      script: 'cat /tmp/m/a',
      stdout: 'A',
      kept: as,
    },
  };
  for (const [title, { mounts, script, stdout = '', kept, added = [] }] of Object.entries(moved))
    test(`what is moved there instead of mounted: ${title}`, async () => {
      await using other = await makeRoot(0);
      execFileSync('sh', ['-ec', 'ln -s tmp link; mkdir home/d'], { cwd: other.path });
      const sources = join(other.dir, 'sources');
      mkdirSync(join(sources, 'a/in'), { recursive: true });
      writeFileSync(join(sources, 'a/a'), 'A');
      writeFileSync(join(sources, 'a/in/in'), 'IN');
      const before = paths(other.path);
      const list = mounts.map(
        ([source, target]) => ({ type: 'bind', source: join(sources, source), target, readonly: false }) as const,
      );
      const ran = await run(script, { mounts: list }, { rootfs: other.path });
      const { stdout: printed, stderr, failure, error } = ran;
      assert.deepEqual(
        { printed, stderr, failure, error },
        { printed: stdout, stderr: '', failure: undefined, error: undefined },
      );
      const files = paths(sources).filter((path) => statSync(join(sources, path)).isFile());
      const entries = files.map((path) => [path, readFileSync(join(sources, path), 'utf8')]);
      assert.deepEqual(Object.fromEntries(entries), kept);
      assert.ok(statSync(join(sources, 'a')).isDirectory());
      assert.deepEqual(
        paths(other.path).filter((path) => !before.includes(path)),
        added,
      );
    });

  test('what can only be in itself is refused', async () => {
    const source = join(root.dir, 'both');
    mkdirSync(join(source, 'in'), { recursive: true });
    const inner = { type: 'bind', source: join(source, 'in'), target: '/m', readonly: false } as const;
    const outer = { type: 'bind', source, target: '/m/n', readonly: false } as const;
    const { failure } = await run('true', { mounts: [inner, outer] });
    assert.equal(failure?.reason, 'mount-target-invalid');
  });

  const refused: [title: string, changed: Parameters<typeof run>[1], reason: string][] = [
    ['a mount over the root', { mounts: [{ type: 'tmpfs', target: '/' }] }, 'mount-target-invalid'],
    ['a mount over what is the kernel’s', { mounts: [{ type: 'tmpfs', target: '/proc/x' }] }, 'mount-target-invalid'],
    ['a mount over a file', { mounts: [{ type: 'tmpfs', target: '/etc/passwd' }] }, 'mount-target-invalid'],
    [
      'a source that is not there',
      { mounts: [{ type: 'bind', source: '/nowhere/at/all', target: '/m', readonly: false }] },
      'mount-source-missing',
    ],
    ['a size of /dev/shm', { shmSize: 4096 }, 'setting-unsupported'],
    ['a host name that somebody chose', { hostname: 'x', isNamed: true }, 'setting-unsupported'],
    ['a process without network', { network: 'none' }, 'network-unsupported'],
  ];
  for (const [title, changed, reason] of refused) {
    test(`refuses ${title}`, async () => assert.equal((await run('true', changed)).failure?.reason, reason));
  }
});

/** Of a process and those above it: the one whose parent's parent is `top`, here the worker below its shell. */
function grandchildAbove(pid: number, top: number): number | undefined {
  for (let at = pid; at > 1; at = parentOf(at)) if (parentOf(parentOf(at)) === top) return at;
  return undefined;
}
