import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { formatProcessIdentity, thisProcess } from '../../src/store/process-identity.ts';
import { Session, sweep } from '../../src/store/session.ts';
import { Store } from '../../src/store/store.ts';
import { emptyTrash } from '../../src/store/trash.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { fails } from './fails.ts';
import { Child } from './start-child.ts';

const self = thisProcess();
const day = 24 * 60 * 60;

test('close() removes all that was temporary', async () => {
  await using dir = await tempDir();
  const store = await Store.open(dir.path);
  await mkdir(join(store.session.tempPath('tree'), 'deep'), { recursive: true });
  await store.close();
  assert.deepEqual(await readdir(store.paths.sessions), []);
  assert.deepEqual(await readdir(store.paths.trash), []);
});

test('tempPath() gives a process and its guests different paths', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const guest = await Store.open(dir.path, { session: store.session });
  const other = await Store.open(dir.path, { session: store.session });
  const paths = [store, guest, other, store, guest].map(({ session }) => session.tempPath('x'));
  assert.equal(new Set(paths).size, 5);
  assert.ok(paths.every((path) => path.startsWith(`${store.session.path}/`)));
});

test('a guest neither makes a session, nor sweeps, nor removes the one it is in', needs('linux'), async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const left = join(store.paths.sessions, `${formatProcessIdentity({ ...self, startTime: '1' })}-00000000`);
  await mkdir(left);
  const guest = await Store.open(dir.path, { session: { path: store.session.path } });
  await guest.close();
  assert.deepEqual((await readdir(store.paths.sessions)).sort(), [basename(left), basename(store.session.path)].sort());
});

test('a session that has ended takes no guests', async () => {
  await using dir = await tempDir();
  const store = await Store.open(dir.path);
  await store.close();
  await fails(Session.join(store.session.path), 'session-missing');
});

const sessions: [title: string, name: string, age: number, isSwept: boolean][] = [
  ['of this process', formatProcessIdentity(self), 30 * day, false],
  ['of one that had our pid', formatProcessIdentity({ ...self, startTime: '1' }), 0, true],
  ['of one that is gone', formatProcessIdentity({ ...self, pid: 2 ** 30 }), 0, true],
  ['of an earlier boot', formatProcessIdentity({ ...self, boot: '00000000' }), 0, true],
  ['of another pid namespace', formatProcessIdentity({ ...self, pidNamespace: '1' }), 6 * day, false],
  [
    'of another pid namespace, untouched for a week',
    formatProcessIdentity({ ...self, pidNamespace: '1' }),
    8 * day,
    true,
  ],
  ['that is none', 'something-else', 30 * day, false],
];
for (const [title, owner, age, isSwept] of sessions) {
  test(`sweep() ${isSwept ? 'moves to the trash' : 'leaves'} a session ${title}`, needs('linux'), async () => {
    await using dir = await tempDir();
    await using store = await Store.open(dir.path);
    const path = join(store.paths.sessions, `${owner}-deadbeef`);
    await mkdir(path);
    await writeFile(join(path, 'file'), '');
    const touched = (await store.session.now()) / 1000 - age;
    await utimes(path, touched, touched);
    assert.deepEqual(await sweep(store.paths, store.session), isSwept ? [basename(path)] : []);
    assert.equal(existsSync(path), !isSwept);
    assert.equal((await readdir(store.paths.trash)).length, isSwept ? 1 : 0);
    assert.deepEqual(await emptyTrash(store.paths.trash), []);
    assert.deepEqual(await readdir(store.paths.trash), []);
  });
}

test('Store.open() sweeps what a killed process has left, and nothing of one that runs', async () => {
  await using dir = await tempDir();
  await using running = await Child.start('session', dir.path);
  await using child = await Child.start('session', dir.path);
  await child.kill();
  await using store = await Store.open(dir.path);
  const { path } = running.said[0] as { path: string };
  assert.deepEqual((await readdir(store.paths.sessions)).sort(), [basename(path), basename(store.session.path)].sort());
});

test('startedAt is not moved by what happens in the session', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const later = (await store.session.now()) / 1000 + 1000;
  await utimes(store.session.path, later, later);
  const guest = await Session.join(store.session.path);
  assert.equal(guest.startedAt, store.session.startedAt);
  assert.ok(guest.startedAt <= (await stat(join(store.session.path, 'started'))).mtimeMs);
});
