import { describeRemote, isFixed, type RemoteSource } from '../../dockerfile/remote-source.ts';
import { mapBounded } from '../../map-bounded.ts';
import type { RemotePin } from '../../remote/remote-pin.ts';
import { type Failure, failuresOf } from '../../result.ts';
import type { BaseQuestions } from './base-digests.ts';
import { sourceNeverSeen, sourceUnknownNow } from './failure.ts';

/** What a remote source of ADD is, as far as this run knows. */
export type RemoteAnswer =
  /** `assumed`: nobody said so now; for a person. */
  | { readonly state: 'known'; readonly pin: RemotePin; readonly assumed?: string | undefined }
  | { readonly state: 'cannot-ask' | 'absent'; readonly failure: Failure };

/** Of those about base images. */
export type RemoteQuestions = Pick<BaseQuestions, 'remotes' | 'whenUnreachable' | 'offline'>;

/** Requests at once. */
const parallel = 4;

/** Answers that will be the same when they are asked for again. */
const lasting: ReadonlySet<string> = new Set([
  'source-not-found',
  'source-redirect-refused',
  'source-checksum-mismatch',
  'git-ref-not-found',
  'git-directory-missing',
]);

/**
 * What sources are now, by their JSON: each is asked about once, and fixed ones not at all. What cannot be asked is what it
 * was when it was last seen, under the same rules as base images (ADR 0019).
 */
export async function remoteAnswers(
  sources: readonly RemoteSource[],
  questions: RemoteQuestions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RemoteAnswer>> {
  const open = new Map(sources.filter((source) => !isFixed(source)).map((one) => [JSON.stringify(one), one]));
  const answers = await mapBounded([...open], parallel, async ([id, source]) => {
    return [id, await answerOf(source, questions, signal)] as const;
  });
  return new Map(answers);
}

async function answerOf(source: RemoteSource, questions: RemoteQuestions, signal: AbortSignal): Promise<RemoteAnswer> {
  const { remotes, whenUnreachable, offline } = questions;
  const shown = describeRemote(source);
  const known = await remotes();
  if (offline) {
    const pin = await known.lastSeen(source);
    if (pin === undefined) return { state: 'cannot-ask', failure: sourceNeverSeen(shown) };
    return { state: 'known', pin, assumed: `assuming ${shown} is what it was when last seen (as asked for)` };
  }
  try {
    return { state: 'known', pin: await known.resolve(source, signal) };
  } catch (error) {
    signal.throwIfAborted();
    const [why] = failuresOf(error) ?? [];
    if (why === undefined) throw error;
    if (lasting.has(why.reason)) return { state: 'absent', failure: why };
    const pin = await known.lastSeen(source);
    if (pin !== undefined && whenUnreachable === 'assume') {
      return { state: 'known', pin, assumed: `assuming ${shown} is what it was when last seen (${why.message})` };
    }
    return { state: 'cannot-ask', failure: sourceUnknownNow(shown, why, pin !== undefined) };
  }
}
