/** References of Dockerfiles to images, where the build was told what they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyContext } from '../../src/context/recorded-context.ts';
import { ImageResolver } from '../../src/engine/resolve-images.ts';
import { copyGraph } from '../../src/oci/copy-graph.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
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
        ssh: {},
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

/** Documents of images as they should not be, and what is said of each. */
interface Odd {
  readonly layers?: readonly string[];
  readonly configType?: string;
  readonly artifactType?: string;
  readonly config?: unknown;
  /** In place of a manifest. */
  readonly manifests?: readonly unknown[];
  readonly diffIDs?: number;
}

const { layerTar: plain, layerTarGzip: gzip } = mediaTypes;
const encrypted = `${gzip}+encrypted`;
const chart = 'application/vnd.cncf.helm.config.v1+json';
const chartContent = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const rows: Readonly<Record<string, readonly [image: Odd, reason: string | undefined, says?: string]>> = {
  'one layer': [{ layers: [gzip] }, undefined],
  'no layers': [{ layers: [] }, undefined],
  'a configuration of an odd type, and a layer': [
    { layers: [gzip], configType: 'application/octet-stream' },
    undefined,
  ],
  'a layer, and something else that is counted nowhere': [{ layers: [plain, 'text/plain'], diffIDs: 1 }, undefined],
  'a layer of an unknown type': [{ layers: ['application/x-foo'] }, 'layer-not-supported', 'application/x-foo'],
  'an encrypted layer': [{ layers: [encrypted] }, 'layer-not-supported', encrypted],
  'an encrypted layer on one that is not': [{ layers: [gzip, encrypted] }, 'layer-not-supported', encrypted],
  'fewer layers than it should have': [{ layers: [gzip], diffIDs: 2 }, 'layers-do-not-match', '1 layer,'],
  'no layer of two': [{ layers: [], diffIDs: 2 }, 'layers-do-not-match', '0 layers,'],
  'a chart': [{ layers: [chartContent], configType: chart, config: { name: 'x' } }, 'base-not-an-image', chart],
  'an artifact with an empty configuration': [
    { layers: ['application/x-wasm'], configType: mediaTypes.empty, config: {} },
    'base-not-an-image',
    'application/x-wasm',
  ],
  'an artifact that says what it is': [
    { layers: [gzip], configType: mediaTypes.empty, artifactType: 'application/x-module', config: {} },
    'base-not-an-image',
    'application/x-module',
  ],
  'an empty configuration': [{ layers: [], config: {} }, 'document-not-understood', 'architecture is missing'],
  'a configuration of other types': [
    { layers: [], config: { architecture: 5, os: 'linux', rootfs: { type: 'layers', diff_ids: [] } } },
    'document-not-understood',
    'architecture is a number and not a string',
  ],
  'an index of nothing': [{ manifests: [] }, 'platform-missing', 'has no image for any platform'],
};

for (const [title, [odd, reason, says]] of Object.entries(rows)) {
  test(`a base of ${title}: ${reason ?? 'taken'}`, async () => {
    await using workshop = await Workshop.open({});
    const { store } = workshop;
    const put = async (mediaType: string, value: unknown) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
      await store.blobs.putDocument({ descriptor, bytes, value });
      return descriptor;
    };
    const { layers = [], configType = mediaTypes.imageConfig, artifactType, diffIDs = layers.length } = odd;
    const rootfs = { type: 'layers', diff_ids: Array.from({ length: diffIDs }, () => digestOf('tar')) };
    const config = await put(configType, odd.config ?? { architecture: 'amd64', os: 'linux', config: {}, rootfs });
    const blobs = layers.map((mediaType) => ({ mediaType, digest: digestOf(mediaType), size: 1 }));
    const root = odd.manifests
      ? await put(mediaTypes.imageIndex, { schemaVersion: 2, manifests: odd.manifests })
      : await put(mediaTypes.imageManifest, {
          schemaVersion: 2,
          ...(artifactType !== undefined && { artifactType }),
          config,
          layers: blobs,
        });
    const resolver = new ImageResolver({ store, registry: undefined as never });
    const images = { resolved: { it: root }, pinned: {} };
    const failure = await resolver.resolve({ reference: 'it', platform: amd64 }, images, never).then(
      () => undefined,
      (error: unknown) => failuresOf(error)?.[0],
    );
    assert.equal(failure?.reason, reason, failure?.message);
    if (says !== undefined) assert.ok(failure?.message.includes(says), failure?.message);
    assert.doesNotMatch(failure?.hint ?? '', /it begins with/);
  });
}
