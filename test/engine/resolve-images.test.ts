/** References of Dockerfiles to images, where the build was told what they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyContext } from '../../src/context/recorded-context.ts';
import { ImageResolver } from '../../src/engine/resolve-images.ts';
import { copyGraph } from '../../src/oci/copy-graph.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { readDocument, readIndex } from '../../src/oci/read-document.ts';
import type { ImageName } from '../../src/project/image-name.ts';
import { failuresOf } from '../../src/result.ts';
import { amd64, arm64, never, Workshop } from '../orchestrator/workshop.ts';

/** A registry with two images of one name; the tag names the second. */
async function setUp() {
  const elsewhere = await Workshop.open({});
  const registry = await elsewhere.registry('outside');
  const workshop = await Workshop.open({});
  const repository = registry.place.repository('debian' as ImageName);
  const images: Descriptor[] = [];
  for (const salt of ['first', 'second']) {
    const { image } = await elsewhere.builder({ salt }).build(
      {
        image: 'debian',
        contextDir: '/',
        dockerfile: { file: '/Dockerfile', text: '' },
        context: emptyContext,
        buildArgs: {},
        platforms: [amd64, arm64],
        secrets: {},
        resolved: {},
        pinned: {},
        annotations: { manifests: {}, index: {} },
        noCache: false,
      },
      undefined,
      never,
    );
    const { bytes, descriptor } = await readDocument(elsewhere.store.blobs, image, never);
    await copyGraph(image, { from: elsewhere.store.blobs, to: repository }, never);
    await repository.putManifest('12', { descriptor, bytes }, never);
    images.push(image);
  }
  const [first, second] = images as [Descriptor, Descriptor];
  return {
    registry,
    workshop,
    elsewhere,
    first,
    second,
    reference: `${registry.place.text}/debian:12`,
    resolver: new ImageResolver({ store: workshop.store, registry: registry.client }),
    manifestOf: async (image: Descriptor, platform = amd64) => {
      const index = await readIndex(elsewhere.store.blobs, image, never);
      return index.value.manifests.find((one) => one.platform?.architecture === platform.architecture)?.digest;
    },
    async [Symbol.asyncDispose]() {
      await workshop[Symbol.asyncDispose]();
      await elsewhere[Symbol.asyncDispose]();
    },
  };
}

test('a pinned reference is the image that was decided, for all platforms, whatever its tag names now', async () => {
  await using world = await setUp();
  const { resolver, reference, first, manifestOf } = world;
  for (const platform of [amd64, arm64]) {
    const resolved = await resolver.resolve(
      { reference, platform },
      { resolved: {}, pinned: { [reference]: first } },
      never,
    );
    assert.equal(resolved.manifest, await manifestOf(first, platform));
    assert.deepEqual(resolved.origin, { registry: world.registry.name.host, repository: 'outside/debian' });
  }
  assert.deepEqual(world.registry.requests.filter((request) => request.includes('/manifests/12')).slice(2), []);
});

test('builds that were decided at other times do not see each other’s', async () => {
  await using world = await setUp();
  const { resolver, reference, first, second, manifestOf } = world;
  for (const image of [first, second, first]) {
    const pinned = { [reference]: image };
    const resolved = await resolver.resolve({ reference, platform: amd64 }, { resolved: {}, pinned }, never);
    assert.equal(resolved.manifest, await manifestOf(image));
  }
});

test('what the store has of a pinned image is not asked for again', async () => {
  await using world = await setUp();
  const { resolver, reference, first, registry, workshop } = world;
  const images = { resolved: {}, pinned: { [reference]: first } };
  await resolver.resolve({ reference, platform: amd64 }, images, never);
  registry.requests.length = 0;
  const another = new ImageResolver({ store: workshop.store, registry: registry.client });
  await another.resolve({ reference, platform: amd64 }, images, never);
  assert.deepEqual(registry.requests, []);
});

test('a pinned image that the registry has no more is a failure that names its digest', async () => {
  await using world = await setUp();
  const { resolver, reference, first } = world;
  const gone = { ...first, digest: first.digest.replace(/.{4}$/, '0000') as typeof first.digest };
  const resolving = resolver.resolve(
    { reference, platform: amd64 },
    { resolved: {}, pinned: { [reference]: gone } },
    never,
  );
  await assert.rejects(resolving, (error: unknown) => {
    const [failure] = failuresOf(error) ?? [];
    return failure?.reason === 'base-not-found' && failure.message.includes(gone.digest);
  });
});

test('an image of the store wins over one of a registry', async () => {
  await using world = await setUp();
  const { workshop, elsewhere, reference, first, second, registry, manifestOf } = world;
  await copyGraph(second, { from: elsewhere.store.blobs, to: workshop.store.blobs }, never);
  const resolver = new ImageResolver({ store: workshop.store, registry: registry.client });
  const images = { resolved: { [reference]: second }, pinned: { [reference]: first } };
  const resolved = await resolver.resolve({ reference, platform: amd64 }, images, never);
  assert.equal(resolved.manifest, await manifestOf(second));
  assert.equal(resolved.origin, undefined);
});
