import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { inventoryOf, takeAway, wouldTakeAway } from '../../src/store/care.ts';
import { checkNames } from '../../src/store/incomplete-images.ts';
import { RecordLog } from '../../src/store/record-log.ts';
import { Store } from '../../src/store/store.ts';
import { verifyBlobs } from '../../src/store/verify-blobs.ts';
import { tempDir } from '../support/temp-dir.ts';

const never = new AbortController().signal;
const everything = { limits: {}, takesNeeded: true } as const;
const unneeded = { limits: {}, takesNeeded: false } as const;

/** All that an image has: blobs, an unpacked layer and its index, a result. */
async function putImage(store: Store, name: string): Promise<{ manifest: Descriptor; layer: Descriptor }> {
  const layer = await store.blobs.putBytes(mediaTypes.layerTar, Buffer.from(`layer of ${name}`));
  const config = await store.blobs.putBytes(
    mediaTypes.imageConfig,
    Buffer.from(JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } })),
  );
  const manifest = await store.blobs.putDocument(
    makeDocument(mediaTypes.imageManifest, { schemaVersion: 2, config, layers: [layer] }),
  );
  const place = join(store.paths.snapshots, `2-layer-${hexOf(layer.digest)}`);
  await mkdir(join(place, 'fs'), { recursive: true });
  await writeFile(join(place, 'fs', 'file'), name);
  await store.indexes.put(hexOf(layer.digest), Buffer.from('index'));
  await results(store).append(`sha256:${name}`, { layers: [{ blob: layer, diffID: layer.digest }] });
  return { manifest, layer };
}

function results(store: Store) {
  return store.records('results-2', z.looseObject({}));
}

async function putMount(store: Store, id: string): Promise<void> {
  const place = join(store.paths.cacheMounts, `2-${id}`);
  await mkdir(join(place, 'content'), { recursive: true });
  await writeFile(join(place, 'identity.json'), JSON.stringify({ id: `the ${id}` }));
}

/** Everything as it would be `age` seconds from now, at the least. */
async function grow(store: Store, age: number): Promise<void> {
  const time = (await store.session.now()) / 1000 - age;
  const { blobs, snapshots, indexes, cacheMounts } = store.paths;
  for (const directory of [blobs, snapshots, indexes, cacheMounts])
    for (const name of await readdir(directory)) await utimes(join(directory, name), time, time);
}

async function keysOf(store: Store): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const [key] of results(store).entries()) keys.push(key);
  return keys;
}

async function kindsLeft(store: Store): Promise<readonly string[]> {
  const { entries } = await inventoryOf(store, never);
  return entries.flatMap(({ kind }) => (kind === 'record' ? [] : [kind])).sort();
}

const image = ['image', 'image', 'image'];

test('without names everything is taken, and records of what is gone', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await putImage(store, 'a');
  await putMount(store, 'm');
  await grow(store, 100);
  const planned = await wouldTakeAway(store, unneeded, never);
  const { entries } = await takeAway(store, unneeded, never);
  assert.deepEqual(entries, planned.entries);
  assert.deepEqual(entries.map(({ kind }) => kind).sort(), [
    'cache-mount',
    'index',
    'layer',
    'layer',
    'layer',
    'unpacked',
  ]);
  assert.equal(entries.find(({ kind }) => kind === 'cache-mount')?.id, 'the m');
  assert.deepEqual(await kindsLeft(store), []);
  assert.deepEqual(await keysOf(store), []);
  assert.deepEqual(await readdir(store.paths.trash), []);
});

test('what an image with a name needs stays: its blobs always, what can be made again unless asked for', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { manifest } = await putImage(store, 'a');
  await putImage(store, 'b');
  await store.refs.set(new Map([['a:1', manifest]]), never);
  await grow(store, 100);
  await takeAway(store, unneeded, never);
  assert.deepEqual(await kindsLeft(store), [...image, 'index', 'unpacked']);
  assert.deepEqual(await keysOf(store), ['sha256:a']);
  await takeAway(store, { ...everything, limits: { maxSize: 0 } }, never);
  assert.deepEqual(await kindsLeft(store), image);
  assert.deepEqual(await keysOf(store), ['sha256:a']);
  await takeAway(store, everything, never);
  assert.deepEqual(await keysOf(store), []);
});

test('a size that is exceeded takes the oldest alone', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await putImage(store, 'a');
  await grow(store, 1000);
  const before = (await inventoryOf(store, never)).entries.map(({ path }) => path);
  await putImage(store, 'b');
  const { entries } = await takeAway(store, { ...unneeded, limits: { maxAge: 500_000 } }, never);
  assert.deepEqual(entries.map(({ path }) => path).sort(), before.filter((path) => !path.endsWith('.log')).sort());
  assert.deepEqual(await keysOf(store), ['sha256:b']);
});

test('what another session uses stays, of every kind', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { layer } = await putImage(store, 'a');
  await putMount(store, 'm');
  await grow(store, 100);
  await using builder = await Store.open(dir.path);
  const places = [
    builder.paths.blob(layer.digest),
    join(builder.paths.snapshots, `2-layer-${hexOf(layer.digest)}`),
    join(builder.paths.cacheMounts, '2-m'),
  ];
  for (const place of places) assert.notEqual(await builder.claims.claim(place), undefined);
  assert.notEqual(await builder.indexes.get(hexOf(layer.digest)), undefined);
  await takeAway(store, everything, never);
  assert.deepEqual(await kindsLeft(store), ['cache-mount', 'index', 'layer', 'temporary', 'unpacked']);
});

test('a log that has grown is left with its newest records', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('file-digests', z.string());
  for (let i = 0; i < 500; i += 1) await log.append(`k${i % 400}`, 'x'.repeat(10_000));
  await takeAway(store, { ...everything, limits: { maxSize: Number.MAX_SAFE_INTEGER } }, never);
  const path = join(store.paths.records, 'file-digests.log');
  const { size } = await stat(path);
  assert.ok(size < 4.1e6, String(size));
  const fresh = new RecordLog(path, store.session, z.string());
  await fresh.compact(never, undefined, 1_000_000);
  const keys: string[] = [];
  for await (const [key] of fresh.entries()) keys.push(key);
  assert.deepEqual(
    keys,
    Array.from({ length: keys.length }, (_, i) => `k${(500 - keys.length + i) % 400}`),
  );
  assert.ok((await stat(path)).size <= 1_000_000 && keys.length > 90, `${keys.length}`);
  await fresh.close();
});

test('broken blobs are told with the images that need them, and removed when asked', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { manifest, layer } = await putImage(store, 'a');
  await store.refs.set(new Map([['a:1', manifest]]), never);
  const good = await verifyBlobs(store, { repairs: true }, never);
  assert.deepEqual([good.checked, good.broken], [3, []]);
  await writeFile(store.paths.blob(layer.digest), 'other bytes');
  const broken = { digest: layer.digest, size: 11, images: ['a:1'] };
  const told = await verifyBlobs(store, { repairs: false }, never);
  assert.deepEqual(told.broken, [{ ...broken, isRemoved: false }]);
  assert.equal(await readFile(store.paths.blob(layer.digest), 'utf8'), 'other bytes');
  const repaired = await verifyBlobs(store, { repairs: true }, never);
  assert.deepEqual(repaired.broken, [{ ...broken, isRemoved: true }]);
  assert.equal(await store.blobs.size(layer.digest), undefined);
});

test('images that lack something are told with all of their names, which are taken away when asked', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const [one, two] = [await putImage(store, 'a'), await putImage(store, 'b')];
  const index = await store.blobs.putDocument(
    makeDocument(mediaTypes.imageIndex, { schemaVersion: 2, manifests: [one.manifest, two.manifest] }),
  );
  const entries = { 'a:1': one.manifest, 'b:1': two.manifest, both: index, also: index };
  await store.refs.set(new Map(Object.entries(entries)), never);
  const look = (repairs = false, broken: readonly Descriptor[] = []) =>
    checkNames(store, { repairs, broken: new Set(broken.map(({ digest }) => digest)) }, never);
  assert.deepEqual(await look(true), { checked: 4, incomplete: [] });
  await rm(store.paths.blob(two.layer.digest));
  const lacks = (names: readonly string[], { digest }: Descriptor, missing: Descriptor, isRemoved: boolean) => {
    return { names, digest, missing: [missing.digest], isRemoved };
  };
  const told = await look();
  const ofTwo = (isRemoved: boolean) => [
    lacks(['b:1'], two.manifest, two.layer, isRemoved),
    lacks(['both', 'also'], index, two.layer, isRemoved),
  ];
  assert.deepEqual(told, { checked: 4, incomplete: ofTwo(false) });
  // What is broken is there, and tells nothing.
  assert.deepEqual((await look(false, [two.manifest])).incomplete, []);
  assert.deepEqual((await look(true)).incomplete, ofTwo(true));
  assert.deepEqual([...(await store.refs.list()).keys()], ['a:1']);
  await rm(store.paths.blob(one.manifest.digest));
  assert.deepEqual((await look(true)).incomplete, [lacks(['a:1'], one.manifest, one.manifest, true)]);
});

test('looking whether images are whole counts as no use of them', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { manifest, layer } = await putImage(store, 'a');
  await store.refs.set(new Map([['a:1', manifest]]), never);
  await grow(store, 1000);
  const before = await stat(store.paths.blob(layer.digest));
  await checkNames(store, { repairs: true, broken: new Set() }, never);
  assert.equal((await stat(store.paths.blob(layer.digest))).mtimeMs, before.mtimeMs);
});

test('what is not of the store is left alone', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await writeFile(join(store.paths.blobs, 'README'), '');
  await writeFile(join(store.paths.blobs, hexOf(digestOf('x'))), 'y');
  await grow(store, 100);
  await takeAway(store, everything, never);
  assert.deepEqual(await readdir(store.paths.blobs), ['README']);
});
