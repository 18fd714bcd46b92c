import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { Store } from '../../src/store/store.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { fails } from './fails.ts';

const never = new AbortController().signal;

test('Store.open() makes a store where there is none, and an OCI image layout in it', async () => {
  await using dir = await tempDir();
  const root = join(dir.path, 'new', 'store');
  await using store = await Store.open(root);
  assert.deepEqual((await readdir(root)).sort(), [
    'cache-mounts',
    'failed-steps',
    'images',
    'indexes',
    'records',
    'sessions',
    'snapshots',
    'trash',
    'version',
  ]);
  assert.deepEqual(JSON.parse(await readFile(store.paths.ociLayout, 'utf8')), { imageLayoutVersion: '1.0.0' });
  assert.deepEqual(JSON.parse(await readFile(store.paths.index, 'utf8')), {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: [],
  });
});

test('Store.open() keeps others out of unpacked images, in a store that was open to them as well', async () => {
  await using dir = await tempDir();
  const root = join(dir.path, 'new', 'store');
  await using store = await Store.open(root);
  const { snapshots, cacheMounts, trash } = store.paths;
  const modes = async (...paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
  assert.deepEqual(await modes(root, snapshots, cacheMounts, trash), ['700', '700', '700', '700']);

  for (const path of [root, snapshots, cacheMounts, trash]) await chmod(path, 0o755);
  await using again = await Store.open(root);
  // The store itself may have been opened to others on purpose, to share its images.
  assert.deepEqual(await modes(again.paths.root, snapshots, cacheMounts, trash), ['755', '700', '700', '700']);
});

for (const [title, root] of [
  ['a file', import.meta.filename],
  ['below a file', join(import.meta.filename, 'store')],
  ['where the kernel makes no directories', '/proc/cip/store'],
] as const) {
  test(`Store.open() fails for ${title}`, needs('linux'), async () => {
    await fails(Store.open(root), 'not-a-store');
  });
}

test('Store.open() at once by many makes one store', async () => {
  await using dir = await tempDir();
  const stores = await Promise.all(Array.from({ length: 8 }, () => Store.open(dir.path)));
  const bytes = Buffer.from('x');
  const descriptors = await Promise.all(stores.map((store) => store.blobs.putBytes('text/plain', bytes)));
  assert.equal(new Set(descriptors.map(({ digest }) => digest)).size, 1);
  assert.equal((await readdir(join(dir.path, 'sessions'))).length, 8);
  await Promise.all(stores.map((store) => store.close()));
  assert.deepEqual(await readdir(join(dir.path, 'sessions')), []);
});

test('Store.open() completes a store whose making was broken off, and keeps its names', async () => {
  await using dir = await tempDir();
  const first = await Store.open(dir.path);
  const descriptor = await first.blobs.putBytes(mediaTypes.imageConfig, Buffer.from('{}'));
  await first.refs.set(new Map([['a:1', descriptor]]), never);
  await first.close();
  await rm(first.paths.version);
  await rm(first.paths.trash, { recursive: true });
  await using store = await Store.open(dir.path);
  assert.deepEqual(await store.refs.get('a:1'), descriptor);
  assert.ok(existsSync(store.paths.trash));
});

for (const name of ['images', 'images/blobs', 'records', 'indexes', 'snapshots', 'cache-mounts', 'sessions', 'trash'])
  test(`Store.open() makes ${name} again, which somebody has removed`, async () => {
    await using dir = await tempDir();
    const first = await Store.open(dir.path);
    await first.close();
    await rm(join(dir.path, name), { recursive: true });
    await using store = await Store.open(dir.path);
    const { blobs, records, indexes, snapshots, cacheMounts, trash, index, ociLayout } = store.paths;
    const wanted = [blobs, records, indexes, snapshots, cacheMounts, trash, index, ociLayout, store.session.path];
    assert.deepEqual(
      wanted.filter((path) => !existsSync(path)),
      [],
    );
  });

test('Store.open() goes on with a store whose making was ended after the logs of the first command', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'logs'));
  await using store = await Store.open(dir.path);
  assert.ok(existsSync(store.paths.version));
});

test('Store.open() refuses a directory with other things in it, and leaves it alone', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'thesis.tex'), '');
  await fails(Store.open(dir.path), 'not-a-store');
  assert.deepEqual(await readdir(dir.path), ['thesis.tex']);
});

test('Store.open() refuses a store of another version', async () => {
  await using dir = await tempDir();
  await mkdir(dir.path, { recursive: true });
  await writeFile(join(dir.path, 'version'), 'cip store 99\n');
  await fails(Store.open(dir.path), 'store-version-unknown');
});

test('Store.open() of a store that is there takes less than 5 ms', async () => {
  await using dir = await tempDir();
  await (await Store.open(dir.path)).close();
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    const store = await Store.open(dir.path);
    times.push(performance.now() - began);
    await store.close();
  }
  const best = Math.min(...times);
  assert.ok(best < 5, `${best.toFixed(1)} ms`);
});

test('records() gives one object for one name', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { z } = await import('zod');
  assert.equal(store.records('a', z.string()), store.records('a', z.string()));
  assert.throws(() => store.records('../a', z.string()));
});

test('indexes are put whole and come back by name', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const name = 'ab'.repeat(32);
  assert.equal(await store.indexes.get(name), undefined);
  await store.indexes.put(name, Buffer.from('one'));
  await store.indexes.put(name, Buffer.from('two'));
  assert.deepEqual(await store.indexes.get(name), Buffer.from('two'));
  assert.deepEqual(await readdir(store.paths.indexes), [name]);
  await assert.rejects(store.indexes.put('../escape', Buffer.from('')));
});

test('skopeo and umoci read the images as they are', needs('skopeo', 'umoci'), async () => {
  await using dir = await tempDir();
  await using store = await Store.open(join(dir.path, 'store'));
  const { stdout: diffID } = await execa(
    'sh',
    ['-c', `mkdir x && echo hi > x/file && tar -cf layer.tar -C x file && sha256sum layer.tar | cut -c1-64`],
    { cwd: dir.path },
  );
  const layer = await store.blobs.putBytes(mediaTypes.layerTar, await readFile(join(dir.path, 'layer.tar')));
  assert.equal(layer.digest, `sha256:${diffID}`);
  const config = await store.blobs.putDocument(
    makeDocument(mediaTypes.imageConfig, {
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['A=b'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const document = makeDocument(mediaTypes.imageManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config,
    layers: [layer],
  });
  await store.refs.set(new Map([['registry.test:5000/team/app:1.0', await store.blobs.putDocument(document)]]), never);

  const source = `${store.paths.images}:registry.test:5000/team/app:1.0`;
  const inspected = JSON.parse((await execa('skopeo', ['inspect', `oci:${source}`])).stdout);
  assert.equal(inspected.Digest, document.descriptor.digest);
  await execa('skopeo', ['copy', '--preserve-digests', `oci:${source}`, `oci:${dir.path}/copy:it`]);
  const copied = await readFile(join(dir.path, 'copy/blobs/sha256', document.descriptor.digest.slice(7)));
  assert.deepEqual(copied, Buffer.from(document.bytes));
  const listed = await execa('umoci', ['ls', '--layout', store.paths.images]);
  assert.equal(listed.stdout.trim(), 'registry.test:5000/team/app:1.0');

  await execa('skopeo', [
    'copy',
    '--preserve-digests',
    `oci:${dir.path}/copy:it`,
    `oci:${store.paths.images}:other/tool:2`,
  ]);
  assert.equal((await store.refs.get('other/tool:2'))?.digest, document.descriptor.digest);
  assert.equal((await store.refs.list()).size, 2);
});
