import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { hostPlatform } from '../oci/platform.ts';
import { FailureError, failuresOf } from '../result.ts';
import type { Store } from '../store/store.ts';
import type { EngineOptions } from './engine-options.ts';
import { ChrootExecutor } from './executor/chroot-executor.ts';
import { BinfmtEmulation } from './executor/emulation.ts';
import type { Executor } from './executor/executor.ts';
import { isolationLimited } from './executor/failure.ts';
import { NamespacesExecutor } from './executor/namespaces-executor.ts';
import { CopySnapshotter } from './snapshot/copy.ts';
import { mountRefused } from './snapshot/failure.ts';
import type { Layers } from './snapshot/layers.ts';
import { OverlaySnapshotter, type SnapshotterOptions } from './snapshot/overlay.ts';
import { scratch } from './snapshot/snapshot.ts';
import type { Snapshotter } from './snapshot/snapshotter.ts';

export interface MachineOptions {
  readonly options: EngineOptions;
  readonly store: Store;
  readonly layers: Layers;
  readonly notice: (message: string) => void;
}

/**
 * What RUN needs of this machine, found out when the first step needs it: an image that only copies files never asks
 * for namespaces, mounts or emulation.
 */
export class Machine {
  readonly #parts: MachineOptions;
  #snapshotter: Promise<Snapshotter> | undefined;
  #memory: Promise<string> | undefined;
  #executor: Promise<Executor> | undefined;
  #files = 0;

  constructor(parts: MachineOptions) {
    this.#parts = parts;
  }

  snapshotter(signal: AbortSignal): Promise<Snapshotter> {
    const { options: _, ...rest } = this.#parts;
    this.#snapshotter ??= chooseSnapshotter(rest, signal);
    return this.#snapshotter;
  }

  /** Emulates foreign platforms by itself. */
  executor(): Promise<Executor> {
    this.#executor ??= this.#makeExecutor();
    return this.#executor;
  }

  /** A name for a new file in storage that is backed by memory, never by the disk of the store. */
  async memoryFile(): Promise<string> {
    this.#memory ??= this.#mountMemory();
    this.#files += 1;
    return join(await this.#memory, `${this.#files}`);
  }

  async #makeExecutor(): Promise<Executor> {
    const { sessionDir, tools, emulators, tier, requireIsolation } = this.#parts.options;
    const dir = join(sessionDir, 'executor');
    await mkdir(dir, { recursive: true });
    const hostArchitecture = hostPlatform(process.arch).architecture;
    const emulation = new BinfmtEmulation({
      dir,
      tools,
      emulators,
      hostArchitecture,
      ownUserNamespace: tier !== 'none',
    });
    // Without namespaces of our own, a change of root is all the isolation there is.
    const executor =
      tier === 'none'
        ? new ChrootExecutor({ dir, tools, emulation })
        : new NamespacesExecutor({ dir, tools, emulation });
    const limits = await executor.limits();
    if (limits.length > 0) {
      if (requireIsolation) throw new FailureError(isolationLimited(limits));
      this.#parts.notice(limits.map(({ message }) => message).join('; '));
    }
    return executor;
  }

  async #mountMemory(): Promise<string> {
    const directory = join(this.#parts.options.sessionDir, 'memory');
    await mkdir(directory, { recursive: true });
    const { mount } = this.#parts.options.tools;
    const result = await execa(mount, ['-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', directory], { reject: false });
    if (result.failed) throw new FailureError(mountRefused('a tmpfs for secrets', String(result.stderr)));
    return directory;
  }
}

/** `overlay` if this kernel mounts one on the store's file system, else `copy`, which is told to whoever watches. */
async function chooseSnapshotter(
  options: SnapshotterOptions & { readonly notice: (message: string) => void },
  signal: AbortSignal,
): Promise<Snapshotter> {
  const overlay = new OverlaySnapshotter(options);
  try {
    await (await overlay.prepare(scratch, signal))[Symbol.asyncDispose]();
    return overlay;
  } catch (error) {
    const [failure] = failuresOf(error) ?? [];
    if (failure?.reason !== 'mount-refused') throw error;
    options.notice(`${failure.message}; files are copied for each RUN instead, which is slower`);
    return new CopySnapshotter(options);
  }
}
