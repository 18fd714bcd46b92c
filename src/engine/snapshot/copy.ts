import { mkdir, rename } from 'node:fs/promises';
import { treeDiff } from '../../layer/diff.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { removeTree } from '../../remove-tree.ts';
import type { SnapshotterOptions } from './overlay.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';
import type { ActiveSnapshot, Snapshotter } from './snapshotter.ts';

/**
 * Roots made by unpacking every layer into one plain directory, where the kernel or the file system refuses overlay
 * mounts. Slower, and takes the space of the whole image for the time of the step; the result is the same.
 */
export class CopySnapshotter implements Snapshotter {
  readonly name = 'copy';
  readonly #options: SnapshotterOptions;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
  }

  async prepare(parent: Snapshot, signal: AbortSignal): Promise<CopiedRoot> {
    const rootfs = await this.#options.layers.workplace('root');
    const root = new CopiedRoot(parent, rootfs);
    await mkdir(rootfs, { mode: 0o755 });
    try {
      await this.#options.layers.unpackAll(parent, rootfs, signal);
      root.unpackedAt = await this.#options.store.session.now();
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
    return root;
  }

  async commit(active: ActiveSnapshot, signal: AbortSignal, epoch?: number): Promise<SnapshotLayer> {
    const layer = await this.#options.layers.commit(this.changes(active, signal), { clampMtime: epoch }, signal);
    await active[Symbol.asyncDispose]();
    return layer;
  }

  async *changes(active: ActiveSnapshot, signal: AbortSignal): AsyncGenerator<LayerInput> {
    if (!(active instanceof CopiedRoot)) throw new Error('changes of a root that another snapshotter prepared');
    const lower = await this.#options.layers.diffOptions(active.parent, signal);
    yield* treeDiff({ ...lower, root: active.rootfs, unchangedUntil: active.unpackedAt }, signal);
  }

  async moveOut(active: ActiveSnapshot, to: string): Promise<void> {
    await rename(active.rootfs, to);
  }
}

class CopiedRoot implements ActiveSnapshot {
  readonly parent: Snapshot;
  readonly rootfs: string;
  /** Milliseconds, by the clock of the file system. */
  unpackedAt = 0;

  constructor(parent: Snapshot, rootfs: string) {
    this.parent = parent;
    this.rootfs = rootfs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeTree(this.rootfs);
  }
}
