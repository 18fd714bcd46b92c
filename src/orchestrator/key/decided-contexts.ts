import type { ContextReads, PlacedRead, PlacedRemote } from '../../context/context-reads.ts';
import { type ContextListing, type DecidedContext, decideContext } from '../../context/decide-context.ts';
import type { HashFilesDependencies } from '../../context/file-digests.ts';
import { readIgnoreFile } from '../../context/ignore-file.ts';
import { ignoringStore } from '../../context/ignored-store.ts';
import { missingAt, missingSourceFailures } from '../../context/missing-source.ts';
import type { RecordedContext } from '../../context/recorded-context.ts';
import { mapBounded } from '../../map-bounded.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { type Progress, progressOf, silent, watched } from '../../progress.ts';
import type { ImageName } from '../../project/image-name.ts';
import { type Failure, FailuresError } from '../../result.ts';
import { ProjectReads, type ProjectReadsInputs } from './project-reads.ts';

/** The contexts of images as they were when their builds were decided on. */
export class DecidedContexts {
  readonly #reads: ProjectReads;
  readonly #contexts: ReadonlyMap<ImageName, DecidedReads>;

  constructor(reads: ProjectReads, contexts: ReadonlyMap<ImageName, DecidedReads>) {
    this.#reads = reads;
    this.#contexts = contexts;
  }

  /** What of the context counts for a platform: nothing that any key has for one that nobody asked about. */
  listing(image: ImageName, platform: Platform): ContextListing {
    const decided = this.#decided(image, platform);
    return decided?.listing ?? { digest: digestOfFields(['undecided', image, formatPlatform(platform)]), paths: {} };
  }

  /** Numbers of the stages that a build for the platform is made of. */
  stages(image: ImageName, platform: Platform): ReadonlySet<number> {
    return new Set(this.#reads.of(image, platform).stages);
  }

  /** Where a build for the platform takes something of its context. */
  places(image: ImageName, platform: Platform): readonly PlacedRead[] {
    return this.#reads.of(image, platform).places;
  }

  /** What the build for a platform fetches from elsewhere. */
  remotes(image: ImageName, platform: Platform): readonly PlacedRemote[] {
    return this.#reads.of(image, platform).remotes;
  }

  /** What the build for a platform would copy from the context and is not there, as failures; in the order written. */
  missing(image: ImageName, platform: Platform): readonly Failure[] {
    return this.#of(image).missing.get(idOf(this.#reads.of(image, platform))) ?? [];
  }

  /** What a builder is handed. */
  recorded(image: ImageName, platforms: readonly Platform[]): RecordedContext {
    const { context } = this.#of(image);
    const counted = platforms.map((platform) => [
      formatPlatform(platform),
      this.#decided(image, platform)?.counted ?? { stages: [], whole: false, selections: [] },
    ]);
    return { ...context.recorded, counted: Object.fromEntries(counted) };
  }

  #decided(image: ImageName, platform: Platform) {
    const { context, numbers } = this.#of(image);
    const number = numbers.get(idOf(this.#reads.of(image, platform)));
    return number === undefined ? undefined : context.decided[number];
  }

  #of(image: ImageName): DecidedReads {
    const found = this.#contexts.get(image);
    if (found === undefined) throw new Error(`the context of ${image} was not looked at`);
    return found;
  }
}

interface DecidedReads {
  readonly context: DecidedContext;
  /** Reads → which of `context.decided` is about them. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Reads → what they name and is not there. */
  readonly missing: ReadonlyMap<string, readonly Failure[]>;
}

/** The images and platforms whose contexts are read; each context is walked once for all of its platforms. */
export interface DecideInputs extends ProjectReadsInputs {
  readonly images: readonly ImageName[];
  readonly platforms: readonly Platform[];
  /** Absolute: cip's own store is no part of a context above it. Nothing is left out if not given. */
  readonly storeDirectory?: string | undefined;
  readonly progress?: Progress | undefined;
}

/** Looks at the contexts of images. Ignore files that are wrong are reported all at once. */
export async function decideContexts(
  { images, platforms, storeDirectory, progress = silent, ...project }: DecideInputs,
  hashing: HashFilesDependencies,
  signal: AbortSignal,
): Promise<DecidedContexts> {
  const contexts = images.map((name) => project.graph.project.contexts.get(name)!);
  const ignored = await mapBounded(contexts, 8, ({ directory, path }) => readIgnoreFile(directory, path));
  const failures = ignored.flatMap((result) => (result.ok ? [] : result.failure));
  if (failures.length > 0) throw new FailuresError(failures);

  const reads = new ProjectReads(project);
  const patterns = ignored.flatMap((result) => (result.ok ? [result.value] : []));
  const decided = await mapBounded(contexts, 8, async ({ name, directory, path }, index) => {
    const written = patterns[index]!;
    const ignore =
      storeDirectory === undefined
        ? written
        : await ignoringStore(written, { context: directory, store: storeDirectory });
    const distinct = new Map(platforms.map((platform) => reads.of(name, platform)).map((one) => [idOf(one), one]));
    const root = { directory, ignore };
    const hash = { progress: progressOf(progress, { image: name }), kind: 'hash', name: `context of ${name}` } as const;
    const context = await watched(hash, () => decideContext({ root, reads: [...distinct.values()] }, hashing, signal));
    const missing = new Map<string, readonly Failure[]>();
    for (const [number, [id, one]] of [...distinct].entries()) {
      const sources = missingAt(one, context.decided[number]!.missing);
      if (sources.length > 0)
        missing.set(
          id,
          await missingSourceFailures(sources, { context: { ...root, path }, files: hashing.files }, signal),
        );
    }
    const numbers = new Map([...distinct.keys()].map((id, number) => [id, number]));
    return [name, { context, numbers, missing }] as const;
  });
  return new DecidedContexts(reads, new Map(decided));
}

function idOf({ stages, whole, reads }: ContextReads): string {
  return JSON.stringify([stages, whole, reads]);
}
