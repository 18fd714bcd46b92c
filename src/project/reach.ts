import type { Ancestry } from './dependency-graph.ts';
import type { ImageName } from './image-name.ts';

/** The given images and all that need one of them, however indirectly: what a change of theirs makes anew. In order. */
export function affectedBy(graph: Ancestry, changed: Iterable<ImageName>): ReadonlySet<ImageName> {
  return closure(graph, changed, graph.children);
}

/** The given images and all that they need, however indirectly. In order: parents before children. */
export function neededBy(graph: Ancestry, wanted: Iterable<ImageName>): ReadonlySet<ImageName> {
  return closure(graph, wanted, graph.parents);
}

function closure(
  graph: Ancestry,
  start: Iterable<ImageName>,
  next: ReadonlyMap<ImageName, readonly ImageName[]>,
): ReadonlySet<ImageName> {
  const reached = new Set(start);
  for (const name of reached) for (const other of next.get(name) ?? []) reached.add(other);
  return new Set(graph.order.filter((name) => reached.has(name)));
}
