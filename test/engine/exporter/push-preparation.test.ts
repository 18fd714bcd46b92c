/** The forms in which an image leaves the store. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ImageForm, usualForm } from '../../../src/engine/exporter/image-form.ts';
import { PushPreparation } from '../../../src/engine/exporter/push-preparation.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { readIndex, readManifest } from '../../../src/oci/read-document.ts';
import { Store } from '../../../src/store/store.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const live = new AbortController().signal;
const text = Array.from({ length: 5000 }, (_, at) => `line ${at * 7919}\n`).join('');

interface Form {
  readonly form: Partial<ImageForm>;
  /** Of the layer that was made here, and of that of a base. */
  readonly want: readonly [own: string, base: string];
}
const forms: Readonly<Record<string, Form>> = {
  'as usual': { form: {}, want: ['layerTarGzip', 'layerTarGzip'] },
  'with another level': { form: { level: 1 }, want: ['layerTarGzip', 'layerTarGzip'] },
  'without compression': { form: { compression: 'none' }, want: ['layerTar', 'layerTarGzip'] },
  'all without compression': { form: { compression: 'none', isForced: true }, want: ['layerTar', 'layerTar'] },
  'with zstd': { form: { compression: 'zstd' }, want: ['layerTarZstd', 'layerTarGzip'] },
  'all with zstd': { form: { compression: 'zstd', isForced: true, level: 9 }, want: ['layerTarZstd', 'layerTarZstd'] },
  'all with the highest level': { form: { level: 9, isForced: true }, want: ['layerTarGzip', 'layerTarGzip'] },
  "under Docker's names": { form: { mediaTypes: 'docker' }, want: ['dockerLayerTarGzip', 'dockerLayerTarGzip'] },
  "under Docker's names without compression": {
    form: { mediaTypes: 'docker', compression: 'none' },
    want: ['dockerLayerTar', 'dockerLayerTarGzip'],
  },
};

test('each form of an image has layers of its own, with the same content', needs('zstd'), async (t) => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const preparation = new PushPreparation(store);
  const image = await imageIn(store);
  const seen = new Set<string>();
  for (const [title, { form, want }] of Object.entries(forms)) {
    await t.test(title, async () => {
      const whole = { ...usualForm, ...form };
      const made = await preparation.prepare(image, live, whole);
      assert.ok(!seen.has(made.digest), 'as another');
      seen.add(made.digest);
      const { value: index } = await readIndex(store.blobs, made, live);
      assert.equal(index.mediaType, made.mediaType);
      const { value: manifest } = await readManifest(store.blobs, index.manifests[0]!, live);
      assert.equal(manifest.mediaType, index.manifests[0]!.mediaType);
      assert.deepEqual(index.manifests[0]!.platform, { os: 'linux', architecture: 'amd64' });
      assert.equal(manifest.mediaType!.includes('docker'), form.mediaTypes === 'docker');
      assert.equal(manifest.config.mediaType.includes('docker'), form.mediaTypes === 'docker');
      const types = manifest.layers.map(({ mediaType }) => mediaType);
      assert.deepEqual(types, [mediaTypes[want[1] as 'layerTar'], mediaTypes[want[0] as 'layerTar']]);
      for (const layer of manifest.layers) {
        const bytes = await readFile(store.paths.blob(layer.digest));
        assert.equal(bytes.length, layer.size);
        assert.equal(unpacked(bytes, layer.mediaType), text);
      }
      // By who knows nothing of it, and by who remembers.
      for (const again of [new PushPreparation(store), preparation])
        assert.deepEqual(await again.prepare(image, live, whole), made);
    });
  }
  assert.deepEqual(await preparation.prepare(image, live), await preparation.prepare(image, live, usualForm));
});

function unpacked(bytes: Buffer, mediaType: string): string {
  if (mediaType.endsWith('gzip')) return gunzipSync(bytes).toString();
  return (mediaType.endsWith('zstd') ? execFileSync('zstd', ['-dc'], { input: bytes }) : bytes).toString();
}

/** A compressed layer, and one that was made here. */
async function imageIn(store: Store): Promise<Descriptor> {
  const put = async (mediaType: string, bytes: Buffer) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.blobs.put(descriptor, async () => Readable.from([bytes], { objectMode: false }), live);
    return descriptor;
  };
  const rootfs = { type: 'layers', diff_ids: [digestOf(text), digestOf(text)] };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }));
  const manifest = makeDocument(mediaTypes.imageManifest, {
    ...{ schemaVersion: 2, mediaType: mediaTypes.imageManifest },
    config: await put(mediaTypes.imageConfig, config),
    layers: [
      await put(mediaTypes.layerTarGzip, gzipSync(text, { level: 3 })),
      await put(mediaTypes.layerTar, Buffer.from(text)),
    ],
  });
  const platform = { os: 'linux', architecture: 'amd64' };
  const manifests = [{ ...(await store.blobs.putDocument(manifest)), platform }];
  const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests };
  return store.blobs.putDocument(makeDocument(mediaTypes.imageIndex, index));
}
