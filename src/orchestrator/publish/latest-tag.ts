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

/** `latest` of one image in a registry. */
export class LatestTag {
  readonly #registry: ProjectRegistry;
  readonly #image: ImageName;

  constructor(registry: ProjectRegistry, image: ImageName) {
    this.#registry = registry;
    this.#image = image;
  }

  /**
   * Makes it name the newest release that the repository has, and looks again after each write until it does: who
   * writes last, and be it because a request was late, sees all versions that were there when it was written. A newer
   * release that has no key of ours is left to whoever published it.
   */
  async follow(version: string, signal: AbortSignal): Promise<FollowedLatest> {
    const repository = this.#registry.repository(this.#image);
    const moved: MovedTag[] = [];
    for (let attempt = 0; attempt < attempts; attempt++) {
      const owner = ownerOfLatest(version, await this.#registry.tags(this.#image, signal));
      if (owner === undefined) return { moved };
      const [wanted, now] = await Promise.all([owner, latest].map((tag) => repository.resolve(tag, signal)));
      const newer = owner === version ? undefined : owner;
      if (wanted === undefined || wanted.digest === now?.digest) return { moved, newer };
      if (now !== undefined && !isOrdered(version)) return { moved, newer };
      const document = await repository.manifest(wanted.digest, signal);
      if (document === undefined) continue;
      if (newer !== undefined && !hasKey(document)) return { moved, newer };
      const tag = await this.move(document, now?.digest ?? null, signal);
      if (tag !== undefined) moved.push(tag);
    }
    throw new FailureError(tagKeepsMoving(this.#registry.reference(this.#image, latest)));
  }

  /** From what it names, null for nothing. Undefined where it was moved by somebody else. */
  async move(
    document: Pick<Document<unknown>, 'descriptor' | 'bytes'>,
    before: Digest | null,
    signal: AbortSignal,
  ): Promise<MovedTag | undefined> {
    const after = document.descriptor.digest;
    if (!(await this.#registry.repository(this.#image).moveTag(latest, { from: before, to: document }, signal)))
      return undefined;
    return { reference: this.#registry.reference(this.#image, latest), before, after };
  }
}
