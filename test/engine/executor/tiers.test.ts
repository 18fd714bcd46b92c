import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, lchownSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { elfTargets, tinyProgram } from '../../../src/engine/executor/elf.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { needs } from '../../support/needs.ts';
import { nobodyInParticular, type Person, personWithSubids, self, subids } from '../../worker/people.ts';
import { eventually, processesWith } from '../../worker/processes.ts';
import { ProcessRunner } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';
import { tree } from './tree.ts';

const ada = { uid: 1000, gid: 1000, additionalGids: [1000] };
const foreign = hostPlatform(process.arch).architecture === 'arm64' ? 'amd64' : 'arm64';
const required = ['linux', 'root', 'user namespaces', 'busybox', 'setpriv', 'useradd', 'newuidmap'];

/** A root with a program of another architecture, and a runner in the worker of the person. */
function fixture(person: () => Person) {
  const made: { root?: Awaited<ReturnType<typeof makeRoot>>; runner?: ProcessRunner } = {};
  before(async () => {
    const { uid } = person();
    made.root = await makeRoot(uid);
    const target = elfTargets[foreign]!;
    const file = join(made.root.path, 'home', 'foreign');
    writeFileSync(file, tinyProgram(target, target.exit), { mode: 0o755 });
    lchownSync(file, uid, uid);
    made.runner = new ProcessRunner(person(), made.root.path);
  });
  after(async () => {
    await made.runner?.[Symbol.asyncDispose]();
    await made.root?.[Symbol.asyncDispose]();
  });
  return {
    path: () => made.root!.path,
    run: (...args: Parameters<ProcessRunner['run']>) => made.runner!.run(...args),
  };
}

describe('a user with subordinate ids', needs(...required), () => {
  const person = personWithSubids;
  const { path, run } = fixture(person);

  test('runs as root, with name and network of its own', async () => {
    const script = 'id -u; hostname; cat /sys/class/net/lo/flags; for i in /sys/class/net/*; do echo $i; done';
    const { stdout, stderr, status } = await run(script, { network: 'none', hostname: 'box' });
    assert.deepEqual(
      { stdout, stderr, status },
      { stdout: '0\nbox\n0x9\n/sys/class/net/lo\n', stderr: '', status: { code: 0 } },
    );
  });

  test('another user is another user, in the image and on the disk', async () => {
    const { stdout } = await run('touch /tmp/of-ada; id -u; id -G; cat /proc/self/status | grep CapEff', { user: ada });
    assert.equal(stdout, '1000\n1000\nCapEff:\t0000000000000000\n');
    const { uid, gid } = lstatSync(join(path(), 'tmp', 'of-ada'));
    const [users, groups] = [subids('/etc/subuid', person()), subids('/etc/subgid', person())];
    assert.deepEqual([uid, gid], [users[0] + 999, groups[0] + 999]);
  });

  test('root changes owners', async () => {
    assert.deepEqual((await run('touch /tmp/x && chown 33:44 /tmp/x && stat -c %u:%g /tmp/x')).stdout, '33:44\n');
  });

  test('runs programs of other architectures', needs('private binfmt_misc', 'qemu-aarch64-static'), async () => {
    const { status, failure } = await run(['/home/foreign'], { platform: { os: 'linux', architecture: foreign } });
    assert.deepEqual({ status, failure }, { status: { code: 0 }, failure: undefined });
  });

  test('in an overlay', async () => {
    const { stdout, upper } = await run('rm /bin/wc; echo x > /tmp/new; cat /tmp/new', {}, { overlay: true });
    assert.equal(stdout, 'x\n');
    assert.ok(upper!.includes('bin/wc is a device'));
  });
});

describe('a user without', needs(...required), () => {
  const { path, run } = fixture(() => nobodyInParticular);

  test('runs as root of one id, and leaves nothing', async () => {
    const before = tree(path());
    const { stdout, stderr, status } = await run('id; hostname', { user: { uid: 0, gid: 0, additionalGids: [0, 10] } });
    assert.deepEqual(
      { stdout, stderr, status },
      { stdout: 'uid=0(root) gid=0(root)\nbuildkitsandbox\n', stderr: '', status: { code: 0 } },
    );
    assert.deepEqual(tree(path()), before);
  });

  test('another user is a failure, and never root under another name', async () => {
    const { failure } = await run('id', { user: ada });
    assert.equal(failure?.reason, 'id-not-mapped');
  });

  test('runs programs of other architectures', needs('private binfmt_misc', 'qemu-aarch64-static'), async () => {
    const { status, failure } = await run(['/home/foreign'], { platform: { os: 'linux', architecture: foreign } });
    assert.deepEqual({ status, failure }, { status: { code: 0 }, failure: undefined });
  });

  test('kill -9 of the parent ends a running step', async () => {
    const mark = randomUUID();
    await using runner = new ProcessRunner(nobodyInParticular, path());
    void runner.run('(setsid sleep 1000 &); sleep 1000', { env: ['PATH=/bin', `MARK=${mark}`] });
    const started = await eventually(
      () => processesWith(mark),
      (pids) => pids.length >= 2,
    );
    assert.ok(started.length >= 2);
    runner.process.kill('SIGKILL');
    assert.deepEqual(
      await eventually(
        () => processesWith(mark),
        (pids) => pids.length === 0,
      ),
      [],
    );
  });
});

describe(
  'emulation',
  needs('linux', 'root', 'user namespaces', 'busybox', 'private binfmt_misc', 'qemu-aarch64-static'),
  () => {
    const { path, run } = fixture(() => self);
    const platform = { os: 'linux', architecture: foreign };

    // First: once an emulator is registered in this namespace, it is there for all that follow.
    test('without an emulator it is a failure that names the package', async () => {
      const { failure } = await run('true', { platform }, { withoutEmulators: true });
      assert.equal(failure?.reason, 'emulation-unavailable');
      assert.match(failure.hint ?? '', /qemu-user-static/);
    });

    test('an architecture nobody has is a failure that says so', async () => {
      const { failure } = await run('true', { platform: { os: 'linux', architecture: 'mips64le' } });
      assert.equal(failure?.reason, 'emulation-unavailable');
    });

    // Writes the first four characters of its name; ends with its effective uid.
    const naming = 'e10740f9 200080d2 820080d2 080880d2 010000d4 e81580d2 010000d4 a80b80d2 010000d4';
    test('keeps the name a program is called by, and the rights of set-user-ID programs', {
      skip: foreign !== 'arm64',
    }, async () => {
      const file = join(path(), 'tmp', 'naming');
      writeFileSync(file, tinyProgram(elfTargets['arm64']!, naming), { mode: 0o755 });
      const asAda = () => run(['naming'], { platform, user: ada, env: ['PATH=/tmp'] });
      const { stdout, status } = await asAda();
      assert.deepEqual({ stdout, status }, { stdout: 'nami', status: { code: 1000 & 0xff } });
      chmodSync(file, 0o4755);
      assert.deepEqual((await asAda()).status, { code: 0 });
    });

    test('a program that is started by another is emulated as well, and nothing of it is in the root', async () => {
      const { stdout, status } = await run('/home/foreign && ls -d /usr /lib* 2>/dev/null; echo done', { platform });
      assert.deepEqual({ stdout, status }, { stdout: 'done\n', status: { code: 0 } });
    });
  },
);
