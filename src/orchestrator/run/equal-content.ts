import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Platform, samePlatform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import type { Store } from '../../store/store.ts';
import { noBases } from '../state/bases.ts';
import { taggedImage } from '../state/store-state.ts';
import { standsOn, type TaggedImage, type TaggedPlatform } from '../state/tagged-images.ts';
import { assembleIndex } from './assemble-index.ts';

/** What an image just made is compared with, and by which keys. */
export interface EqualContentInputs {
  /** What bears its name by now. */
  readonly there: Descriptor;
  readonly keyOf: (platform: Platform) => Digest;
  readonly store: Store;
}

/**
 * `made`, with the content of `there` for each platform for which that is equal: then the children of all runs that build
 * the image at once are built on the same bytes, even where its steps give other ones each time. Platforms that only
 * `there` has stay, if they are of these sources. `made` itself where there is nothing equal.
 */
export async function withEqualContent(
  made: TaggedImage,
  { there, keyOf, store }: EqualContentInputs,
  signal: AbortSignal,
): Promise<TaggedImage> {
  // Another run may be removing what it named before: what is gone is no reason to fail.
  if (!(await store.blobs.has(there, signal))) return made;
  const found = await taggedImage({ reference: made.reference, descriptor: there }, store, signal);
  const kept = found.platforms.filter((entry) => {
    const own = made.platforms.find(({ platform }) => samePlatform(platform, entry.platform));
    return own === undefined ? entry.key === keyOf(entry.platform) : isEqual(own, entry);
  });
  if (kept.length === 0) return made;
  const rest = made.platforms.filter(({ platform }) => !kept.some((entry) => samePlatform(entry.platform, platform)));
  const parts = [
    { document: await readIndex(store.blobs, there, signal), take: digestsOf(kept) },
    { document: await readIndex(store.blobs, made.descriptor, signal), take: digestsOf(rest) },
  ];
  const descriptor = await store.blobs.putDocument(assembleIndex(parts, new Map()));
  return await taggedImage({ reference: made.reference, descriptor }, store, signal);
}

function isEqual(one: TaggedPlatform, other: TaggedPlatform): boolean {
  const isLost = one.ownersLost === true;
  return one.key === other.key && isLost === (other.ownersLost === true) && standsOn(one, other.bases ?? noBases);
}

function digestsOf(entries: readonly TaggedPlatform[]): ReadonlySet<Digest> {
  return new Set(entries.map(({ manifest }) => manifest.digest));
}
