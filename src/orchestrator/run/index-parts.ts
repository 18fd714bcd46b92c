import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { isAttestation } from '../../oci/platform-match.ts';
import type { PlannedImage } from '../plan/plan.ts';
import type { Identity } from '../state/index-keys.ts';
import type { IndexPart } from './assemble-index.ts';

/** All manifests of an index, attestations included. */
export function wholePart(document: Document<ImageIndex>): IndexPart {
  return { document, take: new Set(document.value.manifests.map(({ digest }) => digest)) };
}

/** All of an index but the platforms that are no longer right. */
export function keptPart(document: Document<ImageIndex>, drop: readonly string[]): IndexPart {
  const kept = document.value.manifests.filter(
    (entry) => !isAttestation(entry) && !(entry.platform && drop.includes(formatPlatform(entry.platform))),
  );
  return { document, take: new Set(kept.map(({ digest }) => digest)) };
}

/**
 * Manifest → what it is, for what the plan knows: whatever made the index need not have written them there. `isInherited`:
 * whether a platform that was built has layers whose owners were lost.
 */
export function plannedKeys(
  image: PlannedImage,
  parts: readonly IndexPart[],
  isInherited: (platform: Platform) => boolean = () => false,
): ReadonlyMap<Digest, Identity> {
  const planned = new Map(
    // What is built says itself whether its own steps have lost owners: the plan only expects it.
    image.platforms.map(({ platform, key, bases, source, ownersLost }) => [
      formatPlatform(platform),
      { key, bases, ownersLost: source.from === 'build' ? isInherited(platform) : ownersLost },
    ]),
  );
  const entries = parts.flatMap(({ document, take }) =>
    document.value.manifests.filter(({ digest }) => take.has(digest)),
  );
  return new Map(
    entries.flatMap(({ digest, platform }) => {
      const identity = platform && planned.get(formatPlatform(platform));
      return identity === undefined ? [] : [[digest, identity] as const];
    }),
  );
}
