/** What every exporter keeps to: a row in `ways` is all that another one needs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { ExportServices } from '../../../src/engine/exporter/exporter.ts';
import { exporterFor, type Output } from '../../../src/engine/exporter/exporters.ts';
import { PushPreparation } from '../../../src/engine/exporter/push-preparation.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { formatReference, parseReference, type Reference } from '../../../src/oci/reference.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { RegistryClient } from '../../../src/registry/registry.ts';
import { serveRegistry } from '../../../src/registry-server/server.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const live = new AbortController().signal;

interface Here {
  readonly dir: string;
  readonly store: Store;
  readonly services: ExportServices;
  readonly events: ProgressEvent[];
  /** `host:port` of a registry. */
  readonly registry: string;
  readonly repositories: string;
}

interface Way {
  readonly title: string;
  readonly output: (here: Here) => Output;
  /** Names and what they lead to, and every blob that is there, by digest. */
  readonly found: (here: Here, names: readonly Reference[]) => Promise<Found>;
  readonly isCompressed: boolean;
  /** An image without a name is there as well. */
  readonly takesNameless: boolean;
  /** Where nothing is to be there before, this is why. */
  readonly occupied?: string;
}

interface Found {
  readonly names: Readonly<Record<string, string>>;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

const layout = (here: Here) => join(here.dir, 'out', 'layout');
const archive = (here: Here) => join(here.dir, 'out', 'it.tar');

const ways: readonly Way[] = [
  {
    title: 'names in the store',
    output: () => ({ type: 'store' }),
    found: async ({ store }) => ({
      names: Object.fromEntries([...(await store.refs.list())].map(([name, { digest }]) => [name, digest])),
      blobs: await blobsIn(join(store.paths.root, 'images')),
    }),
    isCompressed: false,
    takesNameless: false,
  },
  {
    title: 'a directory with an OCI layout',
    output: (here) => ({ type: 'oci', dest: layout(here), tar: false }),
    found: (here) => layoutIn(layout(here)),
    isCompressed: true,
    takesNameless: true,
    occupied: 'output-exists',
  },
  {
    title: 'a tar of an OCI layout',
    output: (here) => ({ type: 'oci', dest: archive(here), tar: true }),
    found: async (here) => {
      if (!(await isThere(archive(here)))) return { names: {}, blobs: new Map() };
      const unpacked = join(here.dir, 'unpacked');
      await rm(unpacked, { recursive: true, force: true });
      await mkdir(unpacked);
      execFileSync('tar', ['-xf', archive(here), '-C', unpacked]);
      return layoutIn(unpacked);
    },
    isCompressed: true,
    takesNameless: true,
  },
  {
    title: 'a registry',
    output: () => ({ type: 'registry' }),
    found: async ({ services, repositories }, names) => {
      const found: Record<string, string> = {};
      for (const name of names) {
        const remote = await services.repository(name);
        const there = await (remote as unknown as ReturnType<RegistryClient['repository']>).resolve(name.tag!, live);
        if (there !== undefined) found[formatReference(name)] = there.digest;
      }
      return { names: found, blobs: await blobsIn(repositories) };
    },
    isCompressed: true,
    takesNameless: false,
  },
];

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

/** All files below a directory that have a digest for a name. */
async function blobsIn(directory: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
      found.set(`sha256:${entry.name}`, await readFile(join(entry.parentPath, entry.name)));
  return found;
}

async function layoutIn(directory: string): Promise<Found> {
  const text = await readFile(join(directory, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
  const { manifests } = JSON.parse(text) as { manifests: { digest: string; annotations?: Record<string, string> }[] };
  const names = manifests.map(({ digest, annotations = {} }) => [
    annotations['org.opencontainers.image.ref.name'] ?? '',
    digest,
  ]);
  return { names: Object.fromEntries(names), blobs: await blobsIn(directory) };
}

async function withServices(act: (here: Here) => Promise<void>): Promise<void> {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const repositories = join(temp.path, 'registry');
  const server = await serveRegistry({ storage: repositories, host: '127.0.0.1', port: 0 }, live);
  const options = { insecureRegistries: [], retries: 0, timeoutMs: 10_000, userAgent: 'test', env: {} };
  const client = new RegistryClient(options);
  const events: ProgressEvent[] = [];
  const services: ExportServices = {
    store,
    preparation: new PushPreparation(store),
    repository: async ({ registry, repository }) => client.repository({ registry, repository }),
    progress: { emit: (event) => void events.push(event) },
  };
  const registry = `127.0.0.1:${server.address.port}`;
  try {
    await act({ dir: temp.path, store, services, events, registry, repositories });
  } finally {
    await client.close();
    await server.close();
  }
}

function reference(text: string): Reference {
  const parsed = parseReference(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const namesIn = ({ registry }: Here, ...texts: string[]) => texts.map((text) => reference(`${registry}/${text}`));

async function putBlob(store: Store, mediaType: string, text: string): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) };
  await store.blobs.put(descriptor, async () => Readable.from([Buffer.from(text)], { objectMode: false }), live);
  return descriptor;
}

/** An image of layers that are not compressed, as the engine leaves it in the store. */
async function imageOf(store: Store, ...texts: string[]): Promise<Descriptor> {
  const layers = await Promise.all(texts.map((text) => putBlob(store, mediaTypes.layerTar, text)));
  const rootfs = { type: 'layers', diff_ids: texts.map((text) => digestOf(text)) };
  const config = await putBlob(
    store,
    mediaTypes.imageConfig,
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, config: {} }),
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.imageManifest, config, layers };
  return store.blobs.putDocument(makeDocument(mediaTypes.imageManifest, manifest));
}

async function indexOf(store: Store, ...images: Descriptor[]): Promise<Descriptor> {
  const manifests = images.map((image, at) => ({
    ...image,
    platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' },
  }));
  const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests };
  return store.blobs.putDocument(makeDocument(mediaTypes.imageIndex, index));
}

/** The bytes of the layers that a document leads to, as tars: whatever is missing or wrong is an error. */
function layersBelow(digest: string, { blobs }: Found, isCompressed?: boolean): string[] {
  const bytes = blobs.get(digest);
  assert.ok(bytes, `${digest} is not there`);
  assert.equal(digestOf(bytes), digest);
  const document = JSON.parse(bytes.toString()) as {
    manifests?: Descriptor[];
    config?: Descriptor;
    layers?: Descriptor[];
  };
  if (document.manifests) return document.manifests.flatMap((one) => layersBelow(one.digest, { names: {}, blobs }));
  assert.ok(blobs.has(document.config!.digest), 'the configuration is not there');
  return document.layers!.map(({ digest: layer, mediaType }) => {
    const content = blobs.get(layer);
    assert.ok(content, `the layer ${layer} is not there`);
    if (isCompressed !== undefined) assert.equal(mediaType.endsWith('gzip'), isCompressed);
    return (mediaType.endsWith('gzip') ? gunzipSync(content) : content).toString();
  });
}

for (const way of ways)
  describe(`an image to ${way.title}`, () => {
    test('all of it is there under its names, and it is what export() returns', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1', 'b/it:2');
        const exporter = exporterFor(way.output(here), here.services);
        assert.equal(exporter.type, way.output(here).type);
        const image = await imageOf(here.store, 'one', 'two');
        const { digest } = await exporter.export({ image, names }, live);
        const found = await way.found(here, names);
        assert.deepEqual(found.names, Object.fromEntries(names.map((name) => [formatReference(name), digest])));
        assert.deepEqual(layersBelow(digest, found, way.isCompressed), ['one', 'two']);
        assert.equal(digest !== image.digest, way.isCompressed);
      }));

    test('an index with all of its platforms', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await indexOf(here.store, await imageOf(here.store, 'amd'), await imageOf(here.store, 'arm'));
        const { digest, mediaType } = await exporterFor(way.output(here), here.services).export({ image, names }, live);
        assert.equal(mediaType, mediaTypes.imageIndex);
        assert.deepEqual(layersBelow(digest, await way.found(here, names)), ['amd', 'arm']);
      }));

    test('an image without layers', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await imageOf(here.store);
        const { digest } = await exporterFor(way.output(here), here.services).export({ image, names }, live);
        assert.equal(digest, image.digest);
        assert.deepEqual(layersBelow(digest, await way.found(here, names)), []);
      }));

    test(`an image without a name is ${way.takesNameless ? 'there' : 'under no name'}`, () =>
      withServices(async (here) => {
        const image = await imageOf(here.store, 'one');
        const { digest } = await exporterFor(way.output(here), here.services).export({ image, names: [] }, live);
        const { names } = await way.found(here, []);
        assert.deepEqual(names, way.takesNameless ? { '': digest } : {});
      }));

    test(`once more is ${way.occupied ?? 'as once'}, and what was there stays or is replaced whole`, () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const exporter = exporterFor(way.output(here), here.services);
        const first = await exporter.export({ image: await imageOf(here.store, 'one'), names }, live);
        const again = exporter.export({ image: await imageOf(here.store, 'two'), names }, live);
        const [name] = names.map(formatReference);
        if (way.occupied !== undefined) {
          await assert.rejects(again, (error) => failuresOf(error)?.[0]?.reason === way.occupied);
          assert.deepEqual((await way.found(here, names)).names, { [name!]: first.digest });
          return;
        }
        const { digest } = await again;
        const found = await way.found(here, names);
        assert.deepEqual(found.names, { [name!]: digest });
        assert.deepEqual(layersBelow(digest, found), ['two']);
      }));

    test('the same image is always the same bytes', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await imageOf(here.store, 'one', 'two');
        const one = await exporterFor(way.output(here), here.services).export({ image, names }, live);
        await withServices(async (other) => {
          const same = await imageOf(other.store, 'one', 'two');
          const { digest } = await exporterFor(way.output(other), other.services).export(
            { image: same, names: namesIn(other, 'a/it:1') },
            live,
          );
          assert.equal(digest, one.digest);
        });
      }));

    test('a signal that is aborted is what it rejects with, and nothing is left', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await imageOf(here.store, 'one');
        const reason = new Error('enough');
        const exporter = exporterFor(way.output(here), here.services);
        await assert.rejects(exporter.export({ image, names }, AbortSignal.abort(reason)), reason);
        assert.deepEqual((await way.found(here, names)).names, {});
        assert.deepEqual(await unfinished(here), []);
      }));

    test('an image that lacks a layer is a failure, and what was there before is there still', () =>
      withServices(async (here) => {
        if (way.title === 'names in the store') return;
        const names = namesIn(here, 'a/it:1');
        const output = way.output(here);
        const exporter = exporterFor(output, here.services);
        const image = await imageOf(here.store, 'one');
        const before = way.occupied === undefined ? await exporter.export({ image, names }, live) : undefined;
        const broken = await imageOf(here.store, 'gone');
        await rm(here.store.paths.blob(digestOf('gone')));
        await assert.rejects(
          exporter.export({ image: broken, names }, live),
          (error) => failuresOf(error) !== undefined,
        );
        const [name] = names.map(formatReference);
        assert.deepEqual((await way.found(here, names)).names, before ? { [name!]: before.digest } : {});
        assert.deepEqual(await unfinished(here), []);
      }));
  });

/** What an exporter has begun beside its place. */
async function unfinished({ dir }: Here): Promise<readonly string[]> {
  const names = await readdir(join(dir, 'out')).catch(() => []);
  return names.filter((name) => name.startsWith('.cip'));
}

test('several ways at once give the same image, compressed once', () =>
  withServices(async (here) => {
    const names = namesIn(here, 'a/it:1');
    const image = await imageOf(here.store, 'one');
    const outputs = ways.slice(1).map((way) => way.output(here));
    const sent = await Promise.all(
      outputs.map((output) => exporterFor(output, here.services).export({ image, names }, live)),
    );
    assert.equal(new Set(sent.map(({ digest }) => digest)).size, 1);
    for (const way of ways.slice(1))
      assert.deepEqual(layersBelow(sent[0]!.digest, await way.found(here, names)), ['one']);
  }));

test('what is pushed is told by each of its names', () =>
  withServices(async (here) => {
    const names = namesIn(here, 'a/it:1', 'b/it:2');
    const image = await imageOf(here.store, 'one');
    const { digest } = await exporterFor({ type: 'registry' }, here.services).export({ image, names }, live);
    assert.deepEqual(
      here.events,
      names.map((name) => {
        const text = formatReference(name);
        return { type: 'image-pushed', image: text, reference: text, digest };
      }),
    );
  }));

for (const isThere of [true, false])
  test(`a directory that holds something else ${isThere ? '' : 'when the export is on its way '}is left as it is`, () =>
    withServices(async (here) => {
      const dest = layout(here);
      const fill = async () => {
        await mkdir(dest, { recursive: true });
        await writeFile(join(dest, 'mine'), '');
      };
      class Filling extends PushPreparation {
        override async prepare(...args: Parameters<PushPreparation['prepare']>) {
          await fill();
          return super.prepare(...args);
        }
      }
      if (isThere) await fill();
      const image = await imageOf(here.store, 'one');
      const services = { ...here.services, preparation: new Filling(here.store) };
      await assert.rejects(
        exporterFor({ type: 'oci', dest, tar: false }, services).export({ image, names: [] }, live),
        (error) => failuresOf(error)?.[0]?.reason === 'output-exists',
      );
      assert.deepEqual(await readdir(dest), ['mine']);
      assert.deepEqual(await unfinished(here), []);
    }));
