/** What every exporter keeps to: a row in `ways` is all that another one needs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
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
import { writeTar } from '../../../src/tar/write.ts';
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
  readonly found: (here: Here, names: readonly Reference[]) => Promise<Found>;
  readonly isCompressed: boolean;
  /** An image without a name is there as well. */
  readonly takesNameless: boolean;
  /** Where nothing is to be there before, this is why. */
  readonly occupied?: string;
}

interface Found {
  /** What names lead to; undefined for a form that holds the files of an image, and no image. */
  readonly names: Readonly<Record<string, string>> | undefined;
  /** Every blob that is there, by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Files, where there is no image. */
  readonly files?: readonly string[];
}

const layout = (here: Here) => join(here.dir, 'out', 'layout');
const archive = (here: Here) => join(here.dir, 'out', 'it.tar');
const docker = (here: Here) => join(here.dir, 'out', 'docker.tar');
const dockerDirectory = (here: Here) => join(here.dir, 'out', 'docker');
const files = (here: Here) => join(here.dir, 'out', 'files');
const filesTar = (here: Here) => join(here.dir, 'out', 'files.tar');

/** A tar, unpacked by another program. */
async function unpacked(here: Here, path: string): Promise<string> {
  const directory = join(here.dir, 'unpacked');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  if (await isThere(path)) execFileSync('tar', ['-xf', path, '-C', directory]);
  return directory;
}

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
    found: async (here) => layoutIn(await unpacked(here, archive(here))),
    isCompressed: true,
    takesNameless: true,
  },
  {
    title: 'an archive for Docker, as an OCI layout',
    output: (here) => ({ type: 'docker', dest: docker(here), tar: true }),
    found: async (here) => layoutIn(await unpacked(here, docker(here))),
    isCompressed: true,
    takesNameless: true,
  },
  {
    title: 'a directory for Docker',
    output: (here) => ({ type: 'docker', dest: dockerDirectory(here), tar: false }),
    found: async (here) => layoutIn(dockerDirectory(here)),
    isCompressed: true,
    takesNameless: true,
    occupied: 'output-exists',
  },
  {
    title: 'a tar of its files',
    output: (here) => ({ type: 'tar', dest: filesTar(here) }),
    found: async (here) => filesIn(await unpacked(here, filesTar(here))),
    isCompressed: false,
    takesNameless: true,
  },
  {
    title: 'a directory of its files',
    output: (here) => ({ type: 'local', dest: files(here) }),
    found: async (here) => filesIn(files(here)),
    isCompressed: false,
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

async function filesIn(directory: string): Promise<Found> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of found) assert.equal(await readFile(file, 'utf8'), basename(file));
  return { names: undefined, blobs: new Map(), files: found.map((file) => relative(directory, file)) };
}

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
    annotations['io.containerd.image.name'] ?? '',
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
    platform: { os: 'linux', architecture: 'arm64' },
    isRoot: process.getuid?.() === 0,
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

/** A layer with one file, whose name and content is the text. */
async function layerOf(text: string): Promise<string> {
  const size = Buffer.byteLength(text);
  const plain = { linkName: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, devMajor: 0, devMinor: 0 };
  const tar = writeTar([{ header: { ...plain, type: 'file', name: text, size }, body: [Buffer.from(text)] }]);
  return (await buffer(tar)).toString();
}

/** An image of layers that are not compressed, as the engine leaves it in the store. */
async function imageOf(store: Store, ...texts: string[]): Promise<Descriptor> {
  const tars = await Promise.all(texts.map(layerOf));
  const layers = await Promise.all(tars.map((text) => putBlob(store, mediaTypes.layerTar, text)));
  const rootfs = { type: 'layers', diff_ids: tars.map((text) => digestOf(text)) };
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
    // The name of its only file.
    const tar = (mediaType.endsWith('gzip') ? gunzipSync(content) : content).toString();
    return tar.slice(0, tar.indexOf('\0'));
  });
}

/** The files that are there are those of these layers, of an image that a name leads to or of none. */
function assertHolds({ digest }: Descriptor, found: Found, want: readonly string[], isCompressed?: boolean): void {
  if (found.names === undefined) assert.deepEqual(found.files!.toSorted(), want.toSorted());
  else
    assert.deepEqual(
      layersBelow(digest, found, isCompressed),
      want.map((path) => basename(path)),
    );
}

for (const way of ways)
  describe(`an image to ${way.title}`, () => {
    test('all of it is there under its names, and it is what export() returns', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1', 'b/it:2');
        const exporter = exporterFor(way.output(here), here.services);
        assert.equal(exporter.type, way.output(here).type);
        const image = await imageOf(here.store, 'one', 'two');
        const sent = await exporter.export({ image, names }, live);
        const found = await way.found(here, names);
        if (found.names !== undefined)
          assert.deepEqual(found.names, Object.fromEntries(names.map((name) => [formatReference(name), sent.digest])));
        assertHolds(sent, found, ['one', 'two'], way.isCompressed);
        assert.equal(sent.digest !== image.digest, way.isCompressed);
      }));

    test('an index with all of its platforms', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await indexOf(here.store, await imageOf(here.store, 'amd'), await imageOf(here.store, 'arm'));
        const sent = await exporterFor(way.output(here), here.services).export({ image, names }, live);
        assert.equal(sent.mediaType, mediaTypes.imageIndex);
        assertHolds(sent, await way.found(here, names), ['linux_amd64/amd', 'linux_arm64/arm']);
      }));

    test('an image without layers', () =>
      withServices(async (here) => {
        const names = namesIn(here, 'a/it:1');
        const image = await imageOf(here.store);
        const sent = await exporterFor(way.output(here), here.services).export({ image, names }, live);
        assert.equal(sent.digest, image.digest);
        assertHolds(sent, await way.found(here, names), []);
      }));

    test(`an image without a name is ${way.takesNameless ? 'there' : 'under no name'}`, () =>
      withServices(async (here) => {
        const image = await imageOf(here.store, 'one');
        const sent = await exporterFor(way.output(here), here.services).export({ image, names: [] }, live);
        const found = await way.found(here, []);
        if (found.names !== undefined) assert.deepEqual(found.names, way.takesNameless ? { '': sent.digest } : {});
        else assertHolds(sent, found, ['one']);
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
        const sent = await again;
        const found = await way.found(here, names);
        if (found.names !== undefined) assert.deepEqual(found.names, { [name!]: sent.digest });
        // What a directory of files held before stays there.
        assertHolds(sent, found, way.output(here).type === 'local' ? ['one', 'two'] : ['two']);
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
        const found = await way.found(here, names);
        assert.deepEqual([found.names ?? {}, found.files ?? []], [{}, []]);
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
        await rm(here.store.paths.blob(digestOf(await layerOf('gone'))));
        await assert.rejects(
          exporter.export({ image: broken, names }, live),
          (error) => failuresOf(error) !== undefined,
        );
        const [name] = names.map(formatReference);
        const found = await way.found(here, names);
        if (found.names !== undefined) assert.deepEqual(found.names, before ? { [name!]: before.digest } : {});
        else assertHolds(broken, found, ['one']);
        assert.deepEqual(await unfinished(here), []);
      }));
  });

/** What an exporter has begun beside its place. */
async function unfinished({ dir }: Here): Promise<readonly string[]> {
  const names = await readdir(join(dir, 'out'), { recursive: true }).catch(() => []);
  return names.filter((name) => basename(name).startsWith('.cip'));
}

test('an archive for Docker names the image of this machine, under names as Docker has them', () =>
  withServices(async (here) => {
    const names = ['it', 'docker.io/group/it:2', 'docker.io/library/it:3', `${here.registry}/it:4`].map(reference);
    const image = await indexOf(here.store, await imageOf(here.store, 'amd'), await imageOf(here.store, 'arm'));
    const exporter = exporterFor({ type: 'docker', dest: dockerDirectory(here), tar: false }, here.services);
    await exporter.export({ image, names }, live);
    const json = async (path: string) => JSON.parse(await readFile(join(dockerDirectory(here), path), 'utf8'));
    const [{ Config, RepoTags, Layers }, ...others] = await json('manifest.json');
    assert.deepEqual(others, []);
    assert.deepEqual(RepoTags, ['it:latest', 'group/it:2', 'it:3', `${here.registry}/it:4`]);
    assert.deepEqual((await json(Config)).rootfs.diff_ids, [digestOf(await layerOf('arm'))]);
    assert.equal(Layers.length, 1);
    for (const path of Layers) assert.ok(await isThere(join(dockerDirectory(here), path)));
  }));

test('several ways at once give the same image, compressed once', () =>
  withServices(async (here) => {
    const names = namesIn(here, 'a/it:1');
    const image = await imageOf(here.store, 'one');
    const compressing = ways.filter(({ isCompressed }) => isCompressed);
    const outputs = compressing.map((way) => way.output(here));
    const sent = await Promise.all(
      outputs.map((output) => exporterFor(output, here.services).export({ image, names }, live)),
    );
    assert.equal(new Set(sent.map(({ digest }) => digest)).size, 1);
    for (const way of compressing) assertHolds(sent[0]!, await way.found(here, names), ['one']);
  }));

test('what is pushed is told by each of its names', () =>
  withServices(async (here) => {
    const names = namesIn(here, 'a/it:1', 'b/it:2');
    const image = await imageOf(here.store, 'one');
    const { digest } = await exporterFor({ type: 'registry' }, here.services).export({ image, names }, live);
    assert.deepEqual(
      here.events.filter(({ type }) => type !== 'blob-progress'),
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
