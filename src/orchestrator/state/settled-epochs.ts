import { epochSource } from '../../context/epoch-source.ts';
import type { RemoteSource } from '../../dockerfile/remote-source.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Context } from '../../project/project.ts';
import type { RemotePin } from '../../remote/remote-pin.ts';
import type { RemoteSources } from '../../remote/remote-sources.ts';
import { type Failure, FailuresError } from '../../result.ts';
import { builders } from '../key/build-platforms.ts';
import type { BuildTargets } from '../key/build-targets.ts';
import { type RemoteQuestions, remoteAnswers } from './remote-bases.ts';

/** Which images are asked about, and what decides their SOURCE_DATE_EPOCH. */
export interface EpochsInputs {
  readonly contexts: ReadonlyMap<ImageName, Context>;
  readonly images: readonly ImageName[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets: BuildTargets;
  /** That builds. */
  readonly machine: Platform;
}

/** Whom to ask, and what to make of silence. */
export interface EpochQuestions extends RemoteQuestions {
  readonly remotes: () => Promise<Pick<RemoteSources, 'resolve' | 'lastSeen' | 'times'>>;
}

/** The same contexts, with the times that they are to have. */
export interface SettledEpochs {
  readonly contexts: ReadonlyMap<ImageName, Context>;
  /** What nobody said now; for people. */
  readonly assumptions: readonly string[];
}

/**
 * Settles the SOURCE_DATE_EPOCH of images that name a stage or the context for it: before their keys, as the time is a part of them. A
 * source that cannot be asked is what it was when last seen, under the rules of base images (ADR 0019). Throws FailureError for all images
 * whose time cannot be told.
 */
export async function settledEpochs(
  inputs: EpochsInputs,
  questions: EpochQuestions,
  signal: AbortSignal,
): Promise<SettledEpochs> {
  const epochs = new Map<ImageName, string>();
  const open = new Map<ImageName, RemoteSource>();
  const wrong = new Map<ImageName, Failure>();
  const { buildArgs, machine: buildPlatform, targets } = inputs;
  for (const image of inputs.images) {
    const { dockerfile } = inputs.contexts.get(image)!;
    const platforms = builders;
    const found = epochSource({ dockerfile, platforms, buildPlatform, buildArgs, targetStage: targets.get(image) });
    if (!found.ok) wrong.set(image, found.failure[0]);
    else if (found.value.type === 'remote') open.set(image, found.value.source);
    // Contexts of projects are directories.
    else if (found.value.type !== 'settled') epochs.set(image, '');
  }
  if (wrong.size > 0) throw new FailuresError(placed(wrong, inputs));
  if (open.size > 0) {
    const remotes = await questions.remotes();
    const pins = await pinsOf([...open.values()], questions, signal);
    for (const [image, source] of open) {
      const pin = pins.of.get(JSON.stringify(source))!;
      epochs.set(image, epochText(await remotes.times.of(source, pin, signal)));
    }
    return { contexts: withEpochs(inputs.contexts, epochs), assumptions: pins.assumptions };
  }
  return { contexts: withEpochs(inputs.contexts, epochs), assumptions: [] };
}

/** As an argument; a time before 1970 is none. */
export function epochText(seconds: number | undefined): string {
  return seconds === undefined || seconds < 0 ? '' : String(seconds);
}

/** A build argument that no image can do with is told once; one that some can, where it is missing. */
function placed(wrong: ReadonlyMap<ImageName, Failure>, { contexts, images }: EpochsInputs): readonly Failure[] {
  const [first] = wrong.values();
  const isTheSame = [...wrong.values()].every(({ at, reason }) => at === undefined && reason === first!.reason);
  if (isTheSame && wrong.size === images.length) return [first!];
  return [...wrong].map(([image, failure]) => ({
    ...failure,
    at: failure.at ?? contexts.get(image)!.dockerfile.stages[0]!.from.at,
  }));
}

async function pinsOf(
  sources: readonly RemoteSource[],
  questions: EpochQuestions,
  signal: AbortSignal,
): Promise<{ readonly of: ReadonlyMap<string, RemotePin>; readonly assumptions: readonly string[] }> {
  const remotes = await questions.remotes();
  const answers = await remoteAnswers(sources, questions, signal);
  const failures = [...answers.values()].flatMap((one) => (one.state === 'known' ? [] : [one.failure]));
  if (failures.length > 0) throw new FailuresError(failures);
  const of = new Map<string, RemotePin>();
  const assumptions: string[] = [];
  for (const source of sources) {
    const id = JSON.stringify(source);
    const answer = answers.get(id);
    if (answer?.state === 'known') {
      of.set(id, answer.pin);
      if (answer.assumed !== undefined) assumptions.push(answer.assumed);
    } else of.set(id, await remotes.resolve(source, signal));
  }
  return { of, assumptions: [...new Set(assumptions)] };
}

function withEpochs(contexts: EpochsInputs['contexts'], epochs: ReadonlyMap<ImageName, string>) {
  return new Map([...contexts].map(([image, one]) => [image, { ...one, epoch: epochs.get(image) }] as const));
}
