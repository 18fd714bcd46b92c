import type { DependencyGraph } from './dependency-graph.ts';
import type { ImageName } from './image-name.ts';

/** The given images and all that need one of them, however indirectly: what a change of theirs makes anew. */
export function affectedBy(graph: DependencyGraph, changed: Iterable<ImageName>): ReadonlySet<ImageName> {
  return closure(graph, changed, graph.children);
}

/** All images that need this one, parents before children; without itself. */
export function descendantsOf(graph: DependencyGraph, name: ImageName): readonly ImageName[] {
  return [...closure(graph, [name], graph.children)].filter((other) => other !== name);
}

/** All images that this one needs, parents before children; without itself. */
export function ancestorsOf(graph: DependencyGraph, name: ImageName): readonly ImageName[] {
  return [...closure(graph, [name], graph.parents)].filter((other) => other !== name);
}

/** Iterates in the graph's order. */
function closure(
  graph: DependencyGraph,
  start: Iterable<ImageName>,
  next: ReadonlyMap<ImageName, readonly ImageName[]>,
): ReadonlySet<ImageName> {
  const reached = new Set(start);
  for (const name of reached) for (const other of next.get(name) ?? []) reached.add(other);
  return new Set(graph.order.filter((name) => reached.has(name)));
}
