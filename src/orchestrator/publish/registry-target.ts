import type { ContentSink } from '../../oci/content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { samePlatform } from '../../oci/platform.ts';
import type { ImageDocument } from '../../oci/read-document.ts';
import type { ImageName } from '../../project/image-name.ts';
import { FailureError } from '../../result.ts';
import { platformsOf } from '../state/index-keys.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import { differentContent, imageGone, tagKeepsMoving } from './failure.ts';
import { LatestTag } from './latest-tag.ts';
import type { MovedTag } from './moved-tag.ts';
import { type SettledVersion, settleVersion, type VersionCandidate } from './settle-version.ts';
import type { ImageVersion, Target } from './target.ts';

type Settled = Exclude<SettledVersion, 'other'>;

/** Somebody else may move a tag between two looks; more often than this in a row nobody does. */
const attempts = 10;

/**
 * A registry that images are copied to. A version that is there with equal keys is left as it is, one of other content
 * is never overwritten: `different-content`.
 */
export class RegistryTarget implements Target {
  readonly #from: ProjectRegistry;
  readonly #to: ProjectRegistry;
  readonly #signal: AbortSignal;

  constructor(from: ProjectRegistry, to: ProjectRegistry, signal: AbortSignal) {
    this.#from = from;
    this.#to = to;
    this.#signal = signal;
  }

  reference(image: ImageName, tag: string): string {
    return this.#to.reference(image, tag);
  }

  async find(image: ImageVersion, descriptor: Descriptor): Promise<Digest | undefined> {
    const there = await this.#to.repository(image.name).resolve(image.version, this.#signal);
    if (there === undefined || there.digest === descriptor.digest) return there?.digest;
    const candidate = await this.#candidate(image.name, descriptor);
    const { isThere, document } = await this.#settle(image, candidate, there);
    return isThere ? document.descriptor.digest : undefined;
  }

  sink(image: ImageName): ContentSink {
    return this.#to.repository(image);
  }

  /** The version, then `latest`; both looked at again after they are written. */
  async name(image: ImageVersion, descriptor: Descriptor): Promise<readonly MovedTag[]> {
    const { name, version } = image;
    const tags: MovedTag[] = [];
    const reference = this.reference(name, version);
    const repository = this.#to.repository(name);
    const candidate = await this.#candidate(name, descriptor);
    for (let attempt = 0; ; attempt++) {
      if (attempt === attempts) throw new FailureError(tagKeepsMoving(reference));
      const now = await repository.resolve(version, this.#signal);
      const { document, before, isThere } = await this.#settle(image, candidate, now);
      if (isThere) break;
      if (!(await repository.moveTag(version, { from: before, to: document }, this.#signal))) continue;
      tags.push({ reference, before, after: document.descriptor.digest });
    }
    return [...tags, ...(await this.finish(image))];
  }

  async finish({ name, version }: ImageVersion): Promise<readonly MovedTag[]> {
    return (await new LatestTag(this.#to, name).follow(version, this.#signal)).moved;
  }

  async #candidate(image: ImageName, { digest }: Descriptor): Promise<VersionCandidate> {
    const repository = this.#from.repository(image);
    const document: ImageDocument | undefined = await repository.manifest(digest, this.#signal);
    if (document === undefined) throw new FailureError(imageGone(`${repository.name}@${digest}`));
    const platforms = await platformsOf(document, repository, this.#signal);
    return { document, keyOf: (one) => platforms.find(({ platform }) => samePlatform(platform, one))?.key };
  }

  async #settle(
    { name, version }: ImageVersion,
    candidate: VersionCandidate,
    now: Descriptor | undefined,
  ): Promise<Settled> {
    const settled = await settleVersion(candidate, { repository: this.#to.repository(name), now }, this.#signal);
    if (settled !== 'other') return settled;
    const wanted = `${this.#from.reference(name, version)}@${candidate.document?.descriptor.digest}`;
    throw new FailureError(differentContent(this.reference(name, version), wanted, now?.digest));
  }
}
