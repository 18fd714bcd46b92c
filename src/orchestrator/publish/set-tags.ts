import { mapBounded } from '../../map-bounded.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Document } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Progress } from '../../progress.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest, movesLatest } from '../../project/latest.ts';
import { type Failure, FailureError, failuresOf } from '../../result.ts';
import type { PlannedImage } from '../plan/plan.ts';
import type { ProjectRegistry } from '../state/project-registry.ts';
import { lostRace, publishPartial, tagKeepsMoving } from './failure.ts';
import { LatestTag } from './latest-tag.ts';
import type { MovedTag } from './moved-tag.ts';
import { type SettledVersion, settleVersion } from './settle-version.ts';

/** An image whose content is in its repository under its digest, and is to get its tags. */
export interface TaggableImage {
  readonly image: PlannedImage;
  /** Absent where the tag of the version was right when the plan was made, and only others are to be set. */
  readonly document?: Document<ImageIndex> | undefined;
}

/** What the last phase of a publish did: all tags, or those before the first that could not be set. */
export interface SetTags {
  /** In the order in which they were set. */
  readonly tags: readonly MovedTag[];
  /** What the tags of versions name in the registry, as far as they are in place. */
  readonly digests: ReadonlyMap<ImageName, Digest>;
  /** What kept further ones from being set. */
  readonly failures: readonly Failure[];
}

/** The registry, and the keys that tell whether what a tag names by now is the same content. */
export interface SetTagsDependencies {
  readonly registry: ProjectRegistry;
  readonly keyOf: (image: ImageName, platform: Platform) => Digest;
  readonly progress: Progress;
}

/** Requests at once, where order makes no difference. */
const parallel = 8;
/** Somebody else may move a tag between two looks; more often than this in a row nobody does. */
const attempts = 10;

/**
 * Makes images visible: first all that can refuse or has to be sent, then, back to back and parents first, all versions
 * and all `latest`, then a look at whether they stayed. Nothing is set where one of the versions has other content than
 * the plan found. From the first tag on `signal` is not listened to, since a phase of a few requests is better finished;
 * the first failure ends it, and what is set by then is told.
 */
export async function setTags(
  images: readonly TaggableImage[],
  dependencies: SetTagsDependencies,
  signal: AbortSignal,
): Promise<SetTags> {
  return await new TagPhase(images, dependencies).run(signal);
}

type Settled = Exclude<SettledVersion, 'other'>;

interface PreparedImage {
  readonly one: TaggableImage;
  readonly settled: Settled;
  /** What `latest` names, where it is this version's; null where there is none. */
  readonly latest?: Digest | null | undefined;
}

class TagPhase {
  readonly #images: readonly TaggableImage[];
  readonly #dependencies: SetTagsDependencies;
  readonly #tags: MovedTag[] = [];
  readonly #digests = new Map<ImageName, Digest>();
  /** Images of which all tags were set. */
  readonly #done = new Set<ImageName>();
  /** Of all that must not stop half-way. */
  readonly #steady = new AbortController().signal;

  constructor(images: readonly TaggableImage[], dependencies: SetTagsDependencies) {
    this.#images = images;
    this.#dependencies = dependencies;
  }

  async run(signal: AbortSignal): Promise<SetTags> {
    const failures: Failure[] = [];
    try {
      const prepared = await this.#prepareAll(signal, failures);
      if (failures.length > 0) return this.#result(failures);
      signal.throwIfAborted();
      using _ = this.#announcing(signal);
      for (const { one } of prepared) await this.#setVersion(one, 'set');
      for (const image of prepared) await this.#setLatest(image);
      await mapBounded(prepared, parallel, ({ one }) => this.#confirm(one));
    } catch (error) {
      if (signal.aborted && this.#tags.length === 0) return this.#result([]);
      failures.push(...failuresIn(error));
    }
    return this.#result(failures);
  }

  async #prepareAll(signal: AbortSignal, failures: Failure[]): Promise<readonly PreparedImage[]> {
    const prepared: PreparedImage[] = [];
    await mapBounded(this.#images, parallel, async (one, index) => {
      try {
        prepared[index] = await this.#prepare(one, signal);
      } catch (error) {
        const races = failuresOf(error) ?? [];
        // All races are told; whatever else it is, it is the same for the others.
        if (!races.some(({ reason }) => reason === 'lost-race')) throw error;
        failures.push(...races);
      }
    });
    return prepared;
  }

  async #prepare(one: TaggableImage, signal: AbortSignal): Promise<PreparedImage> {
    const { registry } = this.#dependencies;
    const { name, version } = one.image;
    const settled = await this.#settle(one, signal);
    if (!movesLatest(version, await registry.tags(name, signal))) return { one, settled };
    return { one, settled, latest: (await registry.repository(name).resolve(latest, signal))?.digest ?? null };
  }

  async #settle({ image, document }: TaggableImage, signal: AbortSignal): Promise<Settled> {
    const { registry, keyOf } = this.#dependencies;
    const repository = registry.repository(image.name);
    const before = image.current?.digest;
    const candidate = { document, before, keyOf: (platform: Platform) => keyOf(image.name, platform) };
    const now = await repository.resolve(image.version, signal);
    const settled = await settleVersion(candidate, { repository, now }, signal);
    if (settled !== 'other') return settled;
    throw new FailureError(lostRace(image.reference, document?.descriptor.digest ?? before, now?.digest));
  }

  /** The tag is looked at until it is right or set; `right`: also after it was set. */
  async #setVersion(one: TaggableImage, until: 'set' | 'right'): Promise<void> {
    const { registry } = this.#dependencies;
    const { name, version, reference } = one.image;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { document, isThere, before } = await this.#settle(one, this.#steady);
      const { digest } = document.descriptor;
      const isSet =
        !isThere && (await registry.repository(name).moveTag(version, { from: before, to: document }, this.#steady));
      if (isSet) this.#tags.push({ reference, before, after: digest });
      if (!isThere && !(isSet && until === 'set')) continue;
      this.#digests.set(name, digest);
      return;
    }
    throw new FailureError(tagKeepsMoving(reference));
  }

  /** Right away, by what was there before; how it is afterwards is seen later. */
  async #setLatest({ one: { image }, settled, latest }: PreparedImage): Promise<void> {
    const digest = settled.document.descriptor.digest;
    if (latest !== undefined && latest !== digest && digest === this.#digests.get(image.name)) {
      const tag = new LatestTag(this.#dependencies.registry, image.name);
      const moved = await tag.move(settled.document, latest, this.#steady);
      if (moved !== undefined) this.#tags.push(moved);
    }
    this.#done.add(image.name);
  }

  /** Others may have written at the same time: to the registry, the last one is right. */
  async #confirm(one: TaggableImage): Promise<void> {
    const { registry, progress } = this.#dependencies;
    const { name, version } = one.image;
    await this.#setVersion(one, 'right');
    const { moved, newer } = await new LatestTag(registry, name).follow(version, this.#steady);
    this.#tags.push(...moved);
    if (newer === undefined || one.document === undefined) return;
    const message = `${registry.reference(name, latest)} stays where it is: the registry has a newer version than ${version}`;
    progress.emit({ type: 'notice', image: name, message });
  }

  /** Says, if the signal comes now, that tags are being finished. */
  #announcing(signal: AbortSignal): Disposable {
    const listener = () => {
      const message = `${this.#digests.size} of ${this.#images.length} images are tagged: finishing the others, which takes moments; a second signal stops at once`;
      this.#dependencies.progress.emit({ type: 'warning', message });
    };
    signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
  }

  #result(failures: readonly Failure[]): SetTags {
    const names = this.#images.map(({ image }) => image.name);
    const behind = names.filter((name) => !this.#done.has(name));
    const isPartial = this.#tags.length > 0 && behind.length > 0;
    const partial = isPartial ? [publishPartial([...this.#digests.keys()], names.length, behind)] : [];
    return { tags: this.#tags, digests: this.#digests, failures: [...failures, ...partial] };
  }
}

function failuresIn(error: unknown): readonly Failure[] {
  const failures = failuresOf(error);
  if (failures === undefined) throw error;
  return failures;
}
