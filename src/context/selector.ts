import { posix } from 'node:path';

/** What a COPY, an ADD or a bind mount asks of the tree it takes files from. */
export interface Selector {
  /** Go `filepath.Match` patterns, relative to the tree's root. */
  readonly patterns: readonly string[];
  readonly exclude: readonly string[];
  /** Keep the path from the tree's root (or after `/./`) below the destination. */
  readonly parents: boolean;
  /** The patterns are paths: what they lead to through links is selected, under the names that they are written with. */
  readonly literal?: boolean;
}

/** What of the files selected is replaced on the way to a layer, and so does not matter. */
export interface Masks {
  /** By an octal `--chmod`. */
  readonly mode: boolean;
  /** By `--chown`. */
  readonly owner: boolean;
}

/** COPY without `--chmod` and `--chown`: modes and owners count. */
export const noMasks: Masks = { mode: false, owner: false };

/**
 * What `RUN --mount=type=bind,source=…` takes of the context: what the path leads to, links followed, under that
 * path. All of the context without a source.
 */
export function bindSelector(source: string): Selector {
  const path = posix.resolve('/', source).slice(1);
  if (path === '') return { patterns: ['.'], exclude: [], parents: false };
  return { patterns: [path], exclude: [], parents: true, literal: true };
}

/** Whether a path begins above the directory that it is seen from: `bindSelector` takes such a beginning away, as BuildKit does. */
export function leadsOut(source: string): boolean {
  return /^\.\.(?:\/|$)/.test(posix.normalize(source.replace(/^\/+/, '')));
}
