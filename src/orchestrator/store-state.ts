import { mapBounded } from '../map-bounded.ts';
import { isDocumentType } from '../oci/media-type.ts';
import { readDocument } from '../oci/read-document.ts';
import type { Store } from '../store/store.ts';
import { platformsOf } from './index-keys.ts';
import type { PlaceState, TaggedImage } from './place-state.ts';

/** Every image that has a name in the store, with its keys. A name whose index is lost is as good as none. */
export async function storeState(store: Store, signal: AbortSignal): Promise<PlaceState> {
  const names = [...(await store.refs.list())];
  const images = await mapBounded(names, 16, async ([reference, descriptor]): Promise<TaggedImage | undefined> => {
    if (!isDocumentType(descriptor.mediaType) || !(await store.blobs.has(descriptor, signal))) return undefined;
    const document = await readDocument(store.blobs, descriptor, signal);
    return { reference, descriptor, platforms: await platformsOf(document, store.blobs, signal) };
  });
  const found = images.filter((image) => image !== undefined);
  return { kind: 'store', tags: new Map(found.map((image) => [image.reference, image])) };
}
