/** What every cache of results keeps to: a row in `backends` is all that another one needs. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { MemoryCache } from '../../../src/engine/cache/memory.ts';
import { RecordCache } from '../../../src/engine/cache/records.ts';
import { CacheStack } from '../../../src/engine/cache/stack.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import type { ResultCache } from '../../../src/engine/solver/result-cache.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { serveRegistry } from '../../../src/registry-server/server.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { directoryPlace, registryPlace, sharedBy, snapshotOf } from './shared-rig.ts';

const live = new AbortController().signal;
const unheard = (message: string): never => assert.fail(message);

interface Backend {
  readonly title: string;
  readonly make: (store: Store) => ResultCache<Snapshot>;
  /** Another run gets what this one has put. */
  readonly outlivesRuns: boolean;
  /** It has the blobs, too, and keeps nothing that is of a base alone. */
  readonly isShared?: boolean;
}

const storage = await tempDir();
const registry = await serveRegistry({ storage: storage.path, host: '127.0.0.1', port: 0 }, live);
after(async () => {
  await registry.close();
  await storage[Symbol.asyncDispose]();
});

const backends: readonly Backend[] = [
  { title: 'memory', make: () => new MemoryCache(), outlivesRuns: false },
  { title: 'the records of a store', make: (store) => new RecordCache(store), outlivesRuns: true },
  {
    title: 'memory before the records of a store',
    make: (store) =>
      new CacheStack<Snapshot>([{ cache: new MemoryCache() }, { cache: new RecordCache(store) }], unheard),
    outlivesRuns: true,
  },
  {
    title: 'memory before records that are only written',
    make: (store) =>
      new CacheStack<Snapshot>(
        [{ cache: new MemoryCache() }, { cache: new RecordCache(store), isRead: false }],
        unheard,
      ),
    outlivesRuns: false,
  },
  {
    title: 'a directory that machines share',
    make: (store) => sharedBy(store, directoryPlace(store.paths.root)),
    outlivesRuns: true,
    isShared: true,
  },
  {
    title: 'a repository that machines share',
    // Each test has a store of its own.
    make: (store) => {
      const scope = basename(dirname(store.paths.root)).replaceAll(/[^\w]/g, '');
      return sharedBy(store, registryPlace(`127.0.0.1:${registry.address.port}`, scope));
    },
    outlivesRuns: true,
    isShared: true,
  },
];

const key = (text: string) => digestOf(`key ${text}`);

for (const { title, make, outlivesRuns, isShared = false } of backends)
  describe(`results in ${title}`, () => {
    const withCache = async (
      act: (cache: ResultCache<Snapshot>, store: Store, again: () => Promise<ResultCache<Snapshot>>) => Promise<void>,
    ) => {
      await using temp = await tempDir();
      const root = join(temp.path, 'store');
      await using store = await Store.open(root);
      const others: Store[] = [];
      const again = async () => {
        const other = await Store.open(root);
        others.push(other);
        return make(other);
      };
      try {
        await act(make(store), store, again);
      } finally {
        for (const other of others) await other.close();
      }
    };

    test('it has a name for messages', () => withCache(async ({ name }) => assert.match(name, /^[a-z].*[^.]$/)));

    test('what nobody put is a miss', () =>
      withCache(async (cache) => assert.equal(await cache.get(key('a'), live), undefined)));

    test('what was put is got, by its key alone', () =>
      withCache(async (cache, store) => {
        const [one, other] = [await snapshotOf(store, 'x', 'y'), await snapshotOf(store, 'z')];
        await cache.put(key('a'), one, live);
        await cache.put(key('b'), other, live);
        assert.deepEqual(await cache.get(key('a'), live), one);
        assert.deepEqual(await cache.get(key('b'), live), other);
        assert.equal(await cache.get(key('c'), live), undefined);
      }));

    test('nothing at all is a result as well', () =>
      withCache(async (cache) => {
        await cache.put(key('a'), { layers: [] }, live);
        assert.deepEqual(await cache.get(key('a'), live), { layers: [] });
      }));

    test('where a layer comes from is not forgotten', () =>
      withCache(async (cache, store) => {
        const [layer, own] = (await snapshotOf(store, 'x', 'own')).layers;
        const snapshot = { layers: [{ ...layer!, origin: { registry: 'r.example', repository: 'a/b' } }, own!] };
        await cache.put(key('a'), snapshot, live);
        assert.deepEqual(await cache.get(key('a'), live), snapshot);
      }));

    test('of several for one key the last counts', () =>
      withCache(async (cache, store) => {
        for (const text of ['x', 'y', 'z']) await cache.put(key('a'), await snapshotOf(store, text), live);
        assert.deepEqual(await cache.get(key('a'), live), await snapshotOf(store, 'z'));
      }));

    test('many at once', () =>
      withCache(async (cache, store) => {
        const texts = Array.from({ length: 50 }, (_, at) => `text ${at}`);
        await Promise.all(texts.map(async (text) => cache.put(key(text), await snapshotOf(store, text), live)));
        const got = await Promise.all(texts.map((text) => cache.get(key(text), live)));
        assert.deepEqual(
          got.map((snapshot) => snapshot?.layers[0]?.blob.digest),
          texts.map((text) => digestOf(text)),
        );
      }));

    test('a signal that is aborted is what get() and put() reject with, and nothing is put', () =>
      withCache(async (cache, store) => {
        const reason = new Error('enough');
        const snapshot = await snapshotOf(store, 'x');
        await assert.rejects(cache.put(key('a'), snapshot, AbortSignal.abort(reason)), reason);
        assert.equal(await cache.get(key('a'), live), undefined);
        await cache.put(key('a'), snapshot, live);
        await assert.rejects(cache.get(key('a'), AbortSignal.abort(reason)), reason);
      }));

    test(`another run ${outlivesRuns ? 'gets' : 'does not get'} it`, () =>
      withCache(async (cache, store, again) => {
        const snapshot = await snapshotOf(store, 'x');
        await cache.put(key('a'), snapshot, live);
        assert.deepEqual(await (await again()).get(key('a'), live), outlivesRuns ? snapshot : undefined);
      }));

    test('a result of an earlier run whose blobs are gone is a miss, unless they can be fetched', () =>
      withCache(async (cache, store, again) => {
        const { layers } = await snapshotOf(store, 'x');
        const fetchable = { layers: [{ ...layers[0]!, origin: { registry: 'r.example', repository: 'a' } }] };
        await cache.put(key('gone'), { layers }, live);
        await cache.put(key('fetchable'), fetchable, live);
        await rm(store.paths.blob(layers[0]!.blob.digest));
        const other = await again();
        assert.deepEqual(await other.get(key('gone'), live), isShared ? { layers } : undefined);
        const wasKept = outlivesRuns && !isShared;
        assert.deepEqual(await other.get(key('fetchable'), live), wasKept ? fetchable : undefined);
      }));
  });

test('memory keeps the last results, where there are very many', async () => {
  const cache = new MemoryCache<number>(2);
  for (const [at, text] of ['a', 'b', 'a', 'c'].entries()) await cache.put(key(text), at, live);
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((text) => cache.get(key(text), live))), [2, undefined, 3]);
});
