import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { type Bases, noBases } from './bases.ts';

/** What is known of the image that a tag names. */
export interface TaggedImage {
  /** `registry/name:tag`. */
  readonly reference: string;
  readonly descriptor: Descriptor;
  /** In the order of the index, attestations left out. Empty for a manifest without an index. */
  readonly platforms: readonly TaggedPlatform[];
}

/** One manifest of an index, and what its annotations say that it was made of. */
export interface TaggedPlatform {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** Absent on images of other tools, and where the rules of keys were others. */
  readonly key?: Digest | undefined;
  /** Number of those other rules. */
  readonly otherSchema?: number | undefined;
  /** What it was built on; absent where that was not written down. */
  readonly bases?: Bases | undefined;
  /** A RUN step of it, or of an image it is built from, ran where only root exists (ADR 0025). */
  readonly ownersLost?: boolean | undefined;
}

/** The images of the local store or of a registry, as far as somebody looked. */
export interface TaggedImages {
  readonly kind: 'store' | 'registry';
  /** What is there under each of the references that were asked about; no entry where there is no such tag. */
  readonly tags: ReadonlyMap<string, TaggedImage>;
  /** All tags of the repositories that were listed, by `registry/name`: more than anybody asked about. */
  readonly listed?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** All that is known of the tags of a repository, `registry/name`. */
export function tagsIn({ tags, listed }: TaggedImages, repository: string): readonly string[] {
  const known = listed?.get(repository);
  if (known !== undefined) return known;
  const start = `${repository}:`;
  return [...tags.keys()].flatMap((reference) => (reference.startsWith(start) ? [reference.slice(start.length)] : []));
}

/** Content for one platform, and the tag that it was found by. */
export interface FoundContent {
  readonly image: TaggedImage;
  readonly entry: TaggedPlatform;
}

/** What is looked for among tags. */
export interface WantedContent {
  readonly key: Digest;
  /** What it would be built on now. */
  readonly bases: Bases;
  /** Content whose owners were lost will do, if there is no other. */
  readonly acceptsLost: boolean;
}

/**
 * The first tag whose image has such content; undefined where none has.
 */
export function findContent(
  images: TaggedImages,
  { key, bases, acceptsLost }: WantedContent,
): FoundContent | undefined {
  let lost: FoundContent | undefined;
  for (const image of images.tags.values()) {
    for (const entry of image.platforms) {
      if (entry.key !== key || !standsOn(entry, bases)) continue;
      if (entry.ownersLost !== true) return { image, entry };
      lost ??= { image, entry };
    }
  }
  return acceptsLost ? lost : undefined;
}

/** Whether it is known to be built on these; what is built on nothing needs no note of it. */
export function standsOn({ bases }: TaggedPlatform, wanted: Bases): boolean {
  return (bases ?? noBases).digest === wanted.digest;
}
