import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import { FailureError } from '../result.ts';
import { imageNameInvalid, imageNotInRegistry, imageNotStored, severalImages } from './image-failure.ts';
import { openLayout } from './layout-image.ts';
import { imagesOfTar, type PackedImage } from './packed-images.ts';
import { familiarName, fullName } from './stored-images.ts';
import type { World } from './world.ts';

/** An image where it is: nothing of it was copied. */
export interface OpenedImage {
  /** As people write it, with the place where that is not the store. */
  readonly name: string;
  readonly root: Descriptor;
  readonly source: ContentSource;
  /** What it is called there, as a name that another place may take. */
  readonly reference?: Reference | undefined;
}

/**
 * The image that is meant by a name of the store, `docker-image://REFERENCE` (a registry), `oci-layout://DIRECTORY[:TAG]` or
 * `oci-archive://FILE` (any tar with one image). Throws FailureError: `image-not-stored`, `image-not-in-registry`, `several-images`, and what
 * reading there throws.
 */
export async function openImage(text: string, world: World): Promise<OpenedImage> {
  const [, scheme, rest = ''] = /^(docker-image|oci-layout|oci-archive):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'oci-layout') return { name: text, ...(await openLayout(rest, world)) };
  if (scheme === 'docker-image') return await openInRegistry(rest, world);
  if (scheme === 'oci-archive') return await openArchive(rest, world);
  const { refs, blobs } = await world.store();
  const known = await refs.list();
  const name = known.has(text) ? text : fullName(text);
  const root = known.get(name);
  const parsed = parseReference(name);
  const reference = parsed.ok ? parsed.value : undefined;
  if (root !== undefined) return { name: familiarName(name), root, source: blobs, reference };
  const similar = suggestionFor(familiarName(name), [...known.keys()].map(familiarName));
  throw new FailureError(imageNotStored(text, similar));
}

async function openInRegistry(text: string, world: World): Promise<OpenedImage> {
  const reference = parseReference(text);
  if (!reference.ok) throw new FailureError(imageNameInvalid(text, reference.failure[0]));
  const source = (await world.registryClient()).repository(reference.value);
  const { digest, tag = 'latest' } = reference.value;
  const root = await source.resolve(digest ?? tag, world.signal);
  const name = formatReference(reference.value);
  if (root === undefined) throw new FailureError(imageNotInRegistry(name));
  return { name: `docker-image://${name}`, root, source, reference: reference.value };
}

async function openArchive(path: string, world: World): Promise<OpenedImage> {
  const images = await imagesOfTar(path, world);
  const [image] = images as readonly [PackedImage, ...PackedImage[]];
  if (images.length > 1)
    throw new FailureError(
      severalImages(
        path,
        images.map(({ root, names }) => nameOf(names[0]) ?? root.digest),
      ),
    );
  const [reference] = image.names;
  return { name: `oci-archive://${path}`, root: image.root, source: (await world.store()).blobs, reference };
}

function nameOf(reference: Reference | undefined): string | undefined {
  return reference === undefined ? undefined : formatReference(reference);
}
