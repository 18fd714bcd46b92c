/**
 * The embedded Builder: per platform a Dockerfile is lowered to a graph, the graph solved, the result exported; then
 * all are joined under one index. It runs where files may have any owner: in the worker, inside its own namespaces.
 */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Builder, BuildRequest, BuildResult } from '../builder.ts';
import type { CountedInputs } from '../context/counted-inputs.ts';
import type { NamedContexts } from '../context/named-contexts.ts';
import { RecordedTree } from '../context/recorded-context.ts';
import { epochOf } from '../context/source-date-epoch.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { findStage } from '../dockerfile/stages.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { basePlatformFailures } from '../lint/base-platforms.ts';
import { annotations as annotationNames } from '../oci/annotations.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, hostPlatform, type Platform } from '../oci/platform.ts';
import { type Progress, type ProgressEvent, progressOf, watched } from '../progress.ts';
import { RegistryClient } from '../registry/registry.ts';
import { RemoteSources } from '../remote/remote-sources.ts';
import { type Failure, FailureError, FailuresError, failuresOf, locatedAt } from '../result.ts';
import { Store } from '../store/store.ts';
import { atBase, type UsedBase } from './base-at-fault.ts';
import { BuildsUnderWay } from './builds-under-way.ts';
import type { CacheAddress } from './cache/cache-address.ts';
import { DirectoryPlace } from './cache/directory-place.ts';
import { MemoryCache } from './cache/memory.ts';
import { RecordCache } from './cache/records.ts';
import { RegistryPlace } from './cache/registry-place.ts';
import { RememberedSteps } from './cache/remembered-steps.ts';
import { SharedResults } from './cache/shared-results.ts';
import { CacheStack } from './cache/stack.ts';
import { diskOwners } from './disk-owners.ts';
import type { EngineOptions, EngineSurroundings } from './engine-options.ts';
import { keyWords } from './executor/executor-name.ts';
import { runNotAllowed } from './executor/failure.ts';
import { withAnnotations } from './exporter/annotate.ts';
import { assembleImage, writeIndex } from './exporter/image.ts';
import { PushPreparation } from './exporter/push-preparation.ts';
import { blobNotFetchable } from './failure.ts';
import { lower } from './frontend/lower.ts';
import { imageKey, type Lowered, type ResolvedImage } from './frontend/lower-input.ts';
import { Machine } from './machine.ts';
import { BuildContext } from './op/build-context.ts';
import { Checkouts } from './op/checkouts.ts';
import { sshMissing } from './op/failure.ts';
import { FetchedFiles } from './op/fetched-files.ts';
import type { Step, StepOrigin } from './op/op-definition.ts';
import type { RunnerServices } from './op/runner-services.ts';
import { runnerFor } from './op/runners.ts';
import { ImageResolver } from './resolve-images.ts';
import { type DiskOwners, Layers } from './snapshot/layers.ts';
import type { Snapshot, SnapshotLayer } from './snapshot/snapshot.ts';
import { Solver } from './solver/solver.ts';
import type { Vertex } from './solver/vertex.ts';
import { StepWhys } from './step-why.ts';

/** Opens the store; throws FailureError where it cannot. */
export async function createEngine(options: EngineOptions, surroundings: EngineSurroundings): Promise<Builder> {
  const store = await Store.open(options.storeDir, { session: { path: options.sessionDir } });
  return new Engine({ store, options, owners: await diskOwners(options.tier, options.namespace), surroundings });
}

type Complete = Exclude<Lowered, { readonly missing: readonly unknown[] }>;

const nothingCounted: CountedInputs = { args: [], triggers: [], images: [] };

/** One platform of a request, and what all of them share. */
interface PlatformBuild {
  readonly request: BuildRequest;
  readonly dockerfile: Dockerfile;
  readonly tree: RecordedTree;
  readonly platform: Platform;
}

class Engine implements Builder {
  readonly name = 'embedded';
  readonly #options: EngineOptions;
  readonly #owners: DiskOwners;
  readonly #outputTaken: RunnerServices['outputTaken'];
  readonly #store: Store;
  readonly #registry: RegistryClient;
  readonly #remote: RemoteSources;
  readonly #checkouts: Checkouts;
  readonly #images: ImageResolver;
  readonly #layers: Layers;
  readonly #machine: Machine;
  readonly #solver: Solver<Step, Snapshot>;
  readonly #steps: RememberedSteps;
  readonly #cache: CacheStack<Snapshot>;
  /** For builds that use nothing of earlier runs: what images of this one have in common is still made once. */
  readonly #cacheOfThisRun: CacheStack<Snapshot>;
  readonly #underWay: BuildsUnderWay;
  #hasSaidUnshared = false;
  /** Those who watch builds that are under way; and where each tells of it. */
  readonly #watching = new Map<Progress, Progress>();
  /** For what any of these builds may be waiting for. */
  readonly #ofAll: Progress;

  constructor({
    store,
    options,
    owners,
    surroundings,
  }: {
    readonly store: Store;
    readonly options: EngineOptions;
    readonly owners: DiskOwners;
    readonly surroundings: EngineSurroundings;
  }) {
    this.#options = options;
    this.#owners = owners;
    this.#outputTaken = surroundings.outputTaken;
    this.#underWay = new BuildsUnderWay(options.onFail === 'shell' ? surroundings.terminals : undefined);
    this.#ofAll = ofFirst(() => [...this.#watching.values()].find(({ watchesWork }) => watchesWork));
    this.#store = store;
    this.#registry = new RegistryClient(options.registry);
    this.#remote = new RemoteSources({ store, registry: options.registry });
    this.#checkouts = new Checkouts(this.#remote.repositories, () => store.session.tempPath('git'));
    this.#images = new ImageResolver({ store, registry: this.#registry, progress: this.#ofAll });
    this.#layers = new Layers({
      store,
      fetch: (layer, signal) => this.#fetch(layer, signal),
      progress: this.#ofAll,
      owners,
      makesDevices: options.tier === 'none' && process.getuid?.() === 0,
      gid: process.getgid?.() ?? 0,
      notice: (message) => this.#notice(message),
    });
    this.#machine = new Machine({ options, store, layers: this.#layers, notice: (message) => this.#notice(message) });
    this.#steps = new RememberedSteps(store);
    const records = new RecordCache(store);
    const notice = (message: string) => this.#notice(message);
    const shared = this.#sharedCaches();
    this.#cache = new CacheStack<Snapshot>(
      [{ cache: new MemoryCache() }, { cache: records }, ...shared.from, ...shared.to],
      notice,
    );
    this.#cacheOfThisRun = new CacheStack<Snapshot>(
      [{ cache: new MemoryCache() }, { cache: records, isRead: false }, ...shared.to],
      notice,
    );
    this.#solver = new Solver({
      opOf: (step) => runnerFor(step, this.#services(step)),
      concurrency: options.concurrency || availableParallelism(),
      now: surroundings.now,
    });
  }

  async build(request: BuildRequest, progress: Progress, signal: AbortSignal): Promise<BuildResult> {
    const watcher = progressOf(progress, { image: request.image });
    this.#watching.set(watcher, progress);
    const { either, running } = this.#underWay.add(request.image, signal);
    try {
      const dockerfile = dockerfileOf(request);
      this.#remote.logins.give(request.secrets);
      const tree = new RecordedTree(request.contextDir, request.context);
      const builds = request.platforms.map((platform) =>
        this.#buildPlatform({ request, dockerfile, tree, platform, progress: watcher }, either),
      );
      // One platform's failure ends the others, and nothing of them is left running.
      const manifests = await Promise.all(builds).catch(async (error: unknown) => {
        running.stop.abort(error);
        await Promise.allSettled(builds);
        throw error;
      });
      return { image: await writeIndex(manifests, request.annotations.index, this.#store) };
    } finally {
      this.#underWay.delete(running);
      this.#watching.delete(watcher);
    }
  }

  async close(): Promise<void> {
    await this.#remote.close();
    await this.#store.close();
  }

  async #buildPlatform(
    build: PlatformBuild & { readonly progress: Progress },
    signal: AbortSignal,
  ): Promise<Descriptor> {
    const { noCache, noCacheStages = [], image, annotations: all } = build.request;
    const { platform } = build;
    const name = formatPlatform(platform);
    const progress = progressOf(build.progress, { platform: name });
    const { definition, config, warnings, basesForOthers, baseAt, isOnLost, bases } = await this.#lower(build, signal);
    const ofOthers = basePlatformFailures(basesForOthers, {
      dockerfile: build.dockerfile,
      buildArgs: build.request.buildArgs,
    });
    if (ofOthers.some(({ reason }) => reason === 'lint-violation')) throw new FailuresError(ofOthers);
    for (const message of [...warnings, ...ofOthers.map((one) => one.message)])
      progress.emit({ type: 'warning', message });
    if (!this.#owners.areKept && (this.#options.caches?.to.length ?? 0) > 0 && !this.#hasSaidUnshared) {
      this.#hasSaidUnshared = true;
      this.#notice(
        'results of steps are not shared: there are no other users here, so they are not what others would make',
      );
    }
    const run = firstRun(definition.target);
    if (run !== undefined && this.#options.isolation === 'none') {
      const { whyNone } = this.#options;
      throw new FailureError(whyNone === undefined ? runNotAllowed(image, run.at) : { ...whyNone, at: run.at });
    }
    const missing = lackingAgents(definition.target);
    if (missing.length > 0) throw new FailuresError(missing);
    if (run !== undefined && this.#options.requireIsolation) await this.#requireIsolation(run.at, signal);
    const cache = noCache ? this.#cacheOfThisRun : this.#cache;
    const anew = { is: stepOf(noCacheStages, build.dockerfile), cache: this.#cacheOfThisRun };
    const misses = new StepWhys(this.#steps, { image, platform: name, isAsked: noCache, target: definition.target });
    const asksAll = (this.#options.caches?.to.length ?? 0) > 0;
    const snapshot = await this.#solver
      .solve(definition, { progress, cache, anew, misses, asksAll }, signal)
      .catch((error: unknown) => {
        throw atBase(error, bases);
      })
      .finally(() => this.#kept(misses));
    // What the steps gave to other users is root's, or it was in an image that they stand on (ADR 0025).
    const isLost = isOnLost || (run !== undefined && !this.#owners.areKept);
    const lost: Readonly<Record<string, string>> = isLost ? { [annotationNames.ownersLost]: 'true' } : {};
    await Promise.all([this.#cache.passed(), this.#cacheOfThisRun.passed()]);
    const annotations = { ...all.manifests[name], ...lost };
    const request = { snapshot, config, platform, annotations, store: this.#store, layers: this.#layers };
    const manifest = await assembleImage(request, signal).catch((error: unknown) => {
      throw locatedAt(atBase(error, bases), baseAt);
    });
    const mark = annotations[annotationNames.ownersLost];
    const shown = { ...all.entries?.[name], ...(mark !== undefined && { [annotationNames.ownersLost]: mark }) };
    return withAnnotations(manifest, shown);
  }

  /** Where only root exists, what steps make is not what other machines would make: it stays here (ADR 0048). */
  #sharedCaches() {
    const { from, to } = this.#options.caches ?? { from: [], to: [] };
    const preparation = new PushPreparation(this.#store, this.#ofAll);
    const open = (address: CacheAddress) =>
      new SharedResults({
        place:
          address.type === 'local'
            ? new DirectoryPlace(address, basename(this.#options.sessionDir))
            : new RegistryPlace(this.#registry.repository(address), address),
        blobs: this.#store.blobs,
        progress: this.#ofAll,
        pack: (layer, signal) => preparation.layer(layer, signal),
      });
    return {
      from: from.map((address) => ({ cache: open(address), isWritten: false })),
      to: (this.#owners.areKept ? to : []).map((address) => ({ cache: open(address), isRead: false, takesHits: true })),
    };
  }

  /** Lowers until no image is missing: a trigger of a base may name images that nobody knew of before. */
  async #lower(
    { request, dockerfile, tree, platform }: PlatformBuild,
    signal: AbortSignal,
  ): Promise<Complete & { readonly isOnLost: boolean; readonly bases: readonly UsedBase[] }> {
    const context = new BuildContext(tree, {
      directory: request.contextDir,
      recorded: request.context,
      platform: formatPlatform(platform),
    });
    const contextFiles = filesOfContexts(request.contexts ?? {}, formatPlatform(platform));
    const images = new Map<string, ResolvedImage>();
    const bases: UsedBase[] = [];
    for (;;) {
      const lowered = lower({
        dockerfile,
        image: request.image,
        target: request.target,
        platform,
        buildPlatform: hostPlatform(process.arch),
        buildArgs: request.buildArgs,
        proxies: this.#options.env,
        context,
        contexts: request.contexts,
        contextFiles,
        secrets: request.secrets,
        ssh: request.ssh,
        settings: request.settings,
        remotes: request.remotes,
        layers: request.layers,
        labels: request.labels,
        images,
        epoch: epochOf(request.buildArgs),
        counted: request.counted && (request.counted[formatPlatform(platform)] ?? nothingCounted),
      });
      if (!lowered.ok) throw new FailuresError(lowered.failure);
      if (!lowered.value.missing) {
        context.verifyStages(lowered.value.stages.map((index) => dockerfile.stages[index]!));
        return { ...lowered.value, isOnLost: isOnLost(images, request), bases };
      }
      await Promise.all(
        lowered.value.missing.map(async (wanted) => {
          const resolved = this.#images.resolve(wanted, request, signal).catch((error: unknown) => {
            throw locatedAt(error, wanted.at);
          });
          const image = await resolved;
          images.set(imageKey(wanted), image);
          const layers = image.layers.map(({ blob }) => blob.digest);
          bases.push({ reference: wanted.reference, at: wanted.at, layers });
        }),
      );
    }
  }

  /** Also where every step is in the cache, which says nothing of what this machine keeps steps apart from. */
  async #requireIsolation(at: StepOrigin['at'] | undefined, signal: AbortSignal): Promise<void> {
    await this.#machine.executor(signal).catch((error: unknown) => {
      throw locatedAt(error, at);
    });
  }

  #services(step: Step): RunnerServices {
    const { isolation } = this.#options;
    return {
      store: this.#store,
      layers: this.#layers,
      snapshotter: () => this.#machine.snapshotter(),
      isolationWords: isolation === 'none' ? [] : keyWords[isolation],
      executor: (signal) => this.#machine.executor(signal),
      memoryFile: () => this.#machine.memoryFile(),
      context: step.context,
      fetched: new FetchedFiles(this.#remote, this.#checkouts, step.remotes ?? {}),
      secrets: step.secrets ?? {},
      ssh: step.ssh ?? {},
      secretLike: (id) => suggestionFor(id, Object.keys(step.secrets ?? {})),
      onFail: this.#options.onFail,
      lendTerminal: this.#underWay.lender(step.origin?.image),
      outputTaken: this.#outputTaken,
    };
  }

  async #fetch(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    const { blob, origin } = layer;
    if (!origin) throw new FailureError(blobNotFetchable(blob.digest));
    const remote = this.#registry.repository(origin);
    const { digest, size } = blob;
    await watched({ progress: this.#ofAll, kind: 'pull', name: digest, digest, size }, () =>
      this.#store.blobs.put(blob, () => remote.open(blob, signal), signal),
    );
  }

  /** For people alone: a store that cannot take it is told of by what the build itself writes. */
  async #kept(misses: StepWhys): Promise<void> {
    await misses.keep().catch((error: unknown) => {
      if (failuresOf(error) === undefined) throw error;
    });
  }

  #notice(message: string): void {
    for (const progress of this.#watching.keys()) progress.emit({ type: 'notice', message });
  }
}

/** Whoever is the first then: what is under way is waited for by one of them, and goes on with any. */
function ofFirst(first: () => Progress | undefined): Progress {
  return {
    get watchesWork() {
      return first() !== undefined;
    },
    emit: (event: ProgressEvent) => first()?.emit(event),
  };
}

/** Directories among named contexts, as they were when the build was decided on. */
function filesOfContexts(contexts: NamedContexts, platform: string): Readonly<Record<string, BuildContext>> {
  return Object.fromEntries(
    Object.entries(contexts).flatMap(([name, context]) => {
      if (context.type !== 'directory') return [];
      const { directory, recorded } = context;
      return [[name, new BuildContext(new RecordedTree(directory, recorded), { directory, recorded, platform })]];
    }),
  );
}

/**
 * Whether one of the images lost the owners of files and is of this machine or the same registry: an older version of the
 * project's, for one. What comes from elsewhere is the same image for everybody.
 */
function isOnLost(images: ReadonlyMap<string, ResolvedImage>, { resolved, buildArgs }: BuildRequest): boolean {
  const registry = buildArgs['REGISTRY'] ?? '';
  return [...images].some(([key, { ownersLost }]) => {
    const reference = key.slice(0, key.lastIndexOf(' '));
    const isOwn = Object.hasOwn(resolved, reference) || (registry !== '' && reference.startsWith(`${registry}/`));
    return ownersLost === true && isOwn;
  });
}

/** Whether a step makes a layer in one of these stages; those that the Dockerfile does not have are of another image. */
function stepOf(stages: readonly string[], dockerfile: Dockerfile): (step: Step) => boolean {
  const names = new Set(
    stages.flatMap((wanted) => {
      const stage = findStage(dockerfile, wanted);
      return stage.ok ? [stage.value.name ?? String(stage.value.index)] : [];
    }),
  );
  return ({ op, origin }) => op.kind !== 'image' && origin !== undefined && names.has(origin.stage);
}

/** The first RUN that the vertex needs. */
function firstRun(target: Vertex<Step>): { readonly at: StepOrigin['at'] | undefined } | undefined {
  for (const { op, origin } of stepsOf(target)) if (op.kind === 'exec') return { at: origin?.at };
  return undefined;
}

/** Told before anything runs: the last step may be the one that needs an agent. */
function lackingAgents(target: Vertex<Step>): readonly Failure[] {
  const failures: Failure[] = [];
  for (const { op, origin, ssh = {} } of stepsOf(target)) {
    if (op.kind !== 'exec') continue;
    for (const mount of op.mounts) {
      if (mount.type === 'ssh' && mount.required && !Object.hasOwn(ssh, mount.id))
        failures.push(sshMissing(mount.id, origin));
    }
  }
  return failures;
}

/** What the vertex needs, each once, and before what is made of it. */
function* stepsOf(target: Vertex<Step>, seen = new Set<Vertex<Step>>()): Generator<Step> {
  if (seen.has(target)) return;
  seen.add(target);
  for (const input of target.inputs) yield* stepsOf(input, seen);
  yield target.op;
}

/** The Dockerfile of a request: the text that the build was decided on, whatever the file holds by now. */
function dockerfileOf({ dockerfile: { file, text } }: BuildRequest): Dockerfile {
  const dockerfile = parseDockerfile(text, file);
  if (!dockerfile.ok) throw new FailuresError(dockerfile.failure);
  return dockerfile.value;
}
