import type { LayerIndex } from './layer-entry.ts';

/**
 * Whether two stacks of layers do the same to the same paths of whatever is below them, and differ at most in what the nodes are
 * that they put there: then what is below is the same in both of the results, and need not be known. Layers of one Dockerfile that
 * was built twice are mostly so. A link to a file that is not of the stack itself wants to know what is below.
 */
export function touchSamePaths(before: readonly LayerIndex[], after: readonly LayerIndex[]): boolean {
  if (before.length !== after.length) return false;
  const own = new Set<string>();
  return before.every((layer, at) => {
    const other = after[at]!;
    if (layer.length !== other.length) return false;
    return layer.every((entry, place) => {
      const twin = other[place]!;
      if (entry.type !== twin.type || entry.path !== twin.path) return false;
      own.add(entry.path);
      return entry.type !== 'hardlink' || twin.type !== 'hardlink' || (own.has(entry.target) && own.has(twin.target));
    });
  });
}
