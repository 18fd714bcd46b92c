import type { Descriptor } from '../../oci/descriptor.ts';
import { makeDocument } from '../../oci/document.ts';
import { type AnnotationLevel, annotationsAt, type PlacedAnnotation } from '../../oci/placed-annotation.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { isAttestation } from '../../oci/platform-match.ts';
import { readDocument } from '../../oci/read-document.ts';
import type { Store } from '../../store/store.ts';

/** The image of the store with more annotations, in place of those of the same name. What they say nothing of stays as it is. */
export async function annotate(
  root: Descriptor,
  { annotations, store }: { readonly annotations: readonly PlacedAnnotation[]; readonly store: Store },
  signal: AbortSignal,
): Promise<Descriptor> {
  const read = await readDocument(store.blobs, root, signal);
  const platform = root.platform && formatPlatform(root.platform);
  const at = (level: AnnotationLevel) => annotationsAt(annotations, level, platform);
  if (read.kind === 'manifest') {
    const written = await store.blobs.putDocument(
      makeDocument(root.mediaType, withAnnotations(read.value, at('manifest'))),
    );
    return withAnnotations({ ...root, ...written }, at('manifest-descriptor'));
  }
  const manifests: Descriptor[] = [];
  for (const one of read.value.manifests) {
    manifests.push(isAttestation(one) ? one : await annotate(one, { annotations, store }, signal));
  }
  const index = withAnnotations({ ...read.value, manifests }, at('index'));
  const written = await store.blobs.putDocument(makeDocument(root.mediaType, index));
  return withAnnotations({ ...root, ...written }, at('index-descriptor'));
}

/** The same where there are none: a document without annotations gets no empty ones. */
export function withAnnotations<T extends { readonly annotations?: Readonly<Record<string, string>> | undefined }>(
  annotated: T,
  more: Readonly<Record<string, string>>,
): T {
  if (Object.keys(more).length === 0) return annotated;
  return { ...annotated, annotations: { ...annotated.annotations, ...more } };
}
