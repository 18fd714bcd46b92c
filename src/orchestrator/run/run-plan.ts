import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import { latest, movesLatest } from '../../project/latest.ts';
import { type Failure, FailuresError, failuresOf } from '../../result.ts';
import { systemErrorCode } from '../../store/failure.ts';
import { formatBuildInputs } from '../key/build-inputs.ts';
import type { BuildKeys } from '../key/build-keys.ts';
import { remainingDurations } from '../plan/critical-path.ts';
import { builtPlatforms, forbidding, type Plan, type PlanCommand, type PlannedImage } from '../plan/plan.ts';
import { describeReason } from '../plan/plan-reason.ts';
import type { BaseImages } from '../state/base-images.ts';
import type { Durations } from '../state/durations.ts';
import type { KeyMemory } from '../state/key-memory.ts';
import { taggedImage } from '../state/store-state.ts';
import type { TaggedImage, TaggedImages } from '../state/tagged-images.ts';
import { type BuildImageDependencies, buildImage, type ImagesToUse } from './build-image.ts';
import { withEqualContent } from './equal-content.ts';
import { type ParentContent, parentContent, referencesBy, referencesTo } from './parent-images.ts';
import type { ImageOutcome, RunReport } from './run-report.ts';
import { type Outcome, schedule } from './schedule.ts';

/** A plan, and what running it takes; the states are those that it was made from, so that both see the same. */
export interface RunnablePlan extends BuildImageDependencies {
  readonly plan: Plan;
  readonly graph: DependencyGraph;
  readonly keys: BuildKeys;
  /** That builds. */
  readonly machine: Platform;
  /** As it was when the plan was made. */
  readonly storeState: TaggedImages;
  readonly baseImages: BaseImages;
  readonly memory: KeyMemory;
  readonly durations: Durations;
  /** Milliseconds, from any start. */
  readonly clock: () => number;
}

/** How many builds at once, and what happens after a failure or an interruption. */
export interface RunOptions {
  /** Images at once. */
  readonly jobs: number;
  /** After a failure go on with all that is not built from the failed image; else start nothing new. */
  readonly keepGoing: boolean;
  /** When it aborts nothing new is started, and what runs is finished. */
  readonly drain?: AbortSignal | undefined;
  /** Called for each image as soon as its content is in the store; not waited for. Must not throw. */
  readonly onContent?: ((image: PlannedImage, content: Descriptor | undefined) => void) | undefined;
}

/**
 * Builds and names what the plan says, each image as soon as its own parents are done. Failures of images are in the
 * report; rejects with those of a plan that must not run, and for bugs, after all that ran has ended. When `signal` aborts, what runs is stopped.
 */
export async function runPlan(runnable: RunnablePlan, options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const { plan } = runnable;
  const forbidden = forbidding(plan, options);
  if (forbidden.length > 0) throw new FailuresError(forbidden);
  const run = new PlanRun(runnable, options, signal);
  const work = plan.images.filter((image) => isWork(image, plan.command));
  const names = new Set(work.map(({ name }) => name));
  const priorities = remainingDurations(plan.images);
  const tasks = work.map((image) => ({
    id: image.name,
    after: [...new Set([...image.dependsOn, ...takenFor(image, runnable).keys()])].filter((one) => names.has(one)),
    priority: priorities.get(image.name)!,
    run: () => run.image(image),
  }));
  const drain = options.drain === undefined ? signal : AbortSignal.any([signal, options.drain]);
  run.skipUntouched();
  const outcomes = await schedule(tasks, { jobs: options.jobs, keepGoing: options.keepGoing, drain });
  const wasStopped = (name: ImageName) => signal.aborted && !run.failed.has(name);
  const results = plan.images.map((image) => ({
    image,
    ...outcomeOf(image.name, outcomes.get(image.name), wasStopped),
  }));
  return { results };
}

/** Tags of a registry are set when all else is done, those of the store at once. */
function isWork({ action }: PlannedImage, command: PlanCommand): boolean {
  return action === 'build' || action === 'retag' || (action === 'tag' && command === 'build');
}

type Done = Extract<ImageOutcome, { status: 'built' | 'retagged' | 'tagged' }>;

const nothingToUse: ImagesToUse = {
  resolved: {},
  pinned: {},
  remotes: {},
  builtOn: () => undefined,
  ownersLost: () => false,
  counted: () => ({ args: [], triggers: [], images: [] }),
  inputsOf: () => undefined,
};

class PlanRun {
  readonly #plan: Plan;
  readonly #dependencies: Omit<RunnablePlan, 'plan'>;
  readonly #options: RunOptions;
  readonly #signal: AbortSignal;
  /** Images of this run as their children will want them. */
  readonly #made = new Map<ImageName, TaggedImage>();
  /** What failed by itself: before the run was stopped, if it was. */
  readonly failed = new Set<ImageName>();

  constructor({ plan, ...dependencies }: RunnablePlan, options: RunOptions, signal: AbortSignal) {
    this.#plan = plan;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#signal = signal;
  }

  skipUntouched(): void {
    const { progress } = this.#dependencies;
    const unverified = this.#plan.images.filter(({ action, reasons }) => {
      return action === 'unverified' && reasons.some(({ code }) => code === 'other-key-schema');
    });
    if (unverified.length > 0) progress.emit({ type: 'notice', message: unverifiedNotice(unverified) });
    for (const image of this.#plan.images.filter(
      (one) => !isWork(one, this.#plan.command) && !unverified.includes(one),
    )) {
      const why = image.action === 'up-to-date' ? 'up to date' : image.reasons.map(describeReason).join('; ');
      this.#dependencies.progress.emit({ type: 'image-skipped', image: image.name, why });
    }
  }

  async image(image: PlannedImage): Promise<Done> {
    if (image.action === 'tag') return await this.#tag(image);
    const { progress, clock } = this.#dependencies;
    const start = clock();
    try {
      const platforms = image.platforms.map(({ platform }) => formatPlatform(platform));
      progress.emit({ type: 'image-started', image: image.name, platforms, why: describeReason(image.reasons[0]!) });
      if (image.obstacles !== undefined) throw new FailuresError(image.obstacles);
      const made = await this.#build(image);
      const duration = clock() - start;
      const content = made && (await this.#keep(image, made, duration));
      this.#options.onContent?.(image, content);
      if (content !== undefined) {
        // Layers are compressed when they are sent: in a registry the image has another digest.
        const shown = this.#plan.command === 'build' ? { digest: content.digest } : {};
        progress.emit({ type: 'image-finished', image: image.name, ...shown, duration });
      }
      return { status: image.action === 'build' ? 'built' : 'retagged', content, duration };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!this.#signal.aborted) {
        this.failed.add(image.name);
        const told = { image: image.name, message, failures: failuresOf(error), code: systemErrorCode(error) };
        progress.emit({ type: 'image-failed', ...told });
      }
      throw error;
    }
  }

  async #build(image: PlannedImage): Promise<Descriptor | undefined> {
    const context = this.#dependencies.graph.project.contexts.get(image.name)!;
    const uses = image.action === 'build' ? await this.#imagesFor(image) : nothingToUse;
    return await buildImage({ image, context, uses }, this.#dependencies, this.#signal);
  }

  /** Parents as this run makes or leaves them, and images from elsewhere as they were when the plan was made. */
  async #imagesFor(image: PlannedImage): Promise<ImagesToUse> {
    const { graph, baseImages, keys, machine } = this.#dependencies;
    const edges = graph.edges.filter(({ from }) => from === image.name);
    const built = builtPlatforms(image);
    const followed = built.flatMap((platform) => keys.takenBy(image.name, platform));
    const resolved: Record<string, Descriptor> = {};
    const pinned: Record<string, Descriptor> = {};
    for (const { text, from, descriptor } of baseImages.decided()) {
      (from === 'store' ? resolved : pinned)[text] = descriptor;
    }
    const lost = new Set<string>();
    for (const [parent, platforms] of takenFor(image, this.#dependencies)) {
      const content = await this.#contentOf(parent, platforms);
      if (content === undefined) continue;
      for (const platform of content.ownersLost) lost.add(`${parent} ${platform}`);
      const references = referencesTo(graph.project.contexts.get(parent)!, followed, this.#plan.registry);
      for (const reference of references) {
        (content.isInStore ? resolved : pinned)[reference] = content.descriptor;
      }
    }
    const builtOn = (platform: Platform) => {
      const { base } = baseImages.used(image.name, platform);
      const digest = base && (base.reference.digest ?? (resolved[base.text] ?? pinned[base.text])?.digest);
      return base && digest && { base, digest };
    };
    const named = (edge: Edge) => {
      const { version } = graph.project.contexts.get(edge.to)!;
      return referencesBy(edge, version, this.#plan.registry);
    };
    const counted = (platform: Platform) => {
      const external = baseImages.used(image.name, platform).external.map(({ text }) => text);
      return { ...keys.counted(image.name, platform), images: [...external, ...edges.flatMap(named)] };
    };
    const inputsOf = (platform: Platform) => {
      const { parts, listing } = keys.computed(image.name, platform);
      return formatBuildInputs({ parts, paths: listing.paths });
    };
    const ownersLost = (platform: Platform) =>
      keys
        .taken(image.name, platform, machine)
        .some(([parent, wanted]) => lost.has(`${parent} ${formatPlatform(wanted)}`));
    return { resolved, pinned, remotes: baseImages.decidedRemotes(), builtOn, ownersLost, counted, inputsOf };
  }

  async #contentOf(parent: ImageName, platforms: readonly Platform[]): Promise<ParentContent | undefined> {
    const { store, keys, storeState, targetState: target } = this.#dependencies;
    const planned = this.#plan.images.find(({ name }) => name === parent);
    if (planned === undefined) return undefined;
    const inStore = [storeState.tags.get(planned.reference), ...storeState.tags.values()];
    // What was made is what it is; else it must be what the plan says.
    const candidates = [this.#made.get(parent), ...inStore.map((one) => one && withOwnersAs(planned, one))].filter(
      (one) => one !== undefined,
    );
    const keyOf = (platform: Platform): Digest => keys.keyOf(parent, platform);
    return await parentContent({ parent: planned, platforms, candidates, target, keyOf }, store, this.#signal);
  }

  async #tag(image: PlannedImage): Promise<Done> {
    const { store, progress } = this.#dependencies;
    const content = image.current!;
    await store.refs.change((names) => this.#names(image, content, names), this.#signal);
    progress.emit({ type: 'image-skipped', image: image.name, why: image.reasons.map(describeReason).join('; ') });
    return { status: 'tagged', content };
  }

  /** Names the image, and remembers what it was made of and how long that took. Returns what bears the name now. */
  async #keep(image: PlannedImage, content: Descriptor, duration: number): Promise<Descriptor> {
    const { keys, memory, durations } = this.#dependencies;
    const kept = await this.#name(image, content);
    this.#made.set(image.name, kept);
    const built = builtPlatforms(image);
    for (const platform of built) {
      const { key, parts, listing } = keys.computed(image.name, platform);
      await memory.remember(key, parts, listing);
    }
    await durations.record(image.name, built, duration);
    return kept.descriptor;
  }

  /** Content of equal keys that another run has given the name since the plan was made keeps it (ADR 0021). */
  async #name(image: PlannedImage, content: Descriptor): Promise<TaggedImage> {
    const { store, keys, storeState } = this.#dependencies;
    const { reference } = image;
    const made = await taggedImage({ reference, descriptor: content }, store, this.#signal);
    const planned = storeState.tags.get(reference)?.descriptor.digest;
    const wasAskedFor = image.reasons.some(({ code }) => code === 'asked-for');
    for (;;) {
      const there = await store.refs.get(reference);
      const isNews = there !== undefined && there.digest !== planned && there.digest !== content.digest;
      const keyOf = (platform: Platform) => keys.keyOf(image.name, platform);
      const kept = isNews && !wasAskedFor ? await withEqualContent(made, { there, keyOf, store }, this.#signal) : made;
      const names = await store.refs.change((now) => {
        return now.get(reference)?.digest === there?.digest ? this.#names(image, kept.descriptor, now) : undefined;
      }, this.#signal);
      if (names !== undefined) return kept;
    }
  }

  #names(
    image: PlannedImage,
    content: Descriptor,
    now: ReadonlyMap<string, Descriptor>,
  ): ReadonlyMap<string, Descriptor> {
    const repository = `${this.#plan.registry}/${image.name}`;
    const existing = [...now.keys()]
      .filter((reference) => reference.startsWith(`${repository}:`))
      .map((reference) => reference.slice(repository.length + 1));
    const names = new Map([[image.reference, content]]);
    if (movesLatest(image.version, existing)) names.set(`${repository}:${latest}`, content);
    return names;
  }
}

/** Without what has lost its owners, where the plan counts on content that has not. */
function withOwnersAs({ platforms }: PlannedImage, image: TaggedImage): TaggedImage {
  const isLostIn = (platform: Platform) => platforms.find((one) => samePlatform(one.platform, platform))?.ownersLost;
  const right = image.platforms.filter(
    ({ platform, ownersLost }) => ownersLost !== true || isLostIn(platform) === true,
  );
  return right.length === image.platforms.length ? image : { ...image, platforms: right };
}

/** The images of the project that building it uses, and for which platforms. */
function takenFor(
  image: PlannedImage,
  { keys, machine }: Pick<RunnablePlan, 'keys' | 'machine'>,
): ReadonlyMap<ImageName, readonly Platform[]> {
  const taken = new Map<ImageName, Platform[]>();
  for (const [parent, platform] of builtPlatforms(image).flatMap((one) => keys.taken(image.name, one, machine))) {
    const platforms = taken.get(parent) ?? [];
    if (!platforms.some((one) => samePlatform(one, platform))) platforms.push(platform);
    taken.set(parent, platforms);
  }
  return taken;
}

/** Once for all of them: after an upgrade it is every image of a project. */
function unverifiedNotice(images: readonly PlannedImage[]): string {
  const what = images.length === 1 ? `${images[0]!.name} was` : `${images.length} images were`;
  const why = describeReason(images[0]!.reasons.find(({ code }) => code === 'other-key-schema')!);
  return `${what} published by another version of cip and left as published: ${why}; the next version of each is built anew`;
}

/** What failed before the run was stopped is told, with what it kept from being built; only the rest was cancelled. */
function outcomeOf(
  name: ImageName,
  outcome: Outcome<ImageName, Done> | undefined,
  wasStopped: (name: ImageName) => boolean,
): ImageOutcome {
  if (outcome === undefined) return { status: 'untouched' };
  if (outcome.status === 'done') return outcome.value;
  if (outcome.status === 'blocked' && wasStopped(outcome.by)) return { status: 'not-started' };
  if (outcome.status !== 'failed') return outcome;
  return wasStopped(name) ? { status: 'cancelled' } : { status: 'failed', failures: failuresIn(outcome.error) };
}

function failuresIn(error: unknown): readonly Failure[] {
  const failures = failuresOf(error);
  if (failures === undefined) throw error;
  return failures;
}
