import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suggestionFor } from '../../../src/dockerfile/suggestion.ts';
import type { Executor, ExecutorRun, ProcessExit } from '../../../src/engine/executor/executor.ts';
import { noDevices } from '../../../src/engine/executor/lack.ts';
import { Checkouts } from '../../../src/engine/op/checkouts.ts';
import { FetchedFiles } from '../../../src/engine/op/fetched-files.ts';
import type { Step } from '../../../src/engine/op/op-definition.ts';
import type { RunnerServices } from '../../../src/engine/op/runner-services.ts';
import { runnerFor } from '../../../src/engine/op/runners.ts';
import { CopySnapshotter } from '../../../src/engine/snapshot/copy.ts';
import { Layers } from '../../../src/engine/snapshot/layers.ts';
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts';
import type { LayerInput } from '../../../src/layer/layer-input.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { RemoteSources } from '../../../src/remote/remote-sources.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { clientOptions } from '../../support/client-options.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** In place of a process: does to the root what one would do, and says how it ended. */
export type Act = (order: ExecutorRun, signal: AbortSignal) => Promise<ProcessExit>;

/** Runs operations on real layers in a real store, without an engine around them. */
export class OpRig implements AsyncDisposable {
  /** Absolute; what was made for a test may be put there. */
  readonly dir: string;
  readonly store: Store;
  readonly layers: Layers;
  readonly remote: RemoteSources;
  readonly events: ProgressEvent[] = [];
  /** What RUN does; nothing, unless a test says so. */
  act: Act = async () => ({ code: 0 });
  /** Of the executor that a step is keyed for. */
  isolationWords: readonly string[] = [];
  /** Of the build. */
  onFail: RunnerServices['onFail'];
  readonly #checkouts: Checkouts;
  readonly #dispose: () => Promise<void>;
  readonly #isRoot = process.getuid!() === 0;
  #memoryFiles = 0;

  private constructor(dir: string, store: Store, dispose: () => Promise<void>) {
    this.dir = dir;
    this.store = store;
    this.#dispose = dispose;
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
    this.remote = new RemoteSources({ store, registry: { ...clientOptions, env } });
    this.#checkouts = new Checkouts(this.remote.repositories, () => store.session.tempPath('git'));
    this.layers = new Layers({
      store,
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      owners: { areKept: this.#isRoot, name: '' },
      makesDevices: this.#isRoot,
      gid: process.getgid!(),
      notice: (message) => this.events.push({ type: 'notice', message }),
    });
  }

  static async open(): Promise<OpRig> {
    const temp = await tempDir();
    const store = await Store.open(join(temp.path, 'store'));
    return new OpRig(temp.path, store, async () => {
      await store.close();
      await temp[Symbol.asyncDispose]();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remote.close();
    await this.#dispose();
  }

  /** One layer with these entries on another snapshot, or on nothing. */
  async snapshot(entries: readonly LayerInput[], on: Snapshot = { layers: [] }): Promise<Snapshot> {
    const layer = await this.layers.commit(entries, {}, new AbortController().signal);
    return { layers: [...on.layers, layer] };
  }

  /** Digest of the operation, and of its inputs by content (`-` where it does not look into one). */
  async key(step: Step, ...inputs: Snapshot[]): Promise<string> {
    const map = await this.#runner(step).cacheMap(new AbortController().signal);
    const contents = await Promise.all(inputs.map((input, at) => map.contentDigests[at]?.(input) ?? '-'));
    return [map.digest, ...contents].join(' ');
  }

  /** The digest of the operation, and the parts that the whole key is made of. */
  async parts(
    step: Step,
    ...inputs: Snapshot[]
  ): Promise<{ readonly digest: string; readonly parts: Map<string, string> }> {
    const map = await this.#runner(step).cacheMap(new AbortController().signal);
    return { digest: map.digest, parts: new Map(await map.parts?.(inputs)) };
  }

  exec(step: Step, inputs: readonly Snapshot[], signal = new AbortController().signal): Promise<Snapshot> {
    const progress = { emit: (event: ProgressEvent) => void this.events.push(event) };
    return this.#runner(step).exec(inputs, { progress, step: 'step', signal });
  }

  /** The `reason` by which it fails; undefined when it does not. */
  async reason(step: Step, inputs: readonly Snapshot[]): Promise<string | undefined> {
    try {
      await this.exec(step, inputs);
      return undefined;
    } catch (error) {
      const [failure] = failuresOf(error) ?? [];
      if (failure === undefined) throw error;
      return failure.reason;
    }
  }

  /** The topmost layer, as `path type mode uid:gid` with the content or target, times only where asked for. */
  async top({ layers }: Snapshot, options: { readonly times?: boolean } = {}): Promise<readonly string[]> {
    return this.#lines({ layers: layers.slice(-1) }, options);
  }

  /** All that a snapshot shows, in the same form. */
  async tree(snapshot: Snapshot): Promise<readonly string[]> {
    return this.#lines(snapshot, {});
  }

  async #lines(snapshot: Snapshot, { times = false }: { readonly times?: boolean }): Promise<readonly string[]> {
    const signal = new AbortController().signal;
    const lines: string[] = [];
    const tree = await this.layers.tree(snapshot, signal);
    for (const { path, entry } of tree.walk()) {
      const { mode, uid, gid, mtime, type } = entry;
      const what =
        type === 'file'
          ? ` ${await readFile(await this.layers.diskPath(snapshot, path, signal), 'utf8')}`
          : type === 'symlink'
            ? ` -> ${entry.target}`
            : '';
      const time = times ? ` @${mtime}` : '';
      lines.push(`${path}${type === 'directory' ? '/' : ''} ${mode.toString(8)} ${uid}:${gid}${time}${what}`);
    }
    return lines;
  }

  #runner(step: Step) {
    return runnerFor(step, this.services(step));
  }

  /** What its operation works with. */
  services(step: Step): RunnerServices {
    const { store, layers } = this;
    const executor: Executor = {
      name: 'namespaces',
      hasMounts: true,
      run: (order, signal) => this.act(order, signal),
      limits: async () => [],
      notices: async () => [],
      lacks: async () => [noDevices()],
    };
    return {
      store,
      layers,
      snapshotter: async () => new CopySnapshotter({ store, layers }),
      isolationWords: this.isolationWords,
      executor: async () => executor,
      context: step.context,
      onFail: this.onFail,
      fetched: new FetchedFiles(this.remote, this.#checkouts, step.remotes ?? {}),
      secrets: step.secrets ?? {},
      ssh: step.ssh ?? {},
      secretLike: (id) => suggestionFor(id, Object.keys(step.secrets ?? {})),
      memoryFile: async () => {
        this.#memoryFiles += 1;
        return join(this.dir, `memory-${this.#memoryFiles}`);
      },
    };
  }
}
