import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { maxManifestSize, readConfig, readDocument, readIndex, readManifest } from '../../src/oci/read-document.ts';
import { FailureError } from '../../src/result.ts';
import { addImage, addIndex, MemoryContent } from './memory-content.ts';

const signal = new AbortController().signal;
const amd64 = { os: 'linux', architecture: 'amd64' };
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;

test('readManifest(), readIndex() and readConfig() give the bytes as they lie, and a view of them', async () => {
  const content = new MemoryContent();
  const image = addImage(content, amd64, 'a');
  const index = addIndex(content, [image.descriptor]);

  const manifest = await readManifest(content, image.descriptor, signal);
  assert.deepEqual(manifest.value, image.manifest);
  assert.equal(digestOf(manifest.bytes), image.descriptor.digest);
  assert.equal(manifest.descriptor, image.descriptor);
  assert.deepEqual((await readIndex(content, index, signal)).value.manifests, [image.descriptor]);
  assert.equal((await readConfig(content, image.config, signal)).value.config?.Labels?.['seed'], 'a');
  assert.equal((await readDocument(content, index, signal)).kind, 'index');
});

test('readManifest() refuses an index, readIndex() a manifest', async () => {
  const content = new MemoryContent();
  const image = addImage(content, amd64, 'a');
  const index = addIndex(content, [image.descriptor]);
  await assert.rejects(readManifest(content, index, signal), because('document-not-understood'));
  await assert.rejects(readIndex(content, image.descriptor, signal), because('document-not-understood'));
});

test('readConfig() refuses what is no configuration', async () => {
  const content = new MemoryContent();
  const html = content.add(mediaTypes.imageConfig, '<html>');
  await assert.rejects(readConfig(content, html, signal), because('document-not-understood'));
  const other = content.addDocument(mediaTypes.imageConfig, { os: 'linux' });
  await assert.rejects(readConfig(content, other, signal), because('document-not-understood'));
});

test('readDocument() does not even open what is too large', async () => {
  const content = new MemoryContent();
  const descriptor = { mediaType: mediaTypes.imageManifest, digest: digestOf('x'), size: maxManifestSize + 1 };
  await assert.rejects(readDocument(content, descriptor, signal), because('document-too-large'));
  assert.deepEqual(content.opened, []);
});

test('readDocument() does not believe a source that does not verify', async () => {
  const content = new MemoryContent();
  const { descriptor } = addImage(content, amd64, 'a');
  const bytes = Buffer.from(content.blobs.get(descriptor.digest)!);
  content.blobs.set(descriptor.digest, Buffer.from(bytes.toString().replace('schemaVersion', 'schemaversion')));
  await assert.rejects(readDocument(content, descriptor, signal), because('blob-digest-mismatch'));
  content.blobs.set(descriptor.digest, Buffer.concat([bytes, Buffer.from(' ')]));
  await assert.rejects(readDocument(content, descriptor, signal), because('blob-size-mismatch'));
});
