import { childOf, parentOf } from '../tree-path.ts';
import type { LayerIndex } from './layer-entry.ts';
import { comparePaths } from './path-order.ts';
import { scopedPath } from './scoped-path.ts';
import { makeWhiteouts } from './special-files.ts';
import type { Tree } from './tree.ts';
import type { UnpackDirectory } from './unpack-directory.ts';

/** Removes what the layer says is gone from the directory that has the lower layers too. Its own entries stay. */
export function applyMarks(index: LayerIndex, directory: UnpackDirectory): void {
  const pruned = new Set<string>();
  for (const mark of index) {
    if (mark.type === 'opaque') {
      if (directory.isReal(mark.path)) prune(mark.path, directory, pruned);
    } else if (mark.type === 'whiteout' && directory.isReal(parentOf(mark.path))) {
      const own = directory.added(mark.path);
      if (own === undefined) directory.remove(mark.path);
      else if (own === 'directory') prune(mark.path, directory, pruned);
    }
  }
}

/** Once for each directory, however many marks say so. */
function prune(path: string, directory: UnpackDirectory, pruned: Set<string>): void {
  if (pruned.has(path)) return;
  pruned.add(path);
  for (const name of directory.names(path)) {
    const child = childOf(path, name);
    const own = directory.added(child);
    if (own === undefined) directory.remove(child);
    else if (own === 'directory') prune(child, directory, pruned);
  }
}

/**
 * Makes an overlayfs whiteout for each path of the layers below that is gone, or has something on it that could not be made.
 * There is no other mark: a directory that hides the one below gets a whiteout for each child of that, since its attribute
 * cannot be set from Node.
 */
export async function expandMarks(
  index: LayerIndex,
  {
    directory,
    lower,
    skipped,
  }: { readonly directory: UnpackDirectory; readonly lower: Tree; readonly skipped: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const added = (path: string) => directory.added(path);
  const needed = whiteoutsFor(index, { added, lower, skipped });
  for (const path of needed) directory.ensure(parentOf(path));
  await makeWhiteouts(
    needed.map((path) => scopedPath(directory.root, path)),
    signal,
  );
}

/** What lies below a layer, and what of the layer itself is unpacked. */
interface Hidden {
  /** What the layer has put at a path. */
  readonly added: (path: string) => 'directory' | 'other' | undefined;
  readonly lower: Tree;
  /** Devices that are not made. */
  readonly skipped: readonly string[];
}

/** Paths of the layers below that an unpacked layer has to hide, sorted. */
export function whiteoutsFor(index: LayerIndex, { added, lower, skipped }: Hidden): readonly string[] {
  const gone = new Set<string>();
  const hide = (path: string) => {
    const below = lower.lookup(path)?.entry;
    if (below === undefined) return;
    const own = added(path);
    if (own === undefined) gone.add(path);
    else if (own === 'directory' && below.type === 'directory') hideChildren(path);
  };
  const cleared = new Set<string>();
  const hideChildren = (path: string) => {
    if (cleared.has(path)) return;
    cleared.add(path);
    for (const name of lower.children(path)) hide(childOf(path, name));
  };
  for (const mark of index) {
    if (mark.type === 'whiteout') hide(mark.path);
    else if (mark.type === 'opaque') hideChildren(mark.path);
  }
  for (const path of skipped) if (lower.lookup(path) !== undefined) gone.add(path);
  const isHidden = hiddenBelow(gone, added);
  return [...gone].filter((path) => !isHidden(parentOf(path))).sort(comparePaths);
}

/** Whether a directory or one above it is gone too, or is no directory any more. Asked once for each. */
function hiddenBelow(gone: ReadonlySet<string>, added: Hidden['added']): (path: string) => boolean {
  const known = new Map<string, boolean>([['', false]]);
  const isHidden = (path: string): boolean => {
    let hidden = known.get(path);
    if (hidden === undefined) {
      hidden = gone.has(path) || added(path) === 'other' || isHidden(parentOf(path));
      known.set(path, hidden);
    }
    return hidden;
  };
  return isHidden;
}
