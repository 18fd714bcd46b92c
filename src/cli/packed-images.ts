import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { layerMediaTypes } from '../layer/compression.ts';
import { decompressArchive, detectArchive, detectCompression } from '../layer/detect.ts';
import { unpackArchive } from '../layer/unpack-archive.ts';
import { copyGraph } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { makeDocument } from '../oci/document.ts';
import { ImageConfig } from '../oci/image-config.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseAs } from '../oci/parse-document.ts';
import type { Reference } from '../oci/reference.ts';
import { whyUnreadable } from '../read-regular-file.ts';
import { FailureError, failuresOf } from '../result.ts';
import { archiveIsDirectory, archiveNotAnImage } from './image-failure.ts';
import { layoutEntries, layoutSource, nameOfEntry, referenceIn } from './layout-image.ts';
import type { World } from './world.ts';

/** An image that came in a tar: all of it is in the store, without a name there. */
export interface PackedImage {
  readonly root: Descriptor;
  /** Those that it has in the tar. */
  readonly names: readonly Reference[];
}

/** What `docker save` and `podman save` wrote before they wrote layouts. */
const SavedImages = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()),
  }),
);

/**
 * The images in a tar: of an OCI layout, or of `docker save`, whatever compresses it. Not empty. Throws FailureError: `archive-not-an-image`,
 * and where what it has is not what its digests say.
 */
export async function imagesOfTar(path: string, world: World): Promise<readonly PackedImage[]> {
  const file = world.resolve(path);
  const { signal } = world;
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new FailureError(archiveNotAnImage(path, whyUnreadable(error)), { cause: error });
  });
  if (found.isDirectory()) throw new FailureError(archiveIsDirectory(path));
  if (!found.isFile()) throw new FailureError(archiveNotAnImage(path, 'it is no file'));
  const compression = await detectArchive(() => createReadStream(file), signal);
  if (compression === undefined) throw new FailureError(archiveNotAnImage(path, 'it is no tar'));
  const directory = (await world.store()).session.tempPath('image');
  await mkdir(directory);
  await unpackArchive(
    { tar: decompressArchive(createReadStream(file), compression, signal), into: directory },
    signal,
  ).catch((error: unknown) => {
    throw ofTar(path, error);
  });
  const images = (await isThere(join(directory, 'index.json')))
    ? await imagesOfLayout(directory, path, world)
    : await savedImages(directory, path, world);
  if (images.length === 0) throw new FailureError(archiveNotAnImage(path, 'it has none'));
  return images;
}

async function imagesOfLayout(directory: string, path: string, world: World): Promise<readonly PackedImage[]> {
  const { blobs } = await world.store();
  const images = new Map<string, { root: Descriptor; names: Reference[] }>();
  for (const entry of await layoutEntries(directory, path)) {
    const { mediaType, digest, size } = entry;
    const image = images.get(digest) ?? { root: { mediaType, digest, size }, names: [] };
    images.set(digest, image);
    const name = nameOfEntry(entry);
    if (name !== undefined) image.names.push(name);
  }
  for (const { root } of images.values())
    await copyGraph(root, { from: layoutSource(directory), to: blobs }, world.signal);
  return [...images.values()];
}

async function savedImages(directory: string, path: string, world: World): Promise<readonly PackedImage[]> {
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch(() => {
    throw new FailureError(archiveNotAnImage(path, 'it has neither index.json nor manifest.json'));
  });
  const saved = SavedImages.safeParse(jsonIn(text));
  if (!saved.success) throw new FailureError(archiveNotAnImage(path, 'its manifest.json is not that of docker save'));
  const images: PackedImage[] = [];
  for (const { Config, RepoTags, Layers } of saved.data) {
    const names = (RepoTags ?? []).flatMap((tag) => referenceIn(tag) ?? []);
    images.push({ root: await savedImage(directory, { path, config: Config, layers: Layers }, world), names });
  }
  return images;
}

async function savedImage(
  directory: string,
  { path, config, layers }: { readonly path: string; readonly config: string; readonly layers: readonly string[] },
  world: World,
): Promise<Descriptor> {
  const { blobs } = await world.store();
  const bytes = await readFile(await inside(directory, config, path));
  const parsed = parseAs(ImageConfig, bytes, { kind: 'the configuration of an image', name: join(path, config) });
  if (!parsed.ok) throw new FailureError(parsed.failure[0]);
  const { diff_ids: diffIDs } = parsed.value.rootfs;
  if (diffIDs.length !== layers.length) {
    const numbers = `${layers.length} layers, and its configuration names ${diffIDs.length}`;
    throw new FailureError(archiveNotAnImage(path, `it has ${numbers}`));
  }
  const kept: Descriptor[] = [];
  for (const [at, layer] of layers.entries()) {
    const descriptor = await keptLayer(await inside(directory, layer, path), path, world);
    const isOther = descriptor.mediaType === mediaTypes.layerTar && String(descriptor.digest) !== diffIDs[at];
    if (isOther)
      throw new FailureError(archiveNotAnImage(path, `${layer} is not the layer that its configuration names`));
    kept.push(descriptor);
  }
  const manifest = makeDocument(mediaTypes.imageManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: await blobs.putBytes(mediaTypes.imageConfig, bytes),
    layers: kept,
  });
  return await blobs.putDocument(manifest);
}

async function keptLayer(file: string, path: string, world: World): Promise<Descriptor> {
  const { blobs } = await world.store();
  const compression = detectCompression(await headOf(file));
  if (compression === 'bzip2' || compression === 'xz')
    throw new FailureError(archiveNotAnImage(path, `a layer is compressed with ${compression}, as none may be`));
  const writer = blobs.writer();
  try {
    await pipeline(createReadStream(file), writer, { signal: world.signal });
    return { mediaType: layerMediaTypes[compression], ...(await writer.commit()) };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Where a name leads, which is to be within: archives of old have links from one image's layer to that of another. */
async function inside(directory: string, name: string, path: string): Promise<string> {
  const real = await realpath(join(directory, name)).catch(() => undefined);
  if (real?.startsWith(`${await realpath(directory)}/`) === true) return real;
  throw new FailureError(archiveNotAnImage(path, `it has no ${name}`));
}

async function headOf(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with the bytes of a tar, said of the tar; a full disk is not its fault. */
function ofTar(path: string, error: unknown): unknown {
  const [failure] = failuresOf(error) ?? [];
  const isOfBytes = failure !== undefined && /^(?:tar-|corrupt-)/.test(failure.reason);
  return isOfBytes ? new FailureError(archiveNotAnImage(path, failure.message), { cause: error }) : error;
}
