import { annotations } from '../../oci/annotations.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Document, makeDocument } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { formatReference } from '../../oci/reference.ts';
import type { NearestBase } from '../key/external-images.ts';

type Annotations = Readonly<Record<string, string>>;

/** The image that the last stage of a build stands on, and its digest. */
export interface BuiltOn {
  readonly base: NearestBase;
  readonly digest: Digest;
}

/**
 * `org.opencontainers.image.base.name` and `.digest` for what is built. On a manifest only those of images from
 * elsewhere, which are part of its identity; on the index those of parents too, since a version is in their name.
 */
export function baseAnnotations(built: readonly (readonly [Platform, BuiltOn | undefined])[]): {
  readonly manifests: Readonly<Record<string, Annotations>>;
  readonly index: Annotations;
} {
  const manifests = built.map(([platform, on]) => {
    return [formatPlatform(platform), on === undefined || on.base.parent !== undefined ? {} : written(on)] as const;
  });
  const all = built.map(([, on]) => (on === undefined ? {} : written(on)));
  const [first = {}] = all;
  const isOne = all.every((one) => JSON.stringify(one) === JSON.stringify(first));
  return { manifests: Object.fromEntries(manifests), index: isOne ? first : {} };
}

/** In full, and without the digest where there is a tag: that has an annotation of its own. */
function written({ base: { reference }, digest }: BuiltOn): Annotations {
  const { registry, repository, tag } = reference;
  const name = formatReference(tag === undefined ? reference : { registry, repository, tag });
  return { [annotations.baseName]: name, [annotations.baseDigest]: digest };
}

/** The same index, and on it what it stands on in the registry it is sent to. */
export function standingOn(document: Document<ImageIndex>, name: string, digest: Digest): Document<ImageIndex> {
  const { annotations: found = {} } = document.value;
  if (found[annotations.baseName] === name && found[annotations.baseDigest] === digest) return document;
  return makeDocument(document.descriptor.mediaType, {
    ...document.value,
    annotations: { ...found, [annotations.baseName]: name, [annotations.baseDigest]: digest },
  });
}
