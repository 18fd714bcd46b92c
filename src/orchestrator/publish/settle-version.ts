import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { type Platform, samePlatform } from '../../oci/platform.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';
import { assembleIndex } from '../run/assemble-index.ts';
import { wholePart } from '../run/index-parts.ts';
import { ownersLostIn, platformsOf } from '../state/index-keys.ts';
import type { TaggedPlatform } from '../state/tagged-images.ts';

/** An image that is to be what the tag of a version names. */
export interface VersionCandidate {
  /** Absent where the tag was right when it was looked at first, and is to stay. */
  readonly document?: Document<ImageIndex | Manifest> | undefined;
  /** What the tag named when it was looked at first, if it was there. */
  readonly before?: Digest | undefined;
  /** The key that content of these sources has; undefined where that is not known for the platform. */
  readonly keyOf: (platform: Platform) => Digest | undefined;
}

/** The tag of a version, as it was found just now. */
export interface FoundVersion {
  readonly repository: RemoteRepository;
  /** Absent where there is no such tag. */
  readonly now: Descriptor | undefined;
}

/** What the tag of a version is to name, in view of what it names. */
export type SettledVersion =
  | {
      readonly document: Document<ImageIndex | Manifest>;
      /** Whether the tag names the document already. */
      readonly isThere: boolean;
      /** What it names; null where it is not there. */
      readonly before: Digest | null;
    }
  /** It names content of other sources, or was removed. */
  | 'other';

/**
 * What is to be done about the tag of a version. Content that somebody else has put there is as good
 * as the candidate if its keys are equal, whatever its digest: where it has all platforms it stays, else those that it
 * lacks are added to it.
 */
export async function settleVersion(
  { document, before, keyOf }: VersionCandidate,
  { repository, now }: FoundVersion,
  signal: AbortSignal,
): Promise<SettledVersion> {
  if (document !== undefined) {
    if (now?.digest === document.descriptor.digest) return { document, isThere: true, before: now.digest };
    if (now?.digest === before) return { document, isThere: false, before: now?.digest ?? null };
  }
  const found = now === undefined ? undefined : await repository.manifest(now.digest, signal);
  if (now === undefined || found === undefined) return 'other';
  const asFound = { document: found, isThere: true, before: now.digest };
  if (document === undefined && now.digest === before) return asFound;
  if (found.kind === 'manifest') return 'other';

  const there = await platformsOf(found, repository, signal);
  const isEqual = there.map(({ platform, key }) => {
    const wanted = keyOf(platform);
    // Content without a key is of nobody knows what; a platform that the candidate has not is of the same version.
    return key !== undefined && wanted === undefined ? undefined : key !== undefined && key === wanted;
  });
  if (isEqual.includes(false) || !isEqual.includes(true)) return 'other';
  if (document !== undefined && there.some((entry) => losesTo(document, entry))) return 'other';
  const manifests = document !== undefined && 'manifests' in document.value ? document.value.manifests : [];
  const lacks = (platform: Platform) => !there.some((entry) => samePlatform(entry.platform, platform));
  const missing = manifests.filter(({ platform }) => platform !== undefined && lacks(platform));
  if (document === undefined || missing.length === 0) return asFound;
  const own = { document: document as Document<ImageIndex>, take: new Set(missing.map(({ digest }) => digest)) };
  // Entries of the candidate show their keys; those that are there need not.
  const shown = there.flatMap(({ manifest, key, bases, ownersLost }) => {
    return key === undefined ? [] : [[manifest.digest, { key, ...(bases && { bases }), ownersLost }] as const];
  });
  const together = assembleIndex([wholePart(found), own], new Map(shown));
  return { document: together, isThere: false, before: now.digest };
}

/** Whether owners were lost in what is there, and not in the same platform of the candidate: the two are not equal. */
function losesTo({ value }: Document<ImageIndex | Manifest>, { platform, ownersLost }: TaggedPlatform): boolean {
  const own =
    'manifests' in value
      ? value.manifests.find((one) => one.platform && samePlatform(one.platform, platform))
      : undefined;
  return ownersLost === true && own !== undefined && !ownersLostIn(own.annotations);
}
