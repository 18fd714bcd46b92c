import { mapBounded } from '../../map-bounded.ts';
import { isDocumentType } from '../../oci/media-type.ts';
import { readDocument } from '../../oci/read-document.ts';
import type { Store } from '../../store/store.ts';
import { platformsOf } from './index-keys.ts';
import type { TaggedImage, TaggedImages } from './tagged-images.ts';

/** Every image that has a name in the store, with its keys. A name whose index is lost is as good as none. */
export async function storeState(store: Store, signal: AbortSignal): Promise<TaggedImages> {
  const names = [...(await store.refs.list())];
  const images = await mapBounded(names, 16, async ([reference, descriptor]): Promise<TaggedImage | undefined> => {
    if (!isDocumentType(descriptor.mediaType) || !(await store.blobs.has(descriptor, signal))) return undefined;
    return await taggedImage({ reference, descriptor }, store, signal);
  });
  const found = images.filter((image) => image !== undefined);
  return { kind: 'store', tags: new Map(found.map((image) => [image.reference, image])) };
}

/** An image of the store as a tag shows it. */
export async function taggedImage(
  { reference, descriptor }: Pick<TaggedImage, 'reference' | 'descriptor'>,
  { blobs }: Store,
  signal: AbortSignal,
): Promise<TaggedImage> {
  const document = await readDocument(blobs, descriptor, signal);
  return { reference, descriptor, platforms: await platformsOf(document, blobs, signal) };
}
