/** A blob is in an image only if it holds the tar that a configuration names for it; each is looked at once. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import type { SnapshotLayer } from '../../../src/engine/snapshot/snapshot.ts';
import { DiffID, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const signal = new AbortController().signal;
/** Of one empty file each. */
const [tar, other] = ['a', 'b'].map(tarOf) as [Buffer, Buffer];

function tarOf(name: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  for (const at of [108, 116]) header.write('0000000\0', at);
  for (const at of [124, 136]) header.write('00000000000\0', at);
  header.write('        0ustar\u000000', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
}

function layerOf(
  bytes: Buffer,
  claims: Buffer,
  mediaType: string = mediaTypes.layerTarGzip,
): SnapshotLayer & { bytes: Buffer } {
  const blob = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { blob, diffID: DiffID.parse(digestOf(claims)), bytes };
}

type Layer = ReturnType<typeof layerOf>;
const right = layerOf(gzipSync(tar), tar);
const rows: readonly (readonly [title: string, layer: Layer, want: readonly string[], known?: Layer])[] = [
  ['what it says', right, []],
  ['what it says, without compression', layerOf(tar, tar, mediaTypes.layerTar), []],
  ['another tar', layerOf(gzipSync(other), tar), ['layer-digest-mismatch']],
  ['another tar, without compression', layerOf(other, tar, mediaTypes.layerTar), ['layer-digest-mismatch']],
  ['less than all', layerOf(gzipSync(tar).subarray(0, 30), tar), ['corrupt-compression']],
  ['nothing that is compressed', layerOf(Buffer.from('hello'), tar), ['corrupt-compression']],
  ['another tar, of a layer that is known', layerOf(gzipSync(other), tar), ['layer-digest-mismatch'], right],
  [
    'what it says, in other bytes',
    layerOf(gzipSync(tar, { level: 1 }), tar),
    [],
    layerOf(gzipSync(tar, { level: 0 }), tar),
  ],
];

async function withLayers(work: (store: Store, open: (served: Layer[]) => Layers) => Promise<void>): Promise<void> {
  await using temp = await tempDir();
  const store = await Store.open(join(temp.path, 'store'));
  const open = (served: Layer[]) =>
    new Layers({
      store,
      fetch: async ({ blob }) => {
        const { bytes } = served.find((layer) => layer.blob.digest === blob.digest)!;
        await store.blobs.put(blob, async () => Readable.from([bytes]), signal);
      },
      owners: { areKept: false, name: 'one-id' },
      makesDevices: false,
      gid: process.getgid!(),
      notice: () => {},
    });
  try {
    await work(store, open);
  } finally {
    await store.close();
  }
}

async function reasonsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
    return [];
  } catch (error) {
    const failures = failuresOf(error) ?? [];
    // It says in which layer.
    for (const { message } of failures) assert.match(message, /layer sha256:/);
    return failures.map(({ reason }) => reason);
  }
}

for (const [title, layer, want, known] of rows) {
  test(`a layer that holds ${title}`, () =>
    withLayers(async (_, open) => {
      const layers = open([layer, ...(known ? [known] : [])]);
      if (known) await layers.directories({ layers: [known] }, signal);
      for (const _ of [1, 2]) assert.deepEqual(await reasonsOf(layers.ensureContent(layer, signal)), want);
    }));
}

for (const [title, first] of [
  ['unpacked', (layers: Layers) => layers.directories({ layers: [right] }, signal)],
  ['indexed', (layers: Layers) => layers.tree({ layers: [right] }, signal)],
  ['looked at', (layers: Layers) => layers.ensureContent(right, signal)],
] as const) {
  test(`a layer that was ${title} is not read again, by another process either`, () =>
    withLayers(async (store, open) => {
      await first(open([right]));
      let reads = 0;
      const { open: read } = store.blobs;
      store.blobs.open = (...args) => {
        reads += 1;
        return read.apply(store.blobs, args);
      };
      await open([right]).ensureContent(right, signal);
      assert.equal(reads, 0);
    }));
}
