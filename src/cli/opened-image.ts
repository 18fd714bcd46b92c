import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { FailureError } from '../result.ts';
import { imageNameInvalid, imageNotInRegistry, imageNotStored } from './image-failure.ts';
import { openLayout } from './layout-image.ts';
import { familiarName, fullName } from './stored-images.ts';
import type { World } from './world.ts';

/** An image where it is: nothing of it was copied. */
export interface OpenedImage {
  /** As people write it, with the place where that is not the store. */
  readonly name: string;
  readonly root: Descriptor;
  readonly source: ContentSource;
}

/**
 * The image that is meant by a name of the store, `docker-image://REFERENCE` (a registry) or `oci-layout://DIRECTORY[:TAG]`. Throws
 * FailureError: `image-not-stored`, `image-not-in-registry`, and what reading there throws.
 */
export async function openImage(text: string, world: World): Promise<OpenedImage> {
  const [, scheme, rest = ''] = /^(docker-image|oci-layout):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'oci-layout') return { name: text, ...(await openLayout(rest, world)) };
  if (scheme === 'docker-image') return await openInRegistry(rest, world);
  const { refs, blobs } = await world.store();
  const known = await refs.list();
  const name = known.has(text) ? text : fullName(text);
  const root = known.get(name);
  if (root !== undefined) return { name: familiarName(name), root, source: blobs };
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
  return { name: `docker-image://${name}`, root, source };
}
