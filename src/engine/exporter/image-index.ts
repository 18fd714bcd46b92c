import type { Descriptor } from '../../oci/descriptor.ts';
import { makeDocument } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { Store } from '../../store/store.ts';

/** Joins the images of several platforms, in the order given. */
export async function exportIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
  store: Store,
): Promise<Descriptor> {
  const index = makeDocument<ImageIndex>(mediaTypes.imageIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  return store.blobs.putDocument(index);
}
