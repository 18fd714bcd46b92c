import assert from 'node:assert/strict';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { prune } from '../../src/store/prune.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';

const never = new AbortController().signal;
const hour = 3_600_000;

/** An image with a config and a layer of its own. */
async function putImage(store: Store, name: string) {
  const config = await store.blobs.putBytes(mediaTypes.imageConfig, Buffer.from(`{"name":"${name}"}`));
  const layer = await store.blobs.putBytes(mediaTypes.layerTar, Buffer.from(`layer of ${name}`));
  const manifest = await store.blobs.putDocument(
    makeDocument(mediaTypes.imageManifest, { schemaVersion: 2, config, layers: [layer] }),
  );
  return { manifest, all: [config, layer, manifest] };
}

async function putIndex(store: Store, manifests: readonly Descriptor[]): Promise<Descriptor> {
  return store.blobs.putDocument(makeDocument(mediaTypes.imageIndex, { schemaVersion: 2, manifests }));
}

async function names(store: Store): Promise<string[]> {
  return (await readdir(store.paths.blobs)).sort();
}

function hexes(descriptors: readonly Descriptor[]): string[] {
  return descriptors.map(({ digest }) => hexOf(digest)).sort();
}

/** As if all blobs had been put `age` milliseconds ago. */
async function makeOld(store: Store, age: number): Promise<void> {
  const time = ((await store.session.now()) - age) / 1000;
  for (const name of await readdir(store.paths.blobs)) await utimes(`${store.paths.blobs}/${name}`, time, time);
}

test('prune() keeps what names and roots reach, through indexes, and removes the rest', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => putImage(store, name)));
  assert.ok(a && b && c && d);
  const index = await putIndex(store, [a.manifest, b.manifest]);
  await store.refs.set(new Map([['multi:1', index]]), never);
  await makeOld(store, 2 * hour);
  const removed = d.all.reduce((sum, { size }) => sum + size, 0);
  const pruned = await prune(store, { grace: hour, roots: [c.manifest] }, never);
  assert.deepEqual(pruned, { removed: 3, bytes: removed, unreadable: [] });
  assert.deepEqual(await names(store), hexes([index, ...a.all, ...b.all, ...c.all]));
});

test('prune() keeps what the entries of other tools reach', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { manifest, all } = await putImage(store, 'a');
  await writeFile(store.paths.index, JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  await makeOld(store, 2 * hour);
  assert.equal((await prune(store, { grace: 0 }, never)).removed, 0);
  assert.deepEqual(await names(store), hexes(all));
});

test('prune() keeps what is younger than the grace period', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { all } = await putImage(store, 'a');
  await makeOld(store, 2 * hour);
  assert.equal((await prune(store, { grace: 3 * hour }, never)).removed, 0);
  assert.deepEqual(await names(store), hexes(all));
  assert.equal((await prune(store, { grace: hour }, never)).removed, 3);
  assert.deepEqual(await names(store), []);
});

test('prune() without grace keeps what a living session has put, until it ends', async () => {
  await using dir = await tempDir();
  const building = await Store.open(dir.path);
  const { all } = await putImage(building, 'a');
  {
    await using store = await Store.open(dir.path);
    assert.equal((await prune(store, { grace: 0 }, never)).removed, 0);
    assert.deepEqual(await names(store), hexes(all));
  }
  await building.close();
  // Starts are rounded down to a second.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await using store = await Store.open(dir.path);
  assert.equal((await prune(store, { grace: 0 }, never)).removed, 3);
});

test('prune() keeps an old blob that a living session has asked for', async () => {
  await using dir = await tempDir();
  await using building = await Store.open(dir.path);
  const { manifest } = await putImage(building, 'a');
  await makeOld(building, 2 * hour);
  assert.equal(await building.blobs.has(manifest, never), true);
  await using store = await Store.open(dir.path);
  assert.equal((await prune(store, { grace: 0 }, never)).removed, 2);
  assert.deepEqual(await names(store), hexes([manifest]));
});

test('prune() goes past layers that were never fetched, and names documents it cannot read', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { manifest, all } = await putImage(store, 'a');
  const absent = { mediaType: mediaTypes.imageManifest, digest: digestOf('absent'), size: 6 };
  const garbage = await store.blobs.putBytes(mediaTypes.imageManifest, Buffer.from('{"garbage":true}'));
  const index = await putIndex(store, [absent, garbage, manifest]);
  await store.refs.set(new Map([['a:1', index]]), never);
  await makeOld(store, 2 * hour);
  assert.deepEqual(await prune(store, { grace: 0 }, never), { removed: 0, bytes: 0, unreadable: [garbage] });
  assert.deepEqual(await names(store), hexes([index, garbage, ...all]));
});

test('prune() leaves files alone that are not blobs', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await writeFile(`${store.paths.blobs}/README`, '');
  await makeOld(store, 2 * hour);
  await prune(store, { grace: 0 }, never);
  assert.deepEqual(await names(store), ['README']);
});
