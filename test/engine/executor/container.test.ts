import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { needs } from '../../support/needs.ts';
import { self } from '../../worker/people.ts';
import { processesWith } from '../../worker/processes.ts';
import { asContainer } from './as-container.ts';
import { ProcessRunner } from './process-runner.ts';
import { makeRoot } from './root-fixture.ts';
import { tree } from './tree.ts';

for (const isolation of ['namespaces', 'chroot'] as const) {
  describe(`root of a container, ${isolation}`, needs('linux', 'root', 'user namespaces', 'busybox', 'setpriv'), () => {
    let root: Awaited<ReturnType<typeof makeRoot>>;
    let runner: ProcessRunner;
    before(async () => {
      root = await makeRoot(0);
      runner = new ProcessRunner(self, root.path, isolation, asContainer);
    });
    after(async () => {
      await runner[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    });
    const executor = isolation;
    const run: ProcessRunner['run'] = (script, changed, order) => runner.run(script, changed, { executor, ...order });

    test('runs steps as any user, and leaves nothing', async () => {
      const before = tree(root.path);
      const user = { uid: 1000, gid: 1000, additionalGids: [1000] };
      const { stdout, stderr, status } = await run('id -u; id -G; echo x > /dev/null', { user });
      assert.deepEqual({ stdout, stderr, status }, { stdout: '1000\n1000\n', stderr: '', status: { code: 0 } });
      assert.deepEqual(tree(root.path), before);
    });

    test('daemons end with the process', async () => {
      const mark = randomUUID();
      await run('(setsid sleep 1000 &); sleep 0.1', { env: ['PATH=/bin', `MARK=${mark}`] });
      assert.deepEqual(processesWith(mark), []);
    });

    test('abort ends everything', async () => {
      const mark = randomUUID();
      const { error } = await run(
        '(setsid sleep 1000 &); sleep 1000',
        { env: ['PATH=/bin', `MARK=${mark}`] },
        { abortAfter: 700 },
      );
      assert.match(error ?? '', /^TimeoutError/);
      assert.deepEqual(processesWith(mark), []);
    });

    // What follows looks into /proc, which a change of root alone does not have.
    if (isolation === 'chroot') return;

    test('root has the default capabilities and no more', async () => {
      const { stdout } = await run('grep -E "Cap(Eff|Bnd)" /proc/self/status');
      assert.equal(stdout, 'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n');
    });

    test('/proc is that of the container, with what it covers and what we cover', async () => {
      const { stdout } = await run(
        'wc -c < /proc/keys; wc -c < /proc/interrupts; cat /proc/self/comm; echo x 2>/dev/null > /proc/sys/kernel/domainname || echo read-only',
      );
      assert.equal(stdout, '0\n0\ncat\nread-only\n');
    });

    test('nothing in that /proc can be written to, which has the files of other processes; its own output can', async () => {
      const write =
        'for f in /proc/[0-9]*/oom_score_adj /proc/self/oom_score_adj; do cat $f 2>/dev/null >$f && echo $f; done';
      const { stdout, status } = await run(`(${write}) 2>/dev/null; echo said > /proc/self/fd/1`);
      assert.deepEqual([stdout, status], ['said\n', { code: 0 }]);
    });

    test('no mount below /sys and of what is read-only below /proc can be written to', async () => {
      const { stdout } = await run('cat /proc/self/mountinfo');
      const lines = stdout.split('\n').filter((line) => / \/(sys|proc\/sys|proc\/bus|proc\/irq)(\/| )/.test(line));
      const last = new Map(lines.map((line) => [line.split(' ')[4]!, line.split(' ')[5]!]));
      assert.ok(last.has('/sys') && last.has('/proc/sys'));
      assert.deepEqual(
        [...last].filter(([, options]) => !options.split(',').includes('ro')),
        [],
      );
    });

    test('processes outside are in /proc, but their roots are out of reach', async () => {
      const { stdout } = await run(
        'for p in /proc/[0-9]*; do ls $p/root/ 2>/dev/null | grep -q boot && echo $p; done; true',
      );
      assert.equal(stdout, '');
    });

    test('without network', async () => {
      const { stdout, failure } = await run('ls /proc/self/net/dev >/dev/null; cat /proc/self/net/dev | grep -c :', {
        network: 'none',
      });
      assert.deepEqual([stdout, failure], ['1\n', undefined]);
    });
  });
}
