import type { Failure, SourceSpan } from '../result.ts';
import { type ContextReferences, type ReferenceOptions, referencesOf } from './context-references.ts';
import type { Edge } from './edge.ts';
import type { ImageName } from './image-name.ts';
import type { Context, Notice, Problem, Project, UnreadContext } from './project.ts';
import {
  dependencyCycle,
  equalPrefixes,
  prefixContradiction,
  undeclaredRegistry,
  withoutVersion,
} from './reference-failure.ts';
import { shortestCycle } from './shortest-cycle.ts';
import type { ExternalReference } from './sorted-references.ts';
import { type StaleReference, staleness } from './stale.ts';
import { stronglyConnected } from './strongly-connected.ts';
import { triggerReferencesOf } from './trigger-references.ts';

/** Who needs whom, as far as it is known: for choosing images. */
export interface Ancestry {
  /** Parents before children, where that is possible. */
  readonly order: readonly ImageName[];
  readonly parents: ReadonlyMap<ImageName, readonly ImageName[]>;
  readonly children: ReadonlyMap<ImageName, readonly ImageName[]>;
}

/**
 * Who is built with whom. Acyclic; every parent is a context of the project. Nothing may be built that one of the problems
 * is about, nor what needs it.
 */
export interface DependencyGraph extends Ancestry {
  readonly project: Project;
  /** What references were resolved with: whoever resolves them again has to use the same. */
  readonly options: ReferenceOptions;
  /** By child in the project's order, then in the order written. */
  readonly edges: readonly Edge[];
  /** Every context has an entry; parents in the order they are first named, without repeats. */
  readonly parents: ReadonlyMap<ImageName, readonly ImageName[]>;
  /** Every context has an entry; children in the project's order, without repeats. */
  readonly children: ReadonlyMap<ImageName, readonly ImageName[]>;
  /** All contexts, parents before children; the same whatever the order on disk. */
  readonly order: readonly ImageName[];
  /** Images from elsewhere, in the order of `edges`. */
  readonly externals: readonly ExternalReference[];
  /** Edges that ask for a version which the project does not hold: `cip check` exits 3 on them, 4 on those ahead. */
  readonly stale: readonly StaleReference[];
  /** What is wrong with the project and with the references in it. */
  readonly problems: readonly Problem[];
  /** With the images that can't be read, and with cycles. */
  readonly ancestry: Ancestry;
  readonly warnings: readonly Notice[];
  /** What works as it is: for `cip check` to say, once for all of its places. */
  readonly advice: readonly Notice[];
}

/** Infers the graph from the references in all Dockerfiles. What keeps some of it from being built is among its problems. */
export function dependencyGraph(project: Project, options: ReferenceOptions = {}): DependencyGraph {
  const names = [...project.contexts.keys()];
  const found = [...project.contexts.values()].map((context) => allReferencesOf(context, project, options));
  const written = found.flatMap((each) => each.edges);
  const all = parentsByChild(names, written);
  const components = stronglyConnected(names, (name) => all.get(name) ?? []);
  const cycles = components.filter((component) => component.length > 1);
  const cycleOf = new Map(cycles.flatMap((cycle) => cycle.map((name) => [name, cycle] as const)));
  const edges = written.filter(({ from, to }) => !cycleOf.has(from) || cycleOf.get(from) !== cycleOf.get(to));
  const parents = cycles.length === 0 ? all : parentsByChild(names, edges);
  const order = components.flat();
  return {
    project,
    options,
    edges,
    parents,
    children: childrenByParent(names, parents),
    order,
    externals: found.flatMap((each) => each.externals),
    stale: edges.flatMap((edge) => staleness(edge, project)),
    problems: [
      ...project.problems,
      ...found.flatMap(({ failures }, index) => failures.map((failure) => ({ images: [names[index]!], failure }))),
      ...[...project.unread.values()].flatMap((context) => unreadProblems(context, project, options)),
      ...cycles.map((cycle) => ({ images: cycle, failure: cycleIn(cycle, all, written) })),
      // Those of a cycle say nothing of numbers: one of them goes.
      ...edges.flatMap((edge) => prefixFailures(edge, project).map((failure) => ({ images: [edge.from], failure }))),
    ],
    ancestry: ancestryOf(
      { order, parents: all },
      project,
      new Map(found.map((each, index) => [names[index]!, each.unread])),
    ),
    warnings: found.flatMap((each) => each.warnings),
    advice: [
      ...prefixAdvice(edges, project),
      ...floatingAdvice(edges, project),
      ...portability(found.flatMap(({ undeclaredRegistryAt }) => undeclaredRegistryAt ?? [])),
    ],
  };
}

/** Its own, and those of the triggers that run in it. */
function allReferencesOf(context: Context, project: Project, options: ReferenceOptions): ContextReferences {
  const own = referencesOf(context, project, options);
  const run = triggerReferencesOf({ context, own, project, options });
  return {
    ...own,
    edges: [...own.edges, ...run.edges],
    unread: [...own.unread, ...run.unread],
    externals: [...own.externals, ...run.externals],
    failures: [...own.failures, ...run.failures],
    warnings: [...own.warnings, ...run.warnings],
  };
}

/** What is wrong with the references of an image that can't be read for another reason: told at once. */
function unreadProblems({ name, dockerfile }: UnreadContext, project: Project, options: ReferenceOptions) {
  if (dockerfile === undefined) return [];
  const { failures } = referencesOf({ name, platforms: [], ...dockerfile }, project, options);
  return failures.map((failure): Problem => ({ images: [name], failure }));
}

/** `unread`: the parents of each image that can't be read. */
function ancestryOf(
  { order, parents }: Omit<Ancestry, 'children'>,
  project: Project,
  unread: ReadonlyMap<ImageName, readonly ImageName[]>,
): Ancestry {
  if (project.unread.size === 0) return { order, parents, children: childrenByParent(order, parents) };
  const all = [...project.unread.keys(), ...order];
  const needed = new Map(all.map((name) => [name, [...(parents.get(name) ?? []), ...(unread.get(name) ?? [])]]));
  return { order: all, parents: needed, children: childrenByParent(all, needed) };
}

function parentsByChild(
  names: readonly ImageName[],
  edges: readonly Edge[],
): ReadonlyMap<ImageName, readonly ImageName[]> {
  const parents = new Map(names.map((name) => [name, new Set<ImageName>()]));
  for (const { from, to } of edges) parents.get(from)?.add(to);
  return new Map([...parents].map(([name, set]) => [name, [...set]]));
}

function childrenByParent(names: readonly ImageName[], parents: ReadonlyMap<ImageName, readonly ImageName[]>) {
  const children = new Map(names.map((name): [ImageName, ImageName[]] => [name, []]));
  for (const [child, needed] of parents) for (const parent of needed) children.get(parent)?.push(child);
  return children;
}

/** A shortest cycle through the first, by name, of some images that all reach each other. */
function cycleIn(
  names: readonly ImageName[],
  parents: ReadonlyMap<ImageName, readonly ImageName[]>,
  edges: readonly Edge[],
): Failure {
  const cycle = shortestCycle([...names].sort()[0] as ImageName, (name) => parents.get(name) ?? []) ?? [];
  const places = cycle.flatMap((from, index) => {
    const to = cycle[(index + 1) % cycle.length];
    return edges.find((edge) => edge.from === from && edge.to === to)?.at ?? [];
  });
  return dependencyCycle(cycle, places);
}

function prefixFailures(edge: Edge, project: Project): readonly Failure[] {
  const { child, parent, order } = prefixes(edge, project);
  return order > 0 ? [prefixContradiction(child.path, parent.path, edge.at)] : [];
}

/** Once for each pair of images. */
function prefixAdvice(edges: readonly Edge[], project: Project): readonly Notice[] {
  const pairs = new Map(
    edges.toReversed().flatMap((edge) => {
      const { child, parent, order } = prefixes(edge, project);
      return order === 0
        ? [[`${child.path} ${parent.path}`, { child: child.path, parent: parent.path, at: edge.at }]]
        : [];
    }),
  );
  const equal = [...pairs.values()].toReversed();
  return equal.length === 0 ? [] : [equalPrefixes(equal)];
}

/** References that say no version, neither in full nor in part. Triggers and all other ways to name an image alike. */
export function floatingAdvice(edges: readonly Edge[], { contexts }: Project): readonly Notice[] {
  const floating = edges.filter(({ pin, tag }) => pin.kind === 'floating' && (tag === undefined || tag === 'latest'));
  const places = floating.map((edge) => ({ ...edge, version: contexts.get(edge.to)!.version }));
  return places.length === 0 ? [] : [withoutVersion(places)];
}

/** `order` is positive where the parent's prefix is the greater; not a number where one has none: no promise. */
function prefixes(edge: Edge, project: Project) {
  const child = project.contexts.get(edge.from) as Context;
  const parent = project.contexts.get(edge.to) as Context;
  return { child, parent, order: (parent.order ?? Number.NaN) - (child.order ?? Number.NaN) };
}

/** Once for all Dockerfiles. */
function portability(places: readonly SourceSpan[]): readonly Notice[] {
  const [first] = places;
  return first === undefined ? [] : [undeclaredRegistry([...new Set(places.map(({ file }) => file))], first)];
}
