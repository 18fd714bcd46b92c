import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { contextReads } from './context-reads.ts';
import { type ContextRoot, decideContext } from './decide-context.ts';
import type { HashFilesDependencies } from './file-digests.ts';
import { type MissingSource, missingAt } from './missing-source.ts';
import type { NamedContexts } from './named-contexts.ts';
import type { RecordedContext } from './recorded-context.ts';

/** One Dockerfile and the platforms that it is built for, as `cip build-image` has them. */
export interface DockerfileContextInputs {
  readonly dockerfile: Dockerfile;
  readonly target?: string | undefined;
  readonly platforms: readonly Platform[];
  /** Of the machine that builds. */
  readonly buildPlatform: Platform;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly contexts?: NamedContexts | undefined;
  /** All of the context, for triggers of base images that nobody has read yet. */
  readonly whole: boolean;
}

/** A context as it is now, and what the Dockerfile names that is not there: each once, in the order written. */
export interface DockerfileContext {
  readonly context: RecordedContext;
  readonly missing: readonly MissingSource[];
}

/** The context of one Dockerfile that belongs to no project: what it reads, as it is now. Fails as `decideContext` does. */
export async function decideDockerfileContext(
  {
    root,
    inputs: { platforms, whole, ...inputs },
  }: { readonly root: ContextRoot; readonly inputs: DockerfileContextInputs },
  hashing: HashFilesDependencies,
  signal: AbortSignal,
): Promise<DockerfileContext> {
  const reads = platforms.map((platform) => {
    const told = contextReads({ ...inputs, platform, imageOf: () => undefined });
    if (!told.whole && !whole) return told;
    // A trigger may take files of any stage.
    return { ...told, whole: true, stages: inputs.dockerfile.stages.map(({ index }) => index) };
  });
  const { recorded, decided } = await decideContext({ root, reads }, hashing, signal);
  const counted = platforms.map((platform, index) => [formatPlatform(platform), decided[index]!.counted]);
  const missing = reads.flatMap((one, index) => missingAt(one, decided[index]!.missing));
  const distinct = new Map(missing.map((one) => [`${one.at.offset} ${one.source}`, one]));
  const context = { ...recorded, counted: Object.fromEntries(counted) };
  return { context, missing: [...distinct.values()].sort((a, b) => a.at.offset - b.at.offset) };
}
