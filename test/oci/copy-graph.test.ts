import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CopyProgress, copyGraph } from '../../src/oci/copy-graph.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { FailureError } from '../../src/result.ts';
import { addImage, addIndex, MemoryContent } from './memory-content.ts';

const signal = new AbortController().signal;
const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

/** An index of two images that share a layer, with an attestation of the first. */
function twoPlatforms() {
  const from = new MemoryContent();
  const first = addImage(from, amd64, 'amd64');
  const second = addImage(from, arm64, 'arm64');
  const attestation = addImage(from, { os: 'unknown', architecture: 'unknown' }, 'attestation', 'in-toto');
  const entry = { ...attestation.descriptor, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } };
  const index = addIndex(from, [first.descriptor, second.descriptor, entry]);
  return { from, first, second, attestation, index };
}

test('copyGraph() copies everything reachable byte for byte, attestations too, each digest once', async () => {
  const { from, index } = twoPlatforms();
  from.add('application/octet-stream', 'not reachable');
  const to = new MemoryContent();
  await copyGraph(index, { from, to }, signal);

  const reachable = [...from.blobs.keys()].filter((digest) => digest !== digestOf('not reachable'));
  assert.deepEqual([...to.blobs.keys()].sort(), reachable.sort());
  for (const [digest, bytes] of to.blobs) assert.equal(digestOf(bytes), digest);
  assert.deepEqual(to.puts.toSorted(), [...new Set(to.puts)].toSorted());
  assert.deepEqual(from.opened.toSorted(), [...new Set(from.opened)].toSorted(), 'nothing was read twice');
});

test('copyGraph() puts children before what names them', async () => {
  const { from, first, second, index } = twoPlatforms();
  const to = new MemoryContent();
  await copyGraph(index, { from, to, concurrency: 16 }, signal);
  const at = ({ digest }: Descriptor) => to.puts.indexOf(digest);
  for (const image of [first, second]) {
    for (const child of [image.config, ...image.layers]) assert.ok(at(child) < at(image.descriptor));
    assert.ok(at(image.descriptor) < at(index));
  }
  assert.equal(at(index), to.puts.length - 1);
});

test('copyGraph() reads nothing of what is already there but documents', async () => {
  const { from, index, first, second, attestation } = twoPlatforms();
  const to = new MemoryContent();
  await copyGraph(index, { from, to }, signal);
  from.opened.length = 0;
  to.puts.length = 0;
  await copyGraph(index, { from, to }, signal);
  assert.deepEqual(to.puts, []);
  assert.deepEqual(
    from.opened.toSorted(),
    [index, first.descriptor, second.descriptor, attestation.descriptor].map(({ digest }) => digest).toSorted(),
  );
});

test('copyGraph() fills the gaps of a sink that keeps manifests without their layers', async () => {
  const { from, first, index } = twoPlatforms();
  const to = new MemoryContent();
  await copyGraph(index, { from, to }, signal);
  to.blobs.delete(first.layers[0]!.digest);
  to.puts.length = 0;
  await copyGraph(index, { from, to }, signal);
  assert.deepEqual(to.puts, [first.layers[0]!.digest]);
});

test('copyGraph() believes a sink whose manifests are whole, but looks at the entries of an index', async () => {
  const { from, first, second, index } = twoPlatforms();
  const to = new MemoryContent({ manifestsAreWhole: true });
  await copyGraph(index, { from, to }, signal);
  from.opened.length = 0;
  to.puts.length = 0;
  to.blobs.delete(second.descriptor.digest);
  await copyGraph(index, { from, to }, signal);
  assert.deepEqual(from.opened, [index.digest, second.descriptor.digest]);
  assert.deepEqual(to.puts, [second.descriptor.digest]);
  assert.ok(to.blobs.has(first.descriptor.digest));
});

test('copyGraph() keeps to its concurrency', async () => {
  const from = new MemoryContent();
  const images = Array.from({ length: 10 }, (_, i) => addImage(from, amd64, `image ${i}`, `base ${i}`).descriptor);
  const index = addIndex(from, images);
  for (const concurrency of [1, 3]) {
    const to = new MemoryContent();
    await copyGraph(index, { from, to, concurrency }, signal);
    assert.equal(to.busiest, concurrency);
  }
});

test('copyGraph() leaves layers that may not be passed on where they are', async () => {
  const from = new MemoryContent();
  const config = from.addDocument(mediaTypes.imageConfig, {});
  const foreign = {
    mediaType: mediaTypes.dockerForeignLayer,
    digest: digestOf('f'),
    size: 1,
    urls: ['https://x.example'],
  };
  const manifest = from.addDocument(mediaTypes.dockerManifest, { schemaVersion: 2, config, layers: [foreign] });
  const to = new MemoryContent();
  await copyGraph(manifest, { from, to }, signal);
  assert.deepEqual(to.puts, [config.digest, manifest.digest]);
});

test('copyGraph() throws the first failure, and by then everything has ended', async () => {
  const { from, first, index } = twoPlatforms();
  const lost = first.layers[1]!;
  from.blobs.set(lost.digest, Buffer.from('damaged on the disk!'.slice(0, lost.size)));
  const to = new MemoryContent();
  await assert.rejects(
    copyGraph(index, { from, to }, signal),
    (error) => error instanceof FailureError && /^blob-(digest|size)-mismatch$/.test(error.failure.reason),
  );
  const puts = to.puts.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(to.puts.length, puts);
  assert.ok(!to.blobs.has(first.descriptor.digest));
  assert.ok(!to.blobs.has(index.digest));
});

test('copyGraph() ends when it is called off, with the reason it was given', async () => {
  const { from, index } = twoPlatforms();
  const controller = new AbortController();
  const to = new MemoryContent();
  const reason = new Error('enough');
  const onProgress = () => controller.abort(reason);
  await assert.rejects(copyGraph(index, { from, to, onProgress }, controller.signal), reason);
  assert.ok(!to.blobs.has(index.digest));
});

test('copyGraph() reports where each blob stands', async () => {
  const from = new MemoryContent();
  const large = from.add(mediaTypes.layerTar, Buffer.alloc(1 << 20));
  const config = from.addDocument(mediaTypes.imageConfig, {});
  const manifest = from.addDocument(mediaTypes.imageManifest, { schemaVersion: 2, config, layers: [large] });
  const to = new MemoryContent();
  to.blobs.set(config.digest, from.blobs.get(config.digest)!);
  const reports: CopyProgress[] = [];
  await copyGraph(manifest, { from, to, onProgress: (report) => reports.push(report) }, signal);
  const of = ({ digest }: Descriptor) =>
    reports.filter((report) => report.descriptor.digest === digest).map(({ state, done }) => [state, done]);
  assert.deepEqual(of(config), [['present', config.size]]);
  assert.deepEqual(of(large), [
    ['copying', 0],
    ['copying', large.size],
    ['copied', large.size],
  ]);
  assert.deepEqual(of(manifest).at(-1), ['copied', manifest.size]);
});
