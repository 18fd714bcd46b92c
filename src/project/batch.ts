import type { DependencyGraph } from './dependency-graph.ts';
import type { ImageName } from './image-name.ts';

/** Images that may be built at once: none needs another, all parents are in earlier batches. In the graph's order. */
export type Batch = readonly ImageName[];

/** All images in as few batches as the longest chain has images. */
export function batches(graph: DependencyGraph): readonly Batch[] {
  const levels = new Map<ImageName, number>();
  const result: ImageName[][] = [];
  for (const name of graph.order) {
    const level = (graph.parents.get(name) ?? []).reduce((most, parent) => Math.max(most, levels.get(parent)! + 1), 0);
    levels.set(name, level);
    const batch = result[level];
    if (batch === undefined) result.push([name]);
    else batch.push(name);
  }
  return result;
}
