import type { Digest } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { tagNotRemovable } from './failure.ts';
import type { RemoteRepository } from './remote-repository.ts';
import { TransferError } from './transfer-error.ts';

/** What `removeTags` did: `alone` were removed as tags, `images` went with all of their tags. */
export interface RemovedTags {
  readonly alone: readonly string[];
  readonly images: readonly Digest[];
}

/**
 * Takes tags from a repository, all of which are there (tag → digest). Many registries remove images only, with every tag that an
 * image has: there an image goes if it has no tag but those given, and else nothing more is removed: FailureError with `tag-not-removable`.
 */
export async function removeTags(
  remote: RemoteRepository,
  tags: ReadonlyMap<string, Digest>,
  signal: AbortSignal,
): Promise<RemovedTags> {
  const alone: string[] = [];
  const left = new Map(tags);
  for (const tag of tags.keys()) {
    if (!(await removesTag(remote, tag, signal))) break;
    alone.push(tag);
    left.delete(tag);
  }
  if (left.size === 0) return { alone, images: [] };
  const others = await othersOf(remote, left, signal);
  for (const [tag, digest] of left) {
    const sharing = others.get(digest) ?? [];
    if (sharing.length > 0) throw new FailureError(tagNotRemovable(`${remote.name}:${tag}`, sharing));
  }
  const images = [...new Set(left.values())];
  for (const digest of images) await remote.deleteManifest(digest, signal);
  return { alone, images };
}

/** False where the registry knows no such request. */
async function removesTag(remote: RemoteRepository, tag: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await remote.deleteManifest(tag, signal);
  } catch (error) {
    // docker's registry takes a tag for a digest that is none.
    if (error instanceof TransferError && [400, 404, 405, 501].includes(error.status ?? 0)) return false;
    throw error;
  }
}

/** Tags besides the given ones of the same images. */
async function othersOf(
  remote: RemoteRepository,
  given: ReadonlyMap<string, Digest>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const wanted = new Set(given.values());
  const others = new Map<Digest, string[]>();
  for await (const tag of remote.tags(signal)) {
    if (given.has(tag)) continue;
    const digest = (await remote.resolve(tag, signal))?.digest;
    if (digest !== undefined && wanted.has(digest)) others.set(digest, [...(others.get(digest) ?? []), tag]);
  }
  return others;
}
