/** Results that machines share: what another machine gets, and what it does where the place has lost or changed something. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SharedPlace } from '../../../src/engine/cache/shared-place.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { DiffID, digestOf, hexOf } from '../../../src/oci/digest.ts';
import { serveRegistry } from '../../../src/registry-server/server.ts';
import { FailureError } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { directoryPlace, registryPlace, sharedBy, snapshotOf } from './shared-rig.ts';

const live = new AbortController().signal;
const key = digestOf('key');

interface Machines extends AsyncDisposable {
  readonly path: string;
  readonly one: Store;
  readonly other: Store;
  readonly place: (writer?: string) => SharedPlace;
  /** Where the place keeps its files. */
  readonly files: string;
}

const kinds: Readonly<Record<string, () => Promise<Machines>>> = {
  directory: async () => {
    const temp = await tempDir();
    const stores = [await Store.open(join(temp.path, 'one')), await Store.open(join(temp.path, 'other'))] as const;
    return machines(temp, stores, {
      place: (writer) => directoryPlace(temp.path, writer),
      files: join(temp.path, 'shared'),
    });
  },
  repository: async () => {
    const temp = await tempDir();
    const stores = [await Store.open(join(temp.path, 'one')), await Store.open(join(temp.path, 'other'))] as const;
    const storage = join(temp.path, 'registry');
    const server = await serveRegistry({ storage, host: '127.0.0.1', port: 0 }, live);
    const place = () => registryPlace(`127.0.0.1:${server.address.port}`);
    return machines(temp, stores, { place, files: storage, close: () => server.close() });
  },
};

function machines(
  temp: AsyncDisposable & { readonly path: string },
  [one, other]: readonly [Store, Store],
  rest: Pick<Machines, 'place' | 'files'> & { readonly close?: () => Promise<void> },
): Machines {
  return {
    path: temp.path,
    one,
    other,
    ...rest,
    async [Symbol.asyncDispose]() {
      await rest.close?.();
      await one.close();
      await other.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** The file of a blob, wherever the place keeps it; files of that name that only point to it are others. */
async function fileOf(files: string, { digest, size }: Descriptor): Promise<string> {
  const all = await readdir(files, { recursive: true, withFileTypes: true });
  for (const entry of all) {
    if (!entry.isFile() || entry.name !== hexOf(digest)) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await stat(path)).size === size) return path;
  }
  throw new Error(`no file of ${digest}`);
}

for (const [kind, setUp] of Object.entries(kinds))
  describe(`a ${kind} that machines share`, () => {
    test('another machine gets the layers, as they were', async () => {
      await using rig = await setUp();
      const made = await snapshotOf(rig.one, 'below', 'above');
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      assert.deepEqual(await sharedBy(rig.other, rig.place()).get(key, live), made);
      for (const { blob } of made.layers) assert.ok(await rig.other.blobs.has(blob, live));
    });

    test('what is sent is packed, and the same of whoever sends it', async () => {
      await using rig = await setUp();
      const text = 'a long text\n'.repeat(10_000);
      const sent = async (store: Store, name: string) => {
        await sharedBy(store, rig.place(name)).put(digestOf(name), await snapshotOf(store, text), live);
        const [layer] = (await rig.place().resultOf(digestOf(name), live))!.layers;
        return 'packed' in layer! ? layer.packed : undefined;
      };
      const packed = await sent(rig.one, 'a');
      assert.deepEqual(await sent(rig.other, 'b'), packed);
      assert.ok(packed!.size < 1000);
    });

    test('layers of a base are left where they come from', async () => {
      await using rig = await setUp();
      const [base, own] = (await snapshotOf(rig.one, 'base', 'own')).layers;
      const origin = { registry: 'r.example', repository: 'debian' };
      const made = { layers: [{ ...base!, origin }, own!] };
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      assert.deepEqual(await sharedBy(rig.other, rig.place()).get(key, live), made);
      assert.equal(await rig.other.blobs.has(base!.blob, live), false);
      // Of the base alone there is nothing to share.
      const alone = digestOf('alone');
      await sharedBy(rig.one, rig.place()).put(alone, { layers: [made.layers[0]!] }, live);
      assert.equal(await rig.place().resultOf(alone, live), undefined);
    });

    test('several that write at once lose nothing', async () => {
      await using rig = await setUp();
      const keys = Array.from({ length: 20 }, (_, at) => digestOf(`key ${at}`));
      await Promise.all(
        [rig.one, rig.other].map(async (store, at) => {
          const shared = sharedBy(store, rig.place(`writer-${at}`));
          const made = await snapshotOf(store, 'both', `of ${at}`);
          await Promise.all(keys.map((one) => shared.put(one, made, live)));
        }),
      );
      await rig.one.blobs.openPath(digestOf('both'));
      for (const one of keys) {
        const got = await sharedBy(rig.one, rig.place()).get(one, live);
        assert.equal(got?.layers[0]?.diffID, digestOf('both'));
      }
    });

    test('what is there already is not written again', async () => {
      await using rig = await setUp();
      const made = await snapshotOf(rig.one, 'x');
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      let kept = 0;
      const counting = new Proxy(rig.place(), {
        get(place, name) {
          if (name === 'keep') kept += 1;
          const member: unknown = Reflect.get(place, name);
          return typeof member === 'function' ? member.bind(place) : member;
        },
      });
      await sharedBy(rig.other, counting).put(key, await snapshotOf(rig.other, 'x'), live);
      assert.equal(kept, 0);
      await sharedBy(rig.other, counting).put(key, await snapshotOf(rig.other, 'y'), live);
      assert.equal(kept, 1);
    });

    test('a blob that is gone is a miss, and is sent again by whoever makes it again', async () => {
      await using rig = await setUp();
      const made = await snapshotOf(rig.one, 'x'.repeat(5000));
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      const [layer] = (await rig.place().resultOf(key, live))!.layers;
      assert.ok('packed' in layer!);
      await rm(await fileOf(rig.files, layer.packed), { recursive: true });
      assert.equal(await sharedBy(rig.other, rig.place()).get(key, live), undefined);
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      assert.deepEqual(await sharedBy(rig.other, rig.place()).get(key, live), made);
    });

    test('a blob whose bytes have changed is no result, and the store has nothing of it', async () => {
      await using rig = await setUp();
      const made = await snapshotOf(rig.one, 'x'.repeat(5000));
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      const [layer] = (await rig.place().resultOf(key, live))!.layers;
      assert.ok('packed' in layer!);
      const file = await fileOf(rig.files, layer.packed);
      const bytes = await readFile(file);
      bytes[bytes.length - 12]! ^= 1;
      await chmod(file, 0o644);
      await writeFile(file, bytes);
      await assert.rejects(sharedBy(rig.other, rig.place()).get(key, live), FailureError);
      assert.equal(await rig.other.blobs.has(made.layers[0]!.blob, live), false);
    });

    test('a result whose layers are not what their names say is a miss', async () => {
      await using rig = await setUp();
      const made = await snapshotOf(rig.one, 'x');
      await sharedBy(rig.one, rig.place()).put(key, made, live);
      const result = (await rig.place().resultOf(key, live))!;
      const diffID = DiffID.parse(digestOf('another'));
      await rig.place().keep(key, { layers: [{ ...result.layers[0]!, diffID }] }, live);
      assert.equal(await sharedBy(rig.other, rig.place()).get(key, live), undefined);
    });
  });

test('scopes of one repository are caches apart', async () => {
  await using temp = await tempDir();
  const server = await serveRegistry({ storage: join(temp.path, 'registry'), host: '127.0.0.1', port: 0 }, live);
  try {
    const host = `127.0.0.1:${server.address.port}`;
    await using store = await Store.open(join(temp.path, 'store'));
    const made = await snapshotOf(store, 'x');
    await sharedBy(store, registryPlace(host, 'main')).put(key, made, live);
    assert.equal(await sharedBy(store, registryPlace(host, 'branch')).get(key, live), undefined);
    assert.deepEqual(await sharedBy(store, registryPlace(host, 'main')).get(key, live), made);
  } finally {
    await server.close();
  }
});

/** What a directory may have in place of a result → what reading it gives. */
const texts: readonly [title: string, text: string][] = [
  ['nothing', ''],
  ['no JSON', '{"layers":['],
  ['another shape', '{"layers":{}}'],
  ['a layer without any bytes', `{"layers":[{"blob":{"mediaType":"a","digest":"${key}","size":1},"diffID":"${key}"}]}`],
];
for (const [title, text] of texts)
  test(`a directory with ${title} for a result: a miss, and written anew`, async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    const made = await snapshotOf(store, 'x');
    const cache = () => sharedBy(store, directoryPlace(temp.path));
    await cache().put(key, made, live);
    const [name] = await readdir(join(temp.path, 'shared', 'results-2'));
    await writeFile(join(temp.path, 'shared', 'results-2', name!), text);
    assert.equal(await cache().get(key, live), undefined);
    await cache().put(key, made, live);
    assert.deepEqual(await cache().get(key, live), made);
  });

/** What a directory may be that cannot be used, whoever tries: a failure, which the build goes on without. */
const obstacles: readonly [title: string, make: (path: string) => Promise<void>][] = [
  ['a file', async (path) => await writeFile(path, '')],
  [
    'one with a directory in place of a result',
    async (path) => void (await mkdir(join(path, 'results-2', `${hexOf(key)}.json`), { recursive: true })),
  ],
  [
    'one with a file in place of its results',
    async (path) => {
      await mkdir(path);
      await writeFile(join(path, 'results-2'), '');
    },
  ],
];
for (const [title, make] of obstacles)
  test(`a shared directory that is ${title}: shared-directory-unusable`, async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    await make(join(temp.path, 'shared'));
    const cache = sharedBy(store, directoryPlace(temp.path));
    const reasonOf = (error: unknown) => error instanceof FailureError && error.failure.reason;
    const made = await snapshotOf(store, 'x');
    const failed = (error: unknown) => reasonOf(error) === 'shared-directory-unusable';
    await assert.rejects(cache.get(key, live), failed);
    await assert.rejects(cache.put(key, made, live), failed);
  });

test('a blob that was cut short in a directory is sent again', async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const made = await snapshotOf(store, 'x'.repeat(5000));
  const cache = () => sharedBy(store, directoryPlace(temp.path));
  await cache().put(key, made, live);
  const [layer] = (await directoryPlace(temp.path).resultOf(key, live))!.layers;
  assert.ok('packed' in layer!);
  await truncate(await fileOf(join(temp.path, 'shared'), layer.packed), 5);
  await using other = await Store.open(join(temp.path, 'other'));
  assert.equal(await sharedBy(other, directoryPlace(temp.path)).get(key, live), undefined);
  await cache().put(key, made, live);
  assert.deepEqual(await sharedBy(other, directoryPlace(temp.path)).get(key, live), made);
});

test('what was left by who was killed goes after a day, and nothing of others', async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const left = join(temp.path, 'shared', 'tmp');
  for (const name of ['killed', 'busy']) {
    await mkdir(join(left, name), { recursive: true });
    await writeFile(join(left, name, '1'), 'half');
  }
  const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
  await utimes(join(left, 'killed'), before, before);
  await sharedBy(store, directoryPlace(temp.path, 'own')).put(key, await snapshotOf(store, 'x'), live);
  assert.deepEqual((await readdir(left)).sort(), ['busy', 'own']);
  assert.deepEqual([await readdir(join(left, 'busy')), await readdir(join(left, 'own'))], [['1'], []]);
});
