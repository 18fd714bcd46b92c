import { type DiffOptions, diff } from './diff.ts';
import { isWhiteoutDevice } from './disk-entry.ts';
import type { LayerInput } from './layer-input.ts';

/** The upper directory of an overlay, in which the kernel has collected the changes. */
export interface UpperDiffOptions extends DiffOptions {
  /** Absolute. The upperdir, made without redirect_dir and metacopy. */
  readonly upper: string;
  /** Absolute. The overlay as mounted over it, without other mounts in it. */
  readonly merged: string;
}

/**
 * What an overlay's upperdir changes on the layers below (see `diff`). What is removed is told by what the mounted
 * overlay no longer shows, since Node cannot read the attribute that marks an opaque directory; entries that were only
 * copied up are left out.
 */
export function upperDiff(
  { upper, merged, ...options }: UpperDiffOptions,
  signal: AbortSignal,
): AsyncGenerator<LayerInput, void, undefined> {
  return diff({ ...options, root: upper, merged, isMark: isWhiteoutDevice, isUntouched: () => false }, signal);
}
