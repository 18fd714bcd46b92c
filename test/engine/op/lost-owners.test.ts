/** What is kept of a machine where only root exists is not taken where others do: results, unpacked layers, cache mounts. */
import assert from 'node:assert/strict';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { diskOwners, keepsOwners, nameOfNamespace } from '../../../src/engine/disk-owners.ts';
import type { IsolationTier } from '../../../src/engine/engine-options.ts';
import type { Ids } from '../../../src/engine/executor/id-map.ts';
import { cacheIdentity } from '../../../src/engine/op/cache-mount.ts';
import type { ExecOp } from '../../../src/engine/op/op-definition.ts';
import type { RunnerServices } from '../../../src/engine/op/runner-services.ts';
import { runnerFor } from '../../../src/engine/op/runners.ts';
import type { DiskOwners } from '../../../src/engine/snapshot/layers.ts';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import { Store } from '../../../src/store/store.ts';
import { directory, input } from '../../layer/entries.ts';
import { tempDir } from '../../support/temp-dir.ts';

const { signal } = new AbortController();
const all: DiskOwners = { areKept: true, name: '' };
const range: DiskOwners = { areKept: true, name: '0123456789ab' };
const one: DiskOwners = { areKept: false, name: 'one-id' };

const exec: ExecOp = {
  kind: 'exec',
  args: ['true'],
  env: [],
  keylessEnv: [],
  cwd: '/',
  mounts: [],
  network: 'sandbox',
  platform: { os: 'linux', architecture: 'amd64' },
} as unknown as ExecOp;

async function keyWith(owners: DiskOwners): Promise<string> {
  const services = { layers: { owners }, isolationWords: [] } as unknown as RunnerServices;
  return (await runnerFor({ op: exec } as Parameters<typeof runnerFor>[0], services).cacheMap(signal)).digest;
}

test('the result of a RUN is one where all ids exist, another where only root does', async () => {
  assert.equal(await keyWith(all), await keyWith(range));
  assert.notEqual(await keyWith(all), await keyWith(one));
});

test('a cache mount as well', () => {
  const mount = { type: 'cache', id: 'a', target: '/c', sharing: 'shared', uid: 5 } as const;
  const identities = [all, range, one].map(({ name }) =>
    cacheIdentity(mount as Parameters<typeof cacheIdentity>[0], undefined, name),
  );
  assert.equal(new Set(identities).size, 3);
  assert.equal(identities[0], cacheIdentity(mount as Parameters<typeof cacheIdentity>[0], undefined));
});

test('layers are unpacked to places of their own, one by one and many at once', async () => {
  await using temp = await tempDir();
  const store = await Store.open(join(temp.path, 'store'));
  try {
    const fetch = () => Promise.reject(new Error('nothing is fetched'));
    const open = (owners: DiskOwners) =>
      new Layers({ store, fetch, owners, makesDevices: false, gid: process.getgid!(), notice: () => {} });
    const entries = [directory('d'), input('d/file', '')];
    const layer = await open(all).commit(entries, {}, signal);
    // More than overlayfs takes: the lowest ones come to one directory.
    for (const layers of [[layer], Array.from({ length: 481 }, () => layer)]) {
      const places = [];
      for (const owners of [all, range, one]) {
        // Files of others are root's alone to make.
        const mayOwn = process.getuid?.() === 0 || !owners.areKept;
        if (mayOwn) places.push(...new Set(await open(owners).directories({ layers }, signal)));
      }
      assert.equal(new Set(places).size, places.length);
      assert.ok(places.some((place) => basename(dirname(place)).startsWith('2-one-id-')));
    }
  } finally {
    await store.close();
  }
});

const ids = (users: number, groups = users): Ids => ({
  users: [{ inside: 0, outside: 1000, count: users }],
  groups: [{ inside: 0, outside: 1000, count: groups }],
  setGroups: true,
});
const isRoot = process.getuid?.() === 0;
const tiers: [tier: IsolationTier, ids: Ids, keeps: boolean][] = [
  ['root-map', ids(65_536), true],
  ['subuid-map', ids(65_536), true],
  ['single-uid', ids(1), false],
  ['none', ids(65_536), isRoot],
  ['none', ids(1), false],
  ['none', ids(1024), false],
  ['none', { ...ids(65_536), chown: false }, false],
  ['none', ids(65_536, 1), false],
];
for (const [tier, known, keeps] of tiers) {
  const { users, groups } = known;
  test(`${tier} with ${users[0]!.count} users and ${groups[0]!.count} groups ${keeps ? 'keeps' : 'loses'} owners`, () =>
    assert.equal(keepsOwners(tier, known), keeps));
}

test('a range of ids has a name of its own, root has none', async () => {
  assert.deepEqual(await diskOwners('root-map'), all);
  assert.deepEqual(await diskOwners('single-uid'), one);
  const { areKept, name } = await diskOwners('subuid-map');
  assert.ok(areKept && /^[0-9a-f]{12}$/.test(name));
});

test('root of a user namespace has a name of its own, root of the machine has none', async () => {
  const first = { inside: 0, outside: 0, count: 0xffffffff };
  assert.equal(nameOfNamespace({ users: [first], groups: [first], setGroups: true }), '');
  const inside = nameOfNamespace(ids(65_536));
  assert.match(inside, /^[0-9a-f]{12}$/);
  assert.notEqual(nameOfNamespace(ids(65_537)), inside);
  assert.deepEqual(await diskOwners('root-map', inside), { areKept: true, name: inside });
  assert.equal((await diskOwners('subuid-map', inside)).name.startsWith(`${inside}-`), true);
  assert.deepEqual(await diskOwners('single-uid', inside), one);
});
