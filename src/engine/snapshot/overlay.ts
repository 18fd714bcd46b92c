import { access, mkdir, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { upperDiff } from '../../layer/diff.ts';
import type { OtherXattrs } from '../../layer/disk-xattrs.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { copyTree } from './copy-tree.ts';
import { mountRefused, snapshotRemoved } from './failure.ts';
import type { Layers } from './layers.ts';
import { type Snapshot, type SnapshotLayer, scratch } from './snapshot.ts';
import type { ActiveSnapshot, Snapshotter } from './snapshotter.ts';
import { filesIn } from './unpacked-place.ts';

/** What every snapshotter is made from. */
export interface SnapshotterOptions {
  readonly store: Store;
  readonly layers: Layers;
}

/**
 * Roots made of overlay mounts: one directory per layer below, one that takes the changes on top. A layer is what the
 * upper directory holds, so making it costs what changed, not what there is.
 * https://www.kernel.org/doc/html/v6.6/filesystems/overlayfs.html
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly name = 'overlay';
  readonly #options: SnapshotterOptions;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
  }

  async prepare(parent: Snapshot, signal: AbortSignal): Promise<OverlayRoot> {
    return await this.#rootOn(await this.#options.layers.directories(parent, signal), parent);
  }

  /**
   * Tries once what steps rely on: a directory that is made anew hides the one below it, by an attribute that some file systems
   * do not keep though they are mounted. Throws FailureError.
   */
  async rehearse(): Promise<void> {
    const below = await this.#options.layers.workplace('rehearsal');
    await mkdir(join(below, 'd'), { recursive: true });
    await using root = await this.#rootOn([below], scratch);
    const directory = join(root.rootfs, 'd');
    try {
      await rmdir(directory);
      await mkdir(directory);
    } catch (error) {
      const said = `a directory could not be made anew in it (${(error as NodeJS.ErrnoException).code})`;
      throw new FailureError(mountRefused('an overlay file system', said), { cause: error });
    }
  }

  async #rootOn(lower: readonly string[], parent: Snapshot): Promise<OverlayRoot> {
    const directory = await this.#options.layers.workplace('overlay');
    const root = new OverlayRoot(parent, directory);
    await Promise.all(
      [UPPER, 'work', 'merged', 'empty'].map((name) => mkdir(join(directory, name), { recursive: true })),
    );
    try {
      await root.mount(lower);
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
    return root;
  }

  async commit(active: ActiveSnapshot, signal: AbortSignal, epoch?: number): Promise<SnapshotLayer> {
    if (!(active instanceof OverlayRoot)) throw new Error('commit() of a snapshot that another snapshotter prepared');
    const { layers } = this.#options;
    let others: OtherXattrs = { areKnown: false, areSeen: false, opaque: [] };
    const onOtherXattrs = (found: OtherXattrs) => {
      others = found;
    };
    const layer = await layers.commit(this.changes(active, signal, onOtherXattrs), { clampMtime: epoch }, signal);
    await active.requireLower();
    await active.unmount();
    const snapshot = { layers: [...active.parent.layers, layer] };
    await layers.adopt({ snapshot, directory: active.layer, others }, signal);
    await active[Symbol.asyncDispose]();
    return layer;
  }

  async *changes(
    active: ActiveSnapshot,
    signal: AbortSignal,
    onOtherXattrs?: (found: OtherXattrs) => void,
  ): AsyncGenerator<LayerInput> {
    if (!(active instanceof OverlayRoot)) throw new Error('changes of a root that another snapshotter prepared');
    const lower = await this.#options.layers.diffOptions(active.parent, signal);
    yield* upperDiff({ ...lower, upper: active.upper, merged: active.rootfs, onOtherXattrs }, signal);
  }

  async moveOut(active: ActiveSnapshot, to: string, signal: AbortSignal): Promise<void> {
    await copyTree(active.rootfs, to, signal);
  }
}

/** The directory that becomes the unpacked form of the new layer, and the one in it where the kernel collects the changes. */
const LAYER = 'layer';
const UPPER = filesIn(LAYER);

class OverlayRoot implements ActiveSnapshot {
  readonly parent: Snapshot;
  readonly rootfs: string;
  readonly layer: string;
  readonly upper: string;
  readonly #directory: string;
  #lower: readonly string[] = [];
  #mounted = false;

  constructor(parent: Snapshot, directory: string) {
    this.parent = parent;
    this.#directory = directory;
    this.rootfs = join(directory, 'merged');
    this.layer = join(directory, LAYER);
    this.upper = join(directory, UPPER);
  }

  /**
   * Options fit in a page of 4 KiB, so lower directories go by short links relative to the working directory of
   * mount(8): that leaves room for the 500 layers that the kernel allows.
   */
  async mount(layers: readonly string[]): Promise<void> {
    // The kernel takes no directory twice. Of equal layers the top one alone gives the same view: it hides the others.
    const lower = layers.filter((directory, i) => layers.lastIndexOf(directory) === i);
    await Promise.all(lower.map((target, i) => symlink(target, join(this.#directory, `${i}`))));
    const names = lower.length === 0 ? ['empty'] : lower.map((_, i) => `${i}`).toReversed();
    // What is read from the upper directory must be complete: no renames by reference, no data left below.
    const options = `lowerdir=${names.join(':')},upperdir=${UPPER},workdir=work,userxattr,redirect_dir=nofollow,volatile`;
    const mounted = await runProgram('mount', {
      args: ['-t', 'overlay', 'overlay', '-o', options, 'merged'],
      cwd: this.#directory,
      env: 'inherited',
    });
    if (!succeeded(mounted)) throw new FailureError(mountRefused('an overlay file system', complaintOf(mounted)));
    this.#mounted = true;
    this.#lower = lower;
  }

  /** An overlay over a directory that was removed shows an empty root and no error: all would count as deleted. */
  async requireLower(): Promise<void> {
    for (const directory of this.#lower)
      await access(directory).catch((error: unknown) => {
        throw new FailureError(snapshotRemoved(directory), { cause: error });
      });
  }

  async unmount(): Promise<void> {
    if (!this.#mounted) return;
    const unmounted = await runProgram('umount', { args: ['--lazy', this.rootfs], env: 'inherited' });
    if (!succeeded(unmounted)) throw new Error(`umount ${this.rootfs}: ${complaintOf(unmounted)}`);
    this.#mounted = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
    await removeTree(this.#directory);
  }
}
