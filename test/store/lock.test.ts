import assert from 'node:assert/strict';
import { readdir, readFile, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Lock } from '../../src/store/lock.ts';
import { formatProcessIdentity, thisProcess } from '../../src/store/process-identity.ts';
import { Store } from '../../src/store/store.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { fails } from './fails.ts';
import { Child } from './start-child.ts';

const never = new AbortController().signal;
const self = thisProcess();
const dead = { ...self, pid: 2 ** 30 };

test('hold() lets one in at a time: of one lock and of several on the same path', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'lock');
  const locks = [new Lock(path), new Lock(path)];
  let inside = 0;
  const enter = async () => {
    inside += 1;
    assert.equal(inside, 1);
    await delay(1);
    inside -= 1;
  };
  await Promise.all([...locks, ...locks, ...locks].map((lock) => lock.hold(enter, never)));
  assert.deepEqual(await readdir(dir.path), []);
});

test('hold() gives the lock up when the work fails', async () => {
  await using dir = await tempDir();
  const lock = new Lock(join(dir.path, 'lock'));
  await assert.rejects(
    lock.hold(() => Promise.reject(new Error('broke')), never),
    /broke/,
  );
  assert.equal(await lock.hold(async () => 'next', never), 'next');
});

const stale: [title: string, links: Record<string, string>][] = [
  ['whose owner is gone', { lock: `${formatProcessIdentity(dead)}:a1` }],
  ['whose owner had our pid', { lock: `${formatProcessIdentity({ ...self, startTime: '1' })}:a1` }],
  ['of an earlier boot', { lock: `${formatProcessIdentity({ ...self, boot: '00000000' })}:a1` }],
  [
    'that a remover died over',
    { lock: `${formatProcessIdentity(dead)}:a1`, 'lock.a1': `${formatProcessIdentity(dead)}:b2` },
  ],
  [
    'that two removers died over',
    {
      lock: `${formatProcessIdentity(dead)}:a1`,
      'lock.a1': `${formatProcessIdentity(dead)}:b2`,
      'lock.b2': `${formatProcessIdentity(dead)}:c3`,
    },
  ],
];
for (const [title, links] of stale) {
  test(`acquire() takes over a lock ${title}`, needs('linux'), async () => {
    await using dir = await tempDir();
    for (const [name, target] of Object.entries(links)) await symlink(target, join(dir.path, name));
    const lock = new Lock(join(dir.path, 'lock'), { timeout: 5_000 });
    const release = await lock.acquire(never);
    assert.match(await readlink(join(dir.path, 'lock')), new RegExp(`^${formatProcessIdentity(self)}:`));
    await lock.tidy();
    assert.deepEqual(await readdir(dir.path), ['lock']);
    await release();
    assert.deepEqual(await readdir(dir.path), []);
  });
}

const held: [title: string, target: string, holder: string][] = [
  ['of a living process', `${formatProcessIdentity(self)}:a1`, `process ${self.pid}`],
  [
    'of another container',
    `${formatProcessIdentity({ ...self, pidNamespace: '1', pid: 7 })}:a1`,
    'process 7 of another container',
  ],
  ['of nobody we know', 'what is this', 'an unknown process (what is this)'],
];
for (const [title, target, holder] of held) {
  test(`acquire() says who holds a lock ${title}`, needs('linux'), async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'lock');
    await symlink(target, path);
    const { message } = await fails(new Lock(path, { timeout: 20 }).acquire(never), 'lock-timeout');
    assert.ok(message.includes(`is held by ${holder} `), message);
    assert.equal(await readlink(path), target);
  });
}

test('acquire() ends when the signal aborts', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'lock');
  const release = await new Lock(path).acquire(never);
  const waiting = new Lock(path).acquire(AbortSignal.timeout(20));
  await assert.rejects(waiting, { name: /AbortError|TimeoutError/ });
  await release();
  assert.deepEqual(await readdir(dir.path), []);
});

test('release leaves a lock alone that another has taken over', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'lock');
  const release = await new Lock(path).acquire(never);
  await unlink(path);
  await symlink(`${formatProcessIdentity(self)}:theirs`, path);
  await release();
  assert.equal(await readlink(path), `${formatProcessIdentity(self)}:theirs`);
});

test('hold() loses no step of a count that several processes make', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'number'), '0');
  const children = await Promise.all(['a', 'b', 'c'].map((name) => Child.start('count', dir.path, name, '60')));
  await Promise.all(children.map((child) => child.ended()));
  assert.equal(await readFile(join(dir.path, 'number'), 'utf8'), '180');
  assert.deepEqual(await readdir(dir.path), ['number']);
});

test('acquire() takes over the lock of a process that was killed', async () => {
  await using dir = await tempDir();
  await using child = await Child.start('hold', dir.path);
  const lock = new Lock(join(dir.path, 'lock'), { timeout: 50 });
  await fails(lock.acquire(never), 'lock-timeout');
  await child.kill();
  await (await lock.acquire(never))();
  assert.deepEqual(await readdir(dir.path), []);
});

test('opening a store removes the locks of the dead, and of them alone', async () => {
  await using dir = await tempDir();
  await (await Store.open(dir.path)).close();
  const inAnother = { ...dead, pidNamespace: '1' };
  for (const [owner, isLeft] of [
    [dead, false],
    [self, true],
    [inAnother, true],
  ] as const) {
    const target = `${formatProcessIdentity(owner)}:token`;
    const paths = ['lock', 'taking'].map((name) => join(dir.path, name));
    for (const path of paths) await symlink(target, path);
    await using _ = await Store.open(dir.path);
    for (const path of paths) {
      const found = await readlink(path).catch(() => undefined);
      assert.equal(found, isLeft ? target : undefined);
      if (isLeft) await unlink(path);
    }
  }
});
