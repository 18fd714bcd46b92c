import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform } from '../oci/platform.ts';
import { complaintOf, runProgram, succeeded } from '../program/run-program.ts';
import { FailureError, failuresOf } from '../result.ts';
import type { Store } from '../store/store.ts';
import type { EngineOptions } from './engine-options.ts';
import { ChrootExecutor } from './executor/chroot-executor.ts';
import { BinfmtEmulation } from './executor/emulation.ts';
import type { Executor, ExecutorOptions } from './executor/executor.ts';
import type { ExecutorName } from './executor/executor-name.ts';
import { isolationLimited, storeNoexec } from './executor/failure.ts';
import { lostInCopies, lostInMounts, makeExecutableDir, mountFlagsOf } from './executor/mount-flags.ts';
import { NamespacesExecutor } from './executor/namespaces-executor.ts';
import { CopySnapshotter } from './snapshot/copy.ts';
import { mountRefused } from './snapshot/failure.ts';
import type { Layers } from './snapshot/layers.ts';
import { OverlaySnapshotter } from './snapshot/overlay.ts';
import type { Snapshotter } from './snapshot/snapshotter.ts';

/** What the parts of the machine are made from when they are first asked for. */
export interface MachineOptions {
  readonly options: EngineOptions;
  readonly store: Store;
  readonly layers: Layers;
  readonly notice: (message: string) => void;
}

/** By what steps run in, a row for each executor. */
const executors: Readonly<Record<ExecutorName, (options: ExecutorOptions) => Executor>> = {
  namespaces: (options) => new NamespacesExecutor(options),
  chroot: (options) => new ChrootExecutor(options),
};

/**
 * What RUN needs of this machine, found out when the first step needs it: an image that only copies files never asks
 * for namespaces, mounts or emulation.
 */
export class Machine {
  readonly #parts: MachineOptions;
  readonly #snapshotter = new Once<Snapshotter>();
  readonly #executor = new Once<Executor>();
  #memory: Promise<string> | undefined;
  #files = 0;

  constructor(parts: MachineOptions) {
    this.#parts = parts;
  }

  snapshotter(): Promise<Snapshotter> {
    return this.#snapshotter.get(() => chooseSnapshotter(this.#parts));
  }

  /** Emulates foreign platforms by itself. */
  executor(signal: AbortSignal): Promise<Executor> {
    return this.#executor.get(() => this.#makeExecutor(signal));
  }

  /** A name for a new file in storage that is backed by memory, never by the disk of the store. */
  async memoryFile(): Promise<string> {
    this.#memory ??= this.#mountMemory();
    this.#files += 1;
    return join(await this.#memory, `${this.#files}`);
  }

  async #makeExecutor(signal: AbortSignal): Promise<Executor> {
    const { sessionDir, tools, emulators, tier, isolation, requireIsolation } = this.#parts.options;
    const dir = join(sessionDir, 'executor');
    if (isolation === 'namespaces') await makeExecutableDir(dir, tools);
    else await mkdir(dir, { recursive: true });
    const hostArchitecture = hostPlatform(process.arch).architecture;
    const emulation = new BinfmtEmulation({
      dir,
      tools,
      emulators,
      hostArchitecture,
      ownUserNamespace: tier !== 'none',
    });
    if (isolation === 'none') throw new Error('a step that runs, in a build that runs none');
    const executor = executors[isolation]({ dir, tools, emulation });
    const limits = await executor.limits(signal);
    if (limits.length > 0) {
      if (requireIsolation) throw new FailureError(isolationLimited(limits));
      this.#parts.notice(limits.map(({ message }) => message).join('; '));
    }
    for (const message of await executor.notices(signal)) this.#parts.notice(message);
    return executor;
  }

  async #mountMemory(): Promise<string> {
    const directory = join(this.#parts.options.sessionDir, 'memory');
    await mkdir(directory, { recursive: true });
    const { mount } = this.#parts.options.tools;
    const args = ['-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', directory];
    const mounted = await runProgram(mount, { args, env: 'inherited' });
    if (!succeeded(mounted)) throw new FailureError(mountRefused('a tmpfs for secrets', complaintOf(mounted)));
    return directory;
  }
}

/** Made by the first who asks. When that fails, each of the others tries for itself: a build that was ended ends no other. */
class Once<T> {
  #made: Promise<T> | undefined;

  async get(make: () => Promise<T>): Promise<T> {
    for (;;) {
      const others = this.#made;
      const made = others ?? make();
      this.#made = made;
      try {
        return await made;
      } catch (error) {
        if (this.#made === made) this.#made = undefined;
        if (others === undefined) throw error;
      }
    }
  }
}

/** `overlay` if one works on the store's file system, else `copy`, which is told to whoever watches; in a chroot `copy`. */
async function chooseSnapshotter({ options, store, layers, notice }: MachineOptions): Promise<Snapshotter> {
  const flags = await mountFlagsOf(options.sessionDir);
  const copies = () => {
    if (flags.noexec) throw new FailureError(storeNoexec(flags.mountPoint));
    for (const { message } of lostInCopies(flags, options.isolation)) notice(message);
    return new CopySnapshotter({ store, layers });
  };
  // What a chroot cannot mount is moved, which nothing can be out of an overlay.
  if (options.isolation === 'chroot') return copies();
  const overlay = new OverlaySnapshotter({ store, layers });
  try {
    await overlay.rehearse();
    if (flags.noexec) notice(lostInMounts(flags).message);
    return overlay;
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure?.reason !== 'mount-refused') throw error;
    const copier = copies();
    const isOverlay = (await statfs(options.sessionDir)).type === OVERLAY;
    const why = isOverlay
      ? 'the store is on an overlay, which takes no other (CIP_STORE on a volume would)'
      : failure.message;
    notice(`${why}: files are copied for each RUN, which is slower`);
    return copier;
  }
}

/** As statfs(2) names the file system of containers. linux/magic.h */
const OVERLAY = 0x794c7630;
