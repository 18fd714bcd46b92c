import { z } from 'zod';
import { mapBounded } from '../../map-bounded.ts';
import { Descriptor } from '../../oci/descriptor.ts';
import { familiarReference, formatReference, type Reference, tagOrDigest } from '../../oci/reference.ts';
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
  const log = questions.store.records('bases-seen', Seen);
  const answers = await mapBounded([...open], parallel, async ([name, image]) => {
    return [name, await answerFor(image, log, questions, signal)] as const;
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
  const answers = await mapBounded([...open], parallel, async ([name, image]) => {
    return [name, await olderVersion(image, questions, signal)] as const;
  });
  return new Map(answers);
}

async function olderVersion(image: ExternalImage, questions: BaseQuestions, signal: AbortSignal): Promise<BaseAnswer> {
  const local = await named(image, questions.store);
  const isWhole = local !== undefined && questions.isWhole(image.text);
  if (isWhole) return { state: 'known', from: 'store', descriptor: local };
  const shown = familiarReference(image.reference);
  try {
    const found = await ask(image.reference, local && questions.patience, questions, signal);
    if (found !== undefined) return { state: 'known', from: 'registry', descriptor: found };
    if (local === undefined) return { state: 'absent', failure: baseUnknown(shown) };
  } catch (error) {
    signal.throwIfAborted();
    if (local === undefined) return cannotAsk(whyUnreachable(error, questions));
  }
  return { state: 'known', from: 'store', descriptor: local };
}

async function answerFor(
  image: ExternalImage,
  log: RecordLog<Seen>,
  questions: BaseQuestions,
  signal: AbortSignal,
): Promise<BaseAnswer> {
  const { store, whenUnreachable, offline } = questions;
  const seen = await log.get(formatReference(image.reference));
  const local = await named(image, store);
  const shown = familiarReference(image.reference);
  if (offline) return assumed(shown, seen, local, 'as asked for') ?? cannotAsk(baseNeverSeen(shown));
  const fallback = whenUnreachable === 'assume' ? (seen ?? local) : undefined;
  try {
    const found = await ask(image.reference, fallback && questions.patience, questions, signal);
    if (found !== undefined) {
      await remember(image.reference, found, seen, log, questions.now());
      return { state: 'known', from: 'registry', descriptor: found };
    }
    if (local !== undefined) return { state: 'known', from: 'store', descriptor: local };
    return { state: 'absent', failure: baseUnknown(shown) };
  } catch (error) {
    signal.throwIfAborted();
    const why = whyUnreachable(error, questions);
    if (whenUnreachable === 'assume') {
      const answer = assumed(shown, seen, local, why.message);
      if (answer !== undefined) return answer;
    }
    return cannotAsk(baseUnreachable(shown, why, whenUnreachable === 'fail' && (seen ?? local) !== undefined));
  }
}

/** `patience`: give up after so many milliseconds. */
async function ask(
  reference: Reference,
  patience: number | undefined,
  { client }: BaseQuestions,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  const { registry, repository } = reference;
  const limit = patience === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  return await (await client()).repository({ registry, repository }).resolve(tagOrDigest(reference), limit);
}

/** An image of the store, under the name that was written or the full one. */
async function named({ text, reference }: ExternalImage, store: Store): Promise<Descriptor | undefined> {
  const found = (await store.refs.get(text)) ?? (await store.refs.get(formatReference(reference)));
  return found && (await store.blobs.size(found.digest)) !== undefined ? found : undefined;
}

async function remember(
  reference: Reference,
  descriptor: Descriptor,
  before: Seen | undefined,
  log: RecordLog<Seen>,
  at: number,
): Promise<void> {
  if (before?.descriptor.digest === descriptor.digest && at - before.at < seenAgain) return;
  const { mediaType, digest, size } = descriptor;
  await log.append(formatReference(reference), { descriptor: { mediaType, digest, size }, at });
}

function assumed(
  shown: string,
  seen: Seen | undefined,
  local: Descriptor | undefined,
  why: string,
): BaseAnswer | undefined {
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

/** Bugs are thrown on. */
function whyUnreachable(error: unknown, { patience }: BaseQuestions): Failure {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return registrySilent(patience);
  }
  const [failure] = failuresOf(error) ?? [];
  if (failure === undefined) throw error;
  return failure;
}
