import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageName } from '../../project/image-name.ts';
import { isOrdered, latest, ownerOfLatest } from '../../project/latest.ts';
import { FailureError } from '../../result.ts';
import { hasKey } from '../state/index-keys.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import { tagKeepsMoving } from './failure.ts';
import type { MovedTag } from './moved-tag.ts';

/** What `latest` of an image was found to be, after all that was done about it. */
export interface FollowedLatest {
  /** Empty if it was right already. */
  readonly moved: readonly MovedTag[];
  /** A newer release, which `latest` belongs to. */
  readonly newer?: string | undefined;
}

/** Somebody else may move the tag between two looks; more often than this in a row nobody does. */
const attempts = 10;

/**
 * Makes `latest` name the newest release that the repository has, and looks again after each write until it does: who
 * writes last, and be it because a request was late, sees all versions that were there when it was written. A newer
 * release that has no key of ours is left to whoever published it.
 */
export async function followLatest(
  image: ImageName,
  version: string,
  registry: ProjectRegistry,
  signal: AbortSignal,
): Promise<FollowedLatest> {
  const repository = registry.repository(image);
  const moved: MovedTag[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const owner = ownerOfLatest(version, await registry.tags(image, signal));
    if (owner === undefined) return { moved };
    const [wanted, now] = await Promise.all([owner, latest].map((tag) => repository.resolve(tag, signal)));
    const newer = owner === version ? undefined : owner;
    if (wanted === undefined || wanted.digest === now?.digest) return { moved, newer };
    if (now !== undefined && !isOrdered(version)) return { moved, newer };
    const document = await repository.manifest(wanted.digest, signal);
    if (document === undefined) continue;
    if (newer !== undefined && !hasKey(document)) return { moved, newer };
    const tag = await moveLatest(image, document, now?.digest ?? null, registry, signal);
    if (tag !== undefined) moved.push(tag);
  }
  throw new FailureError(tagKeepsMoving(registry.reference(image, latest)));
}

/** undefined where it was moved by somebody else. */
export async function moveLatest(
  image: ImageName,
  document: Pick<Document<unknown>, 'descriptor' | 'bytes'>,
  before: Digest | null,
  registry: ProjectRegistry,
  signal: AbortSignal,
): Promise<MovedTag | undefined> {
  const after = document.descriptor.digest;
  if (!(await registry.repository(image).moveTag(latest, { from: before, to: document }, signal))) return undefined;
  return { reference: registry.reference(image, latest), before, after };
}
