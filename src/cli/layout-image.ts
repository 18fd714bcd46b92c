import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type { ContentSource } from '../oci/content.ts';
import { copyGraph } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { ImageIndex } from '../oci/image-index.ts';
import { parseAs } from '../oci/parse-document.ts';
import { parseReference } from '../oci/reference.ts';
import { verifyStream } from '../oci/verify-stream.ts';
import { readRegularFile, whyUnreadable } from '../read-regular-file.ts';
import { FailureError } from '../result.ts';
import { layoutHasNoSuchImage, layoutNotReadable } from './image-failure.ts';
import type { World } from './world.ts';

const nameOfReference = 'org.opencontainers.image.ref.name';

/**
 * The image of `DIRECTORY[:TAG][@DIGEST]`, an OCI layout: all of it, verified, in the store. Throws FailureError: `layout-not-readable`,
 * `layout-image-missing`, and where what it has is not what its digests say.
 */
export async function imageOfLayout(text: string, world: World): Promise<Descriptor> {
  const { root, source } = await openLayout(text, world);
  const store = await world.store();
  await copyGraph(root, { from: source, to: store.blobs }, world.signal);
  return root;
}

/** The image as it is in the layout, of which nothing but the index was read yet. Throws as `imageOfLayout` does. */
export async function openLayout(
  text: string,
  world: World,
): Promise<{ readonly root: Descriptor; readonly source: ContentSource }> {
  const { path, tag, digest } = partsOf(text);
  const directory = world.resolve(path);
  const manifests = await layoutEntries(directory, path);
  const found = manifests.find((one) => isMeant(one, { tag, digest })) ?? onlyOf(manifests, { tag, digest });
  if (found === undefined) {
    const names = manifests.flatMap(({ annotations }) => annotations?.[nameOfReference] ?? []);
    throw new FailureError(layoutHasNoSuchImage(path, { wanted: digest ?? tag, names }));
  }
  const { mediaType, digest: known, size } = found;
  return { root: { mediaType, digest: known, size }, source: layoutSource(directory) };
}

/** What the index of a layout lists; `path` is the directory as people know it. Throws FailureError: `layout-not-readable`. */
export async function layoutEntries(directory: string, path: string): Promise<readonly Descriptor[]> {
  const bytes = await readRegularFile(join(directory, 'index.json')).catch((error: NodeJS.ErrnoException) => {
    throw new FailureError(layoutNotReadable(path, whyUnreadable(error)), { cause: error });
  });
  const index = parseAs(ImageIndex, bytes, { kind: 'the index of an OCI layout', name: join(path, 'index.json') });
  if (!index.ok) throw new FailureError(index.failure[0]);
  return index.value.manifests;
}

interface Wanted {
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function partsOf(text: string): Wanted & { readonly path: string } {
  const [, path = '', tag, digest] = /^(.+?)(?::([^:/@]+))?(?:@([^@/]+:[0-9a-f]+))?$/is.exec(text) ?? [];
  return { path, tag, digest };
}

/** The digest says more than the tag. Names in layouts are tags, or whole references. */
function isMeant({ digest, annotations }: Descriptor, wanted: Wanted): boolean {
  if (wanted.digest !== undefined) return digest === wanted.digest;
  const name = annotations?.[nameOfReference];
  const reference = name === undefined ? undefined : parseReference(name);
  const tag = wanted.tag ?? 'latest';
  return name === tag || (name?.includes(':') === true && reference?.ok === true && reference.value.tag === tag);
}

/** Who names nothing means the one image that there is. */
function onlyOf(manifests: readonly Descriptor[], { tag, digest }: Wanted): Descriptor | undefined {
  return tag === undefined && digest === undefined && manifests.length === 1 ? manifests[0] : undefined;
}

/** The blobs of a layout, verified as they are read. */
export function layoutSource(directory: string): ContentSource {
  const fileOf = ({ digest }: Descriptor) => join(directory, 'blobs', digest.replace(':', '/'));
  return {
    async has(descriptor) {
      return await stat(fileOf(descriptor)).then(
        (found) => found.isFile(),
        () => false,
      );
    },
    async open(descriptor, signal): Promise<Readable> {
      const file = fileOf(descriptor);
      const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
      if (found instanceof Error) throw new FailureError(layoutNotReadable(file, whyUnreadable(found)));
      if (!found.isFile()) throw new FailureError(layoutNotReadable(file, 'it is no file'));
      return pipeline(createReadStream(file, { signal }), verifyStream(descriptor, file), () => {});
    },
  };
}
