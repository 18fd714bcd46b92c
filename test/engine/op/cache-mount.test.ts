import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CacheMount, type CacheMountOp, type CacheSeed, cacheIdentity } from '../../../src/engine/op/cache-mount.ts';
import type { RunnerServices } from '../../../src/engine/op/runner-services.ts';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import type { DirectoryEntry } from '../../../src/layer/layer-entry.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import { DiffID, digestOf } from '../../../src/oci/digest.ts';
import { Store } from '../../../src/store/store.ts';
import { onDisk } from '../../layer/disk.ts';
import { directory, hardlink, input, symlink } from '../../layer/entries.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { failsWith } from '../../tar/failing.ts';

const signal = new AbortController().signal;
const me = { uid: process.getuid!(), gid: process.getgid!() };
const isRoot = me.uid === 0;
const owned = isRoot ? { uid: 7, gid: 8 } : me;

const cache = (more: Partial<CacheMountOp> = {}): CacheMountOp => ({
  ...{ type: 'cache', id: 'c', target: '/c', sharing: 'shared', readonly: false, mode: 0o755, ...me },
  ...more,
});

const layerOf = (text: string) => {
  const digest = digestOf(text);
  return {
    blob: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 1 },
    diffID: DiffID.parse(digest),
  };
};
const seedOf = (text: string, source = 's'): CacheSeed => ({
  snapshot: { layers: [layerOf(text)] },
  source,
  directory: directory(source),
});

type Known = readonly [mount: CacheMountOp, seed?: CacheSeed];
const identities: readonly [title: string, one: Known, other: Known, isSame: boolean][] = [
  ['the same mount', [cache()], [cache()], true],
  ['another target', [cache()], [cache({ target: '/d' })], true],
  ['another way to share', [cache()], [cache({ sharing: 'locked' })], true],
  ['read-only', [cache()], [cache({ readonly: true })], true],
  ['another id', [cache()], [cache({ id: 'd' })], false],
  ['another mode', [cache()], [cache({ mode: 0o700 })], false],
  ['another owner', [cache()], [cache({ uid: 4242 })], false],
  ['another group', [cache()], [cache({ gid: 4242 })], false],
  ['a seed', [cache()], [cache(), seedOf('a')], false],
  ['the same seed', [cache(), seedOf('a')], [cache(), seedOf('a')], true],
  ['another seed', [cache(), seedOf('a')], [cache(), seedOf('b')], false],
  ['another directory of the seed', [cache(), seedOf('a')], [cache(), seedOf('a', 's/d')], false],
  ['the mode of the seed', [cache(), seedOf('a')], [cache({ mode: undefined }), seedOf('a')], false],
  ['an id that looks like another mount', [cache({ id: 'c","mode":448' })], [cache({ id: 'c', mode: 448 })], false],
];
for (const [title, one, other, isSame] of identities)
  test(`cacheIdentity() of ${title} is ${isSame ? 'the same' : 'another'}`, () =>
    assert.equal(cacheIdentity(...one) === cacheIdentity(...other), isSame));

const files: LayerInput[] = [
  directory('s', { mode: 0o750, ...owned, mtime: 1000 }),
  directory('s/d', { mode: 0o1777, ...me, mtime: 2000 }),
  input('s/f', 'content', { mode: 0o4640, ...owned, mtime: 3000 }),
  hardlink('s/d/hard', 's/f'),
  symlink('s/out', '../../../../../../etc', me),
  symlink('s/d/up', '../f', me),
  input('outside', 'not of the seed', me),
];

interface World {
  readonly store: Store;
  readonly services: RunnerServices;
  readonly seed: CacheSeed;
  readonly open: (mount: Partial<CacheMountOp>, seed?: CacheSeed, signal?: AbortSignal) => Promise<CacheMount>;
}

async function withStore(run: (world: World) => Promise<void>): Promise<void> {
  await using temp = await tempDir();
  const store = await Store.open(join(temp.path, 'store'));
  try {
    const layers = new Layers({
      store,
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      owners: { areKept: isRoot, name: '' },
      makesDevices: false,
      gid: process.getgid!(),
      notice: () => {},
    });
    const snapshot: Snapshot = { layers: [await layers.commit(files, {}, signal)] };
    const services = { store, layers, isolationWords: [] } as unknown as RunnerServices;
    const entry = (await layers.tree(snapshot, signal)).lookup('s')!.entry as DirectoryEntry;
    await run({
      store,
      services,
      seed: { snapshot, source: 's', directory: entry },
      open: (mount, seed, ended = signal) =>
        CacheMount.open({ mount: cache(mount), seed, services, origin: undefined, isMoved: false }, ended),
    });
  } finally {
    await store.close();
  }
}

test('a cache starts with what a seed has: owners, modes, times, hard links, and links as they are written', () =>
  withStore(async ({ seed, open }) => {
    const { directory: place } = await open({ mode: undefined, uid: undefined, gid: undefined }, seed);
    const own = `${owned.uid}:${owned.gid}`;
    assert.deepEqual(Object.keys(onDisk(place)), ['d/', 'd/hard', 'd/up', 'f', 'out']);
    assert.deepEqual(onDisk(place, { times: true }), {
      'd/': `d 1777 ${me.uid}:${me.gid} 2000`,
      'd/hard': `f 4640 ${own} 3000 content`,
      'd/up': `l 777 ${me.uid}:${me.gid} 0 ../f`,
      f: `f 4640 ${own} 3000 content`,
      out: `l 777 ${me.uid}:${me.gid} 0 ../../../../../../etc`,
    });
    const [f, hard, top] = await Promise.all(['f', 'd/hard', '.'].map((name) => stat(join(place, name))));
    assert.equal(f!.ino, hard!.ino);
    assert.deepEqual([top!.mode & 0o7777, top!.uid, top!.mtimeMs], [0o750, owned.uid, 1_000_000]);
  }));

const asked: readonly [title: string, more: Partial<CacheMountOp>][] = [
  ['a mode', { mode: 0o700, uid: undefined, gid: undefined }],
  ['an owner', { mode: undefined, uid: me.uid, gid: undefined }],
  ['a group', { mode: undefined, uid: undefined, gid: me.gid }],
  ['all of them', { mode: 0o711, ...me }],
];
for (const [title, more] of asked)
  test(`a seed stays as it is where ${title} is asked for`, () =>
    withStore(async ({ seed, open }) => {
      const { mode, uid, gid } = await stat((await open(more, seed)).directory);
      assert.deepEqual([mode & 0o7777, uid, gid], [0o750, owned.uid, owned.gid]);
    }));

test('a cache without a seed has the owner and mode asked for', () =>
  withStore(async ({ open }) => {
    const { mode, uid, gid } = await stat((await open({ mode: 0o711, ...owned })).directory);
    assert.deepEqual([mode & 0o7777, uid, gid], [0o711, owned.uid, owned.gid]);
  }));

test('a cache is seeded once: what a step removed does not come back', () =>
  withStore(async ({ seed, open }) => {
    const { directory: place } = await open({}, seed);
    await Promise.all([writeFile(join(place, 'f'), 'changed')]);
    assert.equal((await open({}, seed)).directory, place);
    assert.equal(await readFile(join(place, 'f'), 'utf8'), 'changed');
  }));

test('of many that make a cache at once each gets the same one, whole, and nothing is left over', () =>
  withStore(async ({ store, seed, open }) => {
    const opened = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const mount = await open({}, seed);
        return { place: mount.directory, names: (await readdir(mount.directory)).sort() };
      }),
    );
    assert.deepEqual(new Set(opened.map(({ place }) => place)).size, 1);
    for (const { names } of opened) assert.deepEqual(names, ['d', 'f', 'out']);
    assert.deepEqual(
      (await readdir(store.session.path)).filter((name) => name.startsWith('cache-mount')),
      [],
    );
  }));

test('seeding that is cut off anywhere leaves no cache, and the next one is whole', () =>
  withStore(async ({ store, seed, open }) => {
    let cut = 0;
    for (let turns = 0; ; turns += 1 + (turns >> 2)) {
      const abort = new AbortController();
      const opening = open({ id: `cut-${turns}` }, seed, abort.signal);
      let ended = false;
      void opening.then(
        () => (ended = true),
        () => (ended = true),
      );
      for (let turn = 0; turn < turns && !ended; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      // What others see is whole at any moment.
      for (const name of readdirSync(store.paths.cacheMounts))
        assert.deepEqual(readdirSync(join(store.paths.cacheMounts, name, 'content')).sort(), ['d', 'f', 'out']);
      abort.abort(new Error('cut off'));
      const outcome = await opening.catch(() => undefined);
      if (outcome !== undefined) break;
      cut += 1;
      assert.deepEqual(await readdir(store.paths.cacheMounts), []);
      const left = (await readdir(store.session.path)).filter((name) => name.startsWith('cache-mount'));
      assert.deepEqual(left, []);
    }
    assert.ok(cut > 0, 'it was cut off at least once');
    const { directory: place } = await open({ id: 'whole' }, seed);
    assert.deepEqual((await readdir(place)).sort(), ['d', 'f', 'out']);
  }));

test('a cache of the first release, known by its id alone, is not looked at and not touched', () =>
  withStore(async ({ store, open }) => {
    const old = join(store.paths.cacheMounts, createHash('sha256').update('c').digest('hex').slice(0, 32));
    await mkdir(old);
    await writeFile(join(old, 'of-whom'), '');
    const { directory: place } = await open({});
    assert.deepEqual(await readdir(place), []);
    assert.deepEqual(await readdir(old), ['of-whom']);
  }));

test('a private cache that is in use gives another step a fresh one, seeded as well', () =>
  withStore(async ({ seed, open }) => {
    const first = await open({ sharing: 'private' }, seed);
    const second = await open({ sharing: 'private' }, seed);
    assert.notEqual(second.directory, first.directory);
    assert.deepEqual((await readdir(second.directory)).sort(), ['d', 'f', 'out']);
    await second[Symbol.asyncDispose]();
    await assert.rejects(readdir(second.directory), { code: 'ENOENT' });
    await first[Symbol.asyncDispose]();
    assert.equal((await open({ sharing: 'private' }, seed)).directory, first.directory);
  }));

test('a locked cache is one step’s at a time', () =>
  withStore(async ({ open }) => {
    let inside = 0;
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await using mount = await open({ sharing: 'locked' });
        inside += 1;
        assert.equal(inside, 1);
        await readdir(mount.directory);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    );
  }));

// Root can give any owner.
if (!isRoot) {
  test('an owner that this machine cannot give fails', () =>
    withStore(async ({ services }) => {
      const preserving = {
        ...services,
        layers: Object.create(services.layers, { owners: { value: { areKept: true, name: '' } } }),
      };
      await assert.rejects(
        CacheMount.open(
          { mount: cache({ uid: 1 }), seed: undefined, services: preserving, origin: undefined, isMoved: false },
          signal,
        ),
        failsWith('cache-owner-refused'),
      );
    }));
}

test('what is left of a cache that somebody removed by hand is made anew', () =>
  withStore(async ({ seed, open }) => {
    const { directory: place } = await open({}, seed);
    await rm(place, { recursive: true });
    assert.deepEqual((await readdir((await open({}, seed)).directory)).sort(), ['d', 'f', 'out']);
  }));
