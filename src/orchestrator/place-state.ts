import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { type Bases, noBases } from './bases.ts';

/** What is known of the image that a tag names. */
export interface TaggedImage {
  /** `registry/name:tag`. */
  readonly reference: string;
  readonly descriptor: Descriptor;
  /** In the order of the index, attestations left out. Empty for a manifest without an index. */
  readonly platforms: readonly TaggedPlatform[];
}

export interface TaggedPlatform {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** Absent on images of other tools, and where the rules of keys were others. */
  readonly key?: Digest | undefined;
  /** Number of those other rules. */
  readonly otherSchema?: number | undefined;
  /** What it was built on; absent where that was not written down. */
  readonly bases?: Bases | undefined;
}

/** A place where images are, as it was looked at: the local store or a registry. */
export interface PlaceState {
  readonly kind: 'store' | 'registry';
  /** What is there under each of the references that were asked about; no entry where there is no such tag. */
  readonly tags: ReadonlyMap<string, TaggedImage>;
  /** All tags of the repositories that were listed, by `registry/name`: more than anybody asked about. */
  readonly listed?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** All that is known of the tags of a repository, `registry/name`. */
export function tagsIn({ tags, listed }: PlaceState, repository: string): readonly string[] {
  const known = listed?.get(repository);
  if (known !== undefined) return known;
  const start = `${repository}:`;
  return [...tags.keys()].flatMap((reference) => (reference.startsWith(start) ? [reference.slice(start.length)] : []));
}

/** Where content of this key and on these bases is to be had in a place; the first tag found. */
export function findContent(
  place: PlaceState,
  key: Digest,
  bases: Bases,
): { readonly image: TaggedImage; readonly manifest: Descriptor } | undefined {
  for (const image of place.tags.values()) {
    const found = image.platforms.find((one) => one.key === key && standsOn(one, bases));
    if (found !== undefined) return { image, manifest: found.manifest };
  }
  return undefined;
}

/** Whether it is known to be built on these; what is built on nothing needs no note of it. */
export function standsOn({ bases }: TaggedPlatform, wanted: Bases): boolean {
  return (bases ?? noBases).digest === wanted.digest;
}
