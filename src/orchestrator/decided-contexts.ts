import type { ContextReads } from '../context/context-reads.ts';
import { type ContextListing, type DecidedContext, decideContext } from '../context/decide-context.ts';
import type { HashFilesDependencies } from '../context/file-digests.ts';
import { readIgnoreFile } from '../context/ignore-file.ts';
import type { RecordedContext } from '../context/recorded-context.ts';
import { mapBounded } from '../map-bounded.ts';
import { digestOfFields } from '../oci/fields-digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { ImageName } from '../project/image-name.ts';
import { FailuresError } from '../result.ts';
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
}

export interface DecideInputs extends ProjectReadsInputs {
  readonly images: readonly ImageName[];
  readonly platforms: readonly Platform[];
}

/** Looks at the contexts of images. Ignore files that are wrong are reported all at once. */
export async function decideContexts(
  { images, platforms, ...project }: DecideInputs,
  hashing: HashFilesDependencies,
  signal: AbortSignal,
): Promise<DecidedContexts> {
  const contexts = images.map((name) => project.graph.project.contexts.get(name)!);
  const ignored = await mapBounded(contexts, 8, ({ directory, path }) => readIgnoreFile(directory, path));
  const failures = ignored.flatMap((result) => (result.ok ? [] : result.failure));
  if (failures.length > 0) throw new FailuresError(failures);

  const reads = new ProjectReads(project);
  const patterns = ignored.flatMap((result) => (result.ok ? [result.value] : []));
  const decided = await mapBounded(contexts, 8, async ({ name, directory }, index) => {
    const distinct = new Map(platforms.map((platform) => reads.of(name, platform)).map((one) => [idOf(one), one]));
    const place = { directory, ignore: patterns[index]! };
    const context = await decideContext(place, [...distinct.values()], hashing, signal);
    return [name, { context, numbers: new Map([...distinct.keys()].map((id, number) => [id, number])) }] as const;
  });
  return new DecidedContexts(reads, new Map(decided));
}

function idOf(reads: ContextReads): string {
  return JSON.stringify(reads);
}
