import type { LayerInput } from '../../layer/layer-input.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';

/** A writable root filesystem above a snapshot. Disposing it discards what was not committed. */
export interface ActiveSnapshot extends AsyncDisposable {
  readonly parent: Snapshot;
  /** Absolute path of the mounted root. */
  readonly rootfs: string;
}

/** Two implementations: `overlay` where the kernel allows it, `copy` everywhere. */
export interface Snapshotter {
  readonly name: 'overlay' | 'copy';
  prepare(parent: Snapshot, signal: AbortSignal): Promise<ActiveSnapshot>;
  /** What is changed in the root by now, as the entries of a layer. */
  changes(active: ActiveSnapshot, signal: AbortSignal): AsyncIterable<LayerInput>;
  /** Puts the whole root, as it is by now, to a path where nothing is; it may be gone from where it was. Throws FailureError. */
  moveOut(active: ActiveSnapshot, to: string, signal: AbortSignal): Promise<void>;
  /**
   * Diffs, packs and stores the changes as one layer; an empty one when nothing changed. Ends the active snapshot. No file
   * of the layer is newer than `epoch`, in seconds, where that is given.
   */
  commit(active: ActiveSnapshot, signal: AbortSignal, epoch?: number): Promise<SnapshotLayer>;
}
