import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { annotations as annotationNames } from '../oci/annotations.ts';
import type { ContentSource } from '../oci/content.ts';
import { copyGraph } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { ImageIndex } from '../oci/image-index.ts';
import { parseAs } from '../oci/parse-document.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { verifyStream } from '../oci/verify-stream.ts';
import { readRegularFile, whyUnreadable } from '../read-regular-file.ts';
import { FailureError } from '../result.ts';
import { layoutHasNoSuchImage, layoutNotReadable } from './image-failure.ts';
import { fullName } from './stored-images.ts';
import type { World } from './world.ts';

/**
 * The image of `DIRECTORY[:TAG|:NAME][@DIGEST]`, an OCI layout: all of it, verified, in the store. Throws FailureError: `layout-not-readable`,
 * `layout-image-missing`, and where what it has is not what its digests say.
 */
export async function imageOfLayout(text: string, world: World): Promise<Descriptor> {
  const { root, source } = await openLayout(text, world);
  const store = await world.store();
  await copyGraph(root, { from: source, to: store.blobs }, world.signal);
  return root;
}

/** The image as it is in the layout, of which nothing but the index was read yet, and what it is called. Throws as `imageOfLayout` does. */
export async function openLayout(
  text: string,
  world: World,
): Promise<{ readonly root: Descriptor; readonly source: ContentSource; readonly reference: Reference | undefined }> {
  const { path, name, digest } = await partsOf(text, world);
  const directory = world.resolve(path);
  const manifests = await layoutEntries(directory, path);
  const found = manifests.find((one) => isMeant(one, { name, digest })) ?? onlyOf(manifests, { name, digest });
  if (found === undefined) {
    const names = manifests.flatMap(({ annotations }) => annotations?.[annotationNames.refName] ?? []);
    throw new FailureError(layoutHasNoSuchImage(path, { wanted: digest ?? name, names }));
  }
  const { mediaType, digest: known, size } = found;
  return { root: { mediaType, digest: known, size }, source: layoutSource(directory), reference: nameOfEntry(found) };
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
  /** A tag, or a name in full. */
  readonly name: string | undefined;
  readonly digest: string | undefined;
}

/** Names in full have colons and slashes, as paths may: a path is what has a layout, and else all up to the last colon. */
async function partsOf(text: string, world: World): Promise<Wanted & { readonly path: string }> {
  const [, named = '', digest] = /^(.+?)(?:@([^@/]+:[0-9a-f]+))?$/is.exec(text) ?? [];
  const [, path = '', tag] = /^(.+?)(?::([^:/]+))?$/s.exec(named) ?? [];
  const isLayout = async (directory: string) => await isFile(join(world.resolve(directory), 'index.json'));
  if (await isLayout(path)) return { path, name: tag, digest };
  if (await isLayout(named)) return { path: named, name: undefined, digest };
  for (let at = path.lastIndexOf(':'); at > 0; at = named.lastIndexOf(':', at - 1))
    if (await isLayout(named.slice(0, at))) return { path: named.slice(0, at), name: named.slice(at + 1), digest };
  return { path, name: tag, digest };
}

/** The digest says more than the name. Entries have tags, names in full, or both. */
function isMeant({ digest, annotations = {} }: Descriptor, wanted: Wanted): boolean {
  if (wanted.digest !== undefined) return digest === wanted.digest;
  const { name = 'latest' } = wanted;
  const names = namesIn(annotations);
  if (names.includes(/[/:]/.test(name) ? fullName(name) : name)) return true;
  return names.some((one) => one.includes(':') && referenceIn(one)?.tag === name);
}

/** What an image of a layout is called in full, where it says so. */
export function nameOfEntry({ annotations = {} }: Descriptor): Reference | undefined {
  return referenceIn(namesIn(annotations)[0]);
}

/** containerd's annotation has the name in full, and beside it there is only the tag. */
function namesIn(annotations: Readonly<Record<string, string>>): readonly string[] {
  return [annotationNames.containerdImageName, annotationNames.refName].flatMap((key) => annotations[key] ?? []);
}

/** What a name in full says; a tag alone, as layouts have it, names nothing. */
export function referenceIn(name: string | undefined): Reference | undefined {
  if (name === undefined || !/[/:]/.test(name)) return undefined;
  const parsed = parseReference(name);
  return parsed.ok ? parsed.value : undefined;
}

/** Who names nothing means the one image that there is. */
function onlyOf(manifests: readonly Descriptor[], { name, digest }: Wanted): Descriptor | undefined {
  return name === undefined && digest === undefined && manifests.length === 1 ? manifests[0] : undefined;
}

/** The blobs of a layout, verified as they are read. */
export function layoutSource(directory: string): ContentSource {
  const fileOf = ({ digest }: Descriptor) => join(directory, 'blobs', digest.replace(':', '/'));
  return {
    async has(descriptor) {
      return await isFile(fileOf(descriptor));
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

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
