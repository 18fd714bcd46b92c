import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { hostPlatform, type Platform, samePlatform } from '../oci/platform.ts';
import { FailureError } from '../result.ts';
import type { Store } from '../store/store.ts';
import type { EngineOptions } from './engine-options.ts';
import { Emulation } from './executor/emulation.ts';
import type { Executor } from './executor/executor.ts';
import { NamespacesExecutor } from './executor/namespaces-executor.ts';
import { chooseSnapshotter } from './snapshot/choose.ts';
import { mountRefused } from './snapshot/failure.ts';
import type { Layers } from './snapshot/layers.ts';
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
  #emulation: Promise<Emulation> | undefined;
  #files = 0;

  constructor(parts: MachineOptions) {
    this.#parts = parts;
  }

  snapshotter(signal: AbortSignal): Promise<Snapshotter> {
    const { options, ...rest } = this.#parts;
    this.#snapshotter ??= chooseSnapshotter({ ...rest, clampMtime: options.sourceDateEpoch }, signal);
    return this.#snapshotter;
  }

  /** Ready to run programs of `platform`: a foreign one is emulated from now on. */
  async executor(platform: Platform, signal: AbortSignal): Promise<Executor> {
    const { options } = this.#parts;
    if (!samePlatform(platform, hostPlatform(process.arch))) {
      this.#emulation ??= Emulation.open(options);
      await (await this.#emulation).enable(platform.architecture, signal);
    }
    return new NamespacesExecutor(options);
  }

  /** A name for a new file in storage that is backed by memory, never by the disk of the store. */
  async memoryFile(): Promise<string> {
    this.#memory ??= this.#mountMemory();
    this.#files += 1;
    return join(await this.#memory, `${this.#files}`);
  }

  async close(): Promise<void> {
    // Mounts end with the namespaces of this process.
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
