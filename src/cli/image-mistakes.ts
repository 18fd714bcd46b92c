import { contextFiles } from '../context/context-files.ts';
import type { DockerfileContext } from '../context/dockerfile-context.ts';
import { type MissingSource, missingSourceFailures } from '../context/missing-source.ts';
import { usedContexts } from '../context/used-contexts.ts';
import { type MisspelledStage, misspelledStages } from '../dockerfile/misspelled-stages.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { certainFailures } from '../engine/frontend/certain-failures.ts';
import { lintErrors } from '../lint/lint.ts';
import { hostPlatform } from '../oci/platform.ts';
import type { Notice } from '../project/project.ts';
import { imageLikeStage } from '../project/reference-failure.ts';
import { type Failure, FailuresError, failuresOf } from '../result.ts';
import { isEnvironment } from './exit-codes.ts';
import { copiedWithoutContext, stageMisspelled, unusedContext } from './image-failure.ts';
import type { ImageSource } from './image-source.ts';
import { undeclaredArguments } from './unused-arguments.ts';
import { unusedAgents, unusedSecrets } from './unused-secrets.ts';
import type { World } from './world.ts';

/** All that is known to be wrong before the first step, whatever the base images hold; in the order of the Dockerfile. */
export async function certainMistakes(
  source: ImageSource,
  { missing, context }: DockerfileContext,
  world: World,
): Promise<readonly Failure[]> {
  const { dockerfile, target, buildArgs, platforms, contexts } = source;
  const input = {
    dockerfile,
    target,
    buildArgs,
    contexts,
    image: '',
    buildPlatform: hostPlatform(world.surroundings.arch),
  };
  const failures = [
    ...(await missingIn(missing, { source, ignore: context.ignore }, world.signal)),
    ...platforms.flatMap((platform) => certainFailures({ ...input, platform })),
    ...platforms.flatMap((platform) =>
      lintErrors({ ...input, platform, text: source.text, allStages: false, ignore: context.ignore }),
    ),
  ];
  const distinct = new Map(failures.map((one) => [`${one.reason} ${one.at?.offset} ${one.message}`, one]));
  return [...distinct.values()].sort((a, b) => (a.at?.offset ?? 0) - (b.at?.offset ?? 0));
}

async function missingIn(
  missing: readonly MissingSource[],
  { source: { context, file }, ignore }: { readonly source: ImageSource; readonly ignore: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  if (!context.isGiven) return missing.map(({ source, at }) => copiedWithoutContext(source, at, context.address));
  const shown = { ...context, ignore, dockerfile: file };
  return await missingSourceFailures(missing, { context: shown, files: contextFiles }, signal);
}

/** What was given for nothing. */
export function unusedGifts(
  source: ImageSource,
  given: { readonly secrets: Readonly<Record<string, unknown>>; readonly ssh: Readonly<Record<string, unknown>> },
  world: World,
): readonly Notice[] {
  const { dockerfile, buildArgs } = source;
  return [
    ...unusedContexts(source, world),
    ...undeclaredArguments(buildArgs, [dockerfile]),
    ...unusedSecrets(Object.keys(given.secrets), [dockerfile]),
    ...unusedAgents(Object.keys(given.ssh), [dockerfile]),
  ];
}

function unusedContexts({ contexts = {}, ...source }: ImageSource, world: World): readonly Notice[] {
  const given = Object.keys(contexts);
  if (given.length === 0) return [];
  const { used, named } = usedContexts(given, { ...source, buildPlatform: hostPlatform(world.surroundings.arch) });
  const others = named.filter((name) => !given.includes(name));
  return given.filter((name) => !used.has(name)).map((name) => unusedContext(name, suggestionFor(name, others)));
}

/** Names of images that are there and yet nearly those of stages. A FROM says of itself that it means an image. */
export function likeStages({ dockerfile }: ImageSource): readonly Notice[] {
  return misspelledStages(dockerfile).flatMap(({ text, meant, use, at }) =>
    use === 'from' ? [] : [imageLikeStage(text, meant, at)],
  );
}

/** The error of a build, said for a Dockerfile that has no project. */
export function explainedWithoutProject(error: unknown, { dockerfile }: ImageSource): unknown {
  const failures = failuresOf(error);
  if (failures === undefined) return error;
  const slips = misspelledStages(dockerfile);
  return new FailuresError(
    failures.map((failure) => explainedFailure(failure, slips)),
    { cause: error },
  );
}

function explainedFailure(failure: Failure, slips: readonly MisspelledStage[]): Failure {
  const { reason, at } = failure;
  const slip = slips.find((one) => one.at.offset === at?.offset && one.at.length === at.length);
  if (slip !== undefined && (reason === 'base-not-found' || isEnvironment(failure)))
    return stageMisspelled(slip, failure);
  if (reason === 'base-not-found') return { ...failure, hint: 'check the name and the tag' };
  if (reason === 'platform-missing')
    return { ...failure, hint: 'choose another base, or other platforms with --platform' };
  return failure;
}
