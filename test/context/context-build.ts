import { contextFiles } from '../../src/context/context-files.ts';
import { type ContextReads, contextReads } from '../../src/context/context-reads.ts';
import { type ContextListing, decideContext } from '../../src/context/decide-context.ts';
import { type RecordedContext, RecordedTree } from '../../src/context/recorded-context.ts';
import { parseIgnoreFile } from '../../src/dockerfile/dockerignore.ts';
import { parseDockerfile } from '../../src/dockerfile/parse.ts';
import { BuildContext } from '../../src/engine/op/build-context.ts';
import { Checkouts } from '../../src/engine/op/checkouts.ts';
import { FetchedFiles } from '../../src/engine/op/fetched-files.ts';
import type { Step } from '../../src/engine/op/op-definition.ts';
import type { RunnerServices } from '../../src/engine/op/runner-services.ts';
import { runnerFor } from '../../src/engine/op/runners.ts';
import { Layers } from '../../src/engine/snapshot/layers.ts';
import { scratch } from '../../src/engine/snapshot/snapshot.ts';
import type { Vertex } from '../../src/engine/solver/vertex.ts';
import { formatPlatform, type Platform } from '../../src/oci/platform.ts';
import { RemoteSources } from '../../src/remote/remote-sources.ts';
import { failuresOf } from '../../src/result.ts';
import { Store } from '../../src/store/store.ts';
import { clientOptions } from '../support/client-options.ts';
import { amd64, lowerText } from '../support/lower-text.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { ContextFolder } from './context-folder.ts';

const signal = new AbortController().signal;
const memory = { get: async () => undefined, append: async () => {} };

export interface BuildOfContext {
  readonly folder: ContextFolder;
  readonly dockerfile: string;
  readonly platform?: Platform;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly ignore?: string;
  /** Triggers of the image `base`. */
  readonly onBuild?: readonly string[];
  /** SOURCE_DATE_EPOCH in seconds; 1 unless given, so that layers can be compared. */
  readonly epoch?: number | undefined;
}

export interface Decision {
  readonly reads: ContextReads;
  readonly listing: ContextListing;
  readonly recorded: RecordedContext;
}

/** What a build takes from its context and what becomes of it, without images and without running anything. */
export class ContextBuilds implements AsyncDisposable {
  readonly #services: Omit<RunnerServices, 'context'>;
  readonly #close: () => Promise<void>;
  /** Why the last build that failed did, for people. */
  told: readonly string[] = [];

  private constructor(services: Omit<RunnerServices, 'context'>, close: () => Promise<void>) {
    this.#services = services;
    this.#close = close;
  }

  static async open(): Promise<ContextBuilds> {
    const directory = await tempDir();
    const store = await Store.open(`${directory.path}/store`);
    const no = () => Promise.reject(new Error('nothing runs and nothing is fetched'));
    const layers = new Layers({
      store,
      fetch: no,
      owners: { areKept: true, name: '' },
      makesDevices: true,
      gid: process.getgid!(),
      notice: () => {},
    });
    const remote = new RemoteSources({ store, registry: clientOptions });
    const services = {
      store,
      layers,
      isolationWords: [],
      snapshotter: no,
      executor: no,
      memoryFile: no,
      fetched: new FetchedFiles(remote, new Checkouts(remote.repositories, () => store.session.tempPath('git')), {}),
      secrets: {},
      ssh: {},
      secretLike: () => undefined,
    };
    return new ContextBuilds(services, async () => {
      await store.close();
      await directory[Symbol.asyncDispose]();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** As `cip plan` decides. */
  async decide(build: BuildOfContext): Promise<Decision> {
    const { folder, platform = amd64, buildArgs = {}, ignore = '' } = build;
    const dockerfile = parseDockerfile(build.dockerfile, 'Dockerfile');
    const patterns = parseIgnoreFile(ignore);
    if (!dockerfile.ok || !patterns.ok) throw new Error(JSON.stringify([dockerfile, patterns]));
    const inputs = {
      dockerfile: dockerfile.value,
      platform,
      buildPlatform: amd64,
      buildArgs,
      imageOf: () => undefined,
    };
    const reads = contextReads(inputs);
    const place = { directory: folder.path, ignore: patterns.value };
    const hashing = { files: contextFiles, memory, now: () => 0 };
    const { recorded, decided } = await decideContext({ root: place, reads: [reads] }, hashing, signal);
    const { listing, counted } = decided[0]!;
    return { reads, listing, recorded: { ...recorded, counted: { [formatPlatform(platform)]: counted } } };
  }

  /** As the worker builds: digests of the layers that come from the context, or the reason why there are none. */
  async pack(build: BuildOfContext, { recorded }: Decision): Promise<readonly string[]> {
    const { folder, platform = amd64, buildArgs = {}, onBuild = [] } = build;
    const epoch = 'epoch' in build ? build.epoch : 1;
    const tree = new RecordedTree(folder.path, recorded);
    const context = new BuildContext(tree, { directory: folder.path, recorded, platform: formatPlatform(platform) });
    try {
      const lowered = lowerText(build.dockerfile, {
        platform,
        buildArgs,
        epoch,
        context,
        bases: { base: { OnBuild: [...onBuild] } },
      });
      context.verifyStages(lowered.stages.map((index) => ({ index })));
      const layers: string[] = [];
      for (const vertex of fromContext(lowered.target)) {
        const runner = runnerFor(vertex.op, { ...this.#services, context });
        const { digest } = await runner.cacheMap(signal);
        const operation = { progress: { emit: () => {} }, step: 'step', signal };
        const { layers: made } = await runner.exec([scratch], operation);
        layers.push(`${digest} ${made.at(-1)!.diffID}`);
      }
      return layers;
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      this.told = failures.map(({ message }) => message);
      return failures.map(({ reason }) => reason);
    }
  }

  /** Decides and packs at once. */
  async build(build: BuildOfContext): Promise<{ readonly key: string; readonly layers: readonly string[] }> {
    const decision = await this.decide(build);
    return { key: decision.listing.digest, layers: await this.pack(build, decision) };
  }
}

/** Steps that copy from the context, bind mounts among them, inputs first. */
function fromContext(target: Vertex<Step>, seen = new Set<string>()): readonly Vertex<Step>[] {
  if (seen.has(target.digest)) return [];
  seen.add(target.digest);
  const below = target.inputs.flatMap((input) => fromContext(input, seen));
  const { op } = target.op;
  return op.kind === 'copy' && op.source.type === 'context' ? [...below, target] : below;
}
