import type { DependencyGraph } from '../project/dependency-graph.ts';
import type { ImageName } from '../project/image-name.ts';
import { neededBy } from '../project/reach.ts';

/** The stage that an image is built to, where that is not the last. */
export type BuildTargets = ReadonlyMap<ImageName, string>;

/**
 * A target is for the images that were selected. What another one of them is built from is built whole: its version
 * names one image, and that is what its children ask for.
 */
export function buildTargets(
  graph: DependencyGraph,
  selected: readonly ImageName[],
  target: string | undefined,
): BuildTargets {
  if (target === undefined) return new Map();
  const parents = selected.flatMap((name) => graph.parents.get(name) ?? []);
  const whole = neededBy(graph, parents);
  return new Map(selected.filter((name) => !whole.has(name)).map((name) => [name, target]));
}
