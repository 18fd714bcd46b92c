import type { SourceSpan } from '../result.ts';
import type { Edge } from './edge.ts';
import type { ImageName } from './image-name.ts';
import { firstOf } from './name-list.ts';
import type { Problem, Project } from './project.ts';
import { newerReference, staleReferences } from './reference-failure.ts';
import { isNewer } from './version.ts';

/** A reference to a version that is not the one of the project. */
export interface StaleReference {
  readonly edge: Edge;
  /** The version that the project holds. */
  readonly current: string;
  /** Whether it asks for a version that the project has not reached: no cascade helps, and nothing can be built. */
  readonly isAhead: boolean;
}

/** All stale references to one image. */
export interface StaleGroup {
  readonly parent: ImageName;
  readonly current: string;
  /** Not empty; in the order of the graph's edges. */
  readonly edges: readonly Edge[];
}

/** What is stale about an edge: nothing for a floating tag, a digest, or the version that the project holds. */
export function staleness(edge: Edge, project: Project): readonly StaleReference[] {
  const current = project.contexts.get(edge.to)!.version;
  const { pin } = edge;
  if (pin.kind === 'floating' || pin.kind === 'digest') return [];
  if (pin.kind === 'unknown') return [{ edge, current, isAhead: false }];
  return pin.version === current ? [] : [{ edge, current, isAhead: isNewer(pin.version, current) }];
}

/** References to versions that the project has not reached, each a failure at its place: nothing can be built with one. */
export function aheadFailures(stale: readonly StaleReference[]) {
  return aheadProblems(stale).map(({ failure }) => failure);
}

/** The same, each with the image that can't be built. */
export function aheadProblems(stale: readonly StaleReference[]): readonly Problem[] {
  const ahead = stale.filter(({ isAhead }) => isAhead);
  return ahead.map(({ edge, current }) => ({ images: [edge.from], failure: newerReference(edge, current) }));
}

/** References that `cip cascade` updates, by the image they name: a forgotten cascade is one mistake per image. */
export function staleGroups(stale: readonly StaleReference[]): readonly StaleGroup[] {
  const groups = new Map<ImageName, { parent: ImageName; current: string; edges: Edge[] }>();
  for (const { edge, current, isAhead } of stale) {
    if (isAhead) continue;
    const group = groups.get(edge.to) ?? { parent: edge.to, current, edges: [] };
    group.edges.push(edge);
    groups.set(edge.to, group);
  }
  return [...groups.values()];
}

/**
 * The one failure of a group, at the first of its places, or the first whose version is nowhere: `lost` says of these
 * edges where that was looked for.
 */
export function staleGroupFailure({ parent, current, edges }: StaleGroup, lost: ReadonlyMap<Edge, string> = new Map()) {
  const children = [...new Set(edges.map(({ from }) => from))];
  const missing = edges.filter((edge) => lost.has(edge));
  const places = edges.map(({ from, text, at }) => `${placeOf(at)}: ${from} is built from ${text}`);
  return staleReferences(
    {
      parent,
      current,
      children,
      lost: [...new Set(missing.flatMap(({ tag }) => tag ?? []))],
      details: [...(places.length > 1 ? firstOf(places) : []), ...new Set(missing.map((edge) => lost.get(edge)!))],
    },
    (missing[0] ?? edges[0]!).at,
  );
}

function placeOf({ file, line, column }: SourceSpan): string {
  return `${file}:${line}:${column}`;
}
