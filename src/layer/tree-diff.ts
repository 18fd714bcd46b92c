import { type DiffOptions, diff } from './diff.ts';
import type { DiskEntry } from './disk-entry.ts';
import type { LayerInput } from './layer-input.ts';

/** A whole root on disk, compared with the tree that it was made from. */
export interface TreeDiffOptions extends DiffOptions {
  /** Absolute. A whole root file system. */
  readonly root: string;
  /**
   * Milliseconds since the epoch when `root` was last known to be as `lower`, by the clock of its file system. Files
   * that the kernel says nothing has happened to since are not read. Absent: all files are.
   */
  readonly unchangedUntil?: number | undefined;
}

/** What a directory with a whole root file system changes on the layers it was made from (see `diff`). */
export function treeDiff(
  { root, unchangedUntil, ...options }: TreeDiffOptions,
  signal: AbortSignal,
): AsyncGenerator<LayerInput, void, undefined> {
  // A file that came here with its directory has an old ctime; the directory, renamed, has not.
  const isUntouched = ({ ctime }: DiskEntry) => unchangedUntil !== undefined && ctime < unchangedUntil - CLOCK_STEP;
  return diff({ ...options, root, merged: root, isMark: () => false, isUntouched }, signal);
}

/** The kernel's file times lag behind its clock by up to one tick, 10 ms at most. */
const CLOCK_STEP = 10;
