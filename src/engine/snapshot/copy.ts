import { mkdir } from 'node:fs/promises';
import { treeDiff } from '../../layer/diff.ts';
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
    if (!(active instanceof CopiedRoot)) throw new Error('commit() of a snapshot that another snapshotter prepared');
    const { layers } = this.#options;
    const lower = await layers.diffOptions(active.parent, signal);
    const entries = treeDiff({ ...lower, root: active.rootfs, unchangedUntil: active.unpackedAt }, signal);
    const layer = await layers.commit(entries, { clampMtime: epoch }, signal);
    await active[Symbol.asyncDispose]();
    return layer;
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
