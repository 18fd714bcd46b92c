import { z } from 'zod';
import { mapBounded } from '../../map-bounded.ts';
import { Descriptor } from '../../oci/descriptor.ts';
import { familiarReference, formatReference, type Reference, tagOrDigest } from '../../oci/reference.ts';
import type { RemoteSources } from '../../remote/remote-sources.ts';
import { type Failure, failuresOf } from '../../result.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';
import type { ExternalImage } from '../key/external-images.ts';
import { baseNeverSeen, baseUnknown, baseUnreachable, registrySilent } from './failure.ts';
import type { RepositoryClient } from './project-registry.ts';

/** What an external image is, as far as this run knows. */
export type BaseAnswer =
  /** `store`: it is an image of the store, which no registry has. */
  | {
      readonly state: 'known';
      readonly from: 'registry' | 'store';
      readonly descriptor: Descriptor;
      /** No registry said so now; for a person. */
      readonly assumed?: string | undefined;
    }
  /** `cannot-ask`: nobody knows whether it moved. `absent`: there is no such image. */
  | { readonly state: 'cannot-ask' | 'absent'; readonly failure: Failure };

/** Whom to ask for the digests of external images, and what to make of silence. */
export interface BaseQuestions {
  readonly store: Store;
  readonly client: () => Promise<RepositoryClient>;
  /** Asked about what ADD fetches. */
  readonly remotes: () => Promise<Pick<RemoteSources, 'resolve' | 'lastSeen'>>;
  /** What a registry that cannot be asked means: the digest last seen is assumed, or nothing is. */
  readonly whenUnreachable: 'assume' | 'fail';
  /** Ask nobody: all digests are those last seen. */
  readonly offline: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the image of the store that has this name will do for all that is built. */
  readonly isWhole: (reference: string) => boolean;
  /** How long to wait for a registry where there is a digest to assume, in milliseconds. */
  readonly patience: number;
}

const Seen = z.object({ descriptor: Descriptor, at: z.number() });
type Seen = z.infer<typeof Seen>;

/** Requests at once. */
const parallel = 8;
/** Milliseconds after which it is written down again that a digest is still the same. */
const seenAgain = 3_600_000;

/**
 * What external images are now, by full reference: one HEAD for each, none for one that names its digest (it has no
 * answer either). What registries say is remembered in the store.
 */
export async function baseDigests(
  images: readonly ExternalImage[],
  questions: BaseQuestions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, BaseAnswer>> {
  const open = new Map<string, ExternalImage>();
  for (const image of images) {
    const name = formatReference(image.reference);
    if (image.reference.digest === undefined && !open.has(name)) open.set(name, image);
  }
  const inquiry = new Inquiry(questions, signal);
  const answers = await mapBounded([...open], parallel, async ([name, image]) => {
    return [name, await inquiry.present(image)] as const;
  });
  return new Map(answers);
}

/**
 * Where fixed versions of the project's own images are, by full reference: in the store where that will do, else in the
 * registry that they name, else in the store all the same. They never change, so that one that is in the store need not
 * be asked for; and `--offline-bases` is not about them.
 */
export async function olderVersions(
  images: readonly ExternalImage[],
  questions: BaseQuestions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, BaseAnswer>> {
  const open = new Map(images.map((image) => [formatReference(image.reference), image]));
  const inquiry = new Inquiry(questions, signal);
  const answers = await mapBounded([...open], parallel, async ([name, image]) => {
    return [name, await inquiry.olderVersion(image)] as const;
  });
  return new Map(answers);
}

/** What is known of an image without asking its registry. */
interface Remembered {
  readonly seen: Seen | undefined;
  /** In the store. */
  readonly local: Descriptor | undefined;
}

/** Asks about one image after the other, under the same conditions. */
class Inquiry {
  readonly #questions: BaseQuestions;
  readonly #seen: RecordLog<Seen>;
  readonly #signal: AbortSignal;

  constructor(questions: BaseQuestions, signal: AbortSignal) {
    this.#questions = questions;
    this.#seen = questions.store.records('bases-seen', Seen);
    this.#signal = signal;
  }

  async present(image: ExternalImage): Promise<BaseAnswer> {
    const { whenUnreachable, offline } = this.#questions;
    const remembered = {
      seen: await this.#seen.get(formatReference(image.reference)),
      local: await this.#named(image),
    };
    const { seen, local } = remembered;
    const shown = familiarReference(image.reference);
    if (offline) return assumed(shown, remembered, 'as asked for') ?? cannotAsk(baseNeverSeen(shown));
    const canAssume = whenUnreachable === 'assume' && (seen ?? local) !== undefined;
    try {
      const found = await this.#ask(image.reference, canAssume);
      if (found !== undefined) {
        await this.#remember(image.reference, found, seen);
        return { state: 'known', from: 'registry', descriptor: found };
      }
      if (local !== undefined) return { state: 'known', from: 'store', descriptor: local };
      return { state: 'absent', failure: baseUnknown(shown) };
    } catch (error) {
      this.#signal.throwIfAborted();
      const why = this.#whyUnreachable(error);
      if (whenUnreachable === 'assume') {
        const answer = assumed(shown, remembered, why.message);
        if (answer !== undefined) return answer;
      }
      return cannotAsk(baseUnreachable(shown, why, whenUnreachable === 'fail' && (seen ?? local) !== undefined));
    }
  }

  async olderVersion(image: ExternalImage): Promise<BaseAnswer> {
    const local = await this.#named(image);
    const isWhole = local !== undefined && this.#questions.isWhole(image.text);
    if (isWhole) return { state: 'known', from: 'store', descriptor: local };
    try {
      const found = await this.#ask(image.reference, local !== undefined);
      if (found !== undefined) return { state: 'known', from: 'registry', descriptor: found };
      if (local === undefined) return { state: 'absent', failure: baseUnknown(familiarReference(image.reference)) };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (local === undefined) return cannotAsk(this.#whyUnreachable(error));
    }
    return { state: 'known', from: 'store', descriptor: local };
  }

  /** `canAssume`: there is something to go on with, so that the registry is not waited for long. */
  async #ask(reference: Reference, canAssume: boolean): Promise<Descriptor | undefined> {
    const { client, patience } = this.#questions;
    const { registry, repository } = reference;
    const limit = canAssume ? AbortSignal.any([this.#signal, AbortSignal.timeout(patience)]) : this.#signal;
    return await (await client()).repository({ registry, repository }).resolve(tagOrDigest(reference), limit);
  }

  /** An image of the store, under the name that was written or the full one. */
  async #named({ text, reference }: ExternalImage): Promise<Descriptor | undefined> {
    const { refs, blobs } = this.#questions.store;
    const found = (await refs.get(text)) ?? (await refs.get(formatReference(reference)));
    return found && (await blobs.size(found.digest)) !== undefined ? found : undefined;
  }

  async #remember(reference: Reference, descriptor: Descriptor, before: Seen | undefined): Promise<void> {
    const at = this.#questions.now();
    if (before?.descriptor.digest === descriptor.digest && at - before.at < seenAgain) return;
    const { mediaType, digest, size } = descriptor;
    await this.#seen.append(formatReference(reference), { descriptor: { mediaType, digest, size }, at });
  }

  /** Bugs are thrown on. */
  #whyUnreachable(error: unknown): Failure {
    if (error instanceof Error && error.name === 'TimeoutError') return registrySilent(this.#questions.patience);
    const [failure] = failuresOf(error) ?? [];
    if (failure === undefined) throw error;
    return failure;
  }
}

function assumed(shown: string, { seen, local }: Remembered, why: string): BaseAnswer | undefined {
  const descriptor = seen?.descriptor ?? local;
  if (descriptor === undefined) return undefined;
  const where = seen === undefined ? 'which is in the store' : `last seen ${new Date(seen.at).toISOString()}`;
  return {
    state: 'known',
    from: seen === undefined ? 'store' : 'registry',
    descriptor,
    assumed: `assuming ${shown} is ${descriptor.digest}, ${where} (${why})`,
  };
}

function cannotAsk(failure: Failure): BaseAnswer {
  return { state: 'cannot-ask', failure };
}
