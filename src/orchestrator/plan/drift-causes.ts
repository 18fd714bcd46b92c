import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import { firstOf, nameList } from '../../project/name-list.ts';
import { staleGroupFailure, staleGroups } from '../../project/stale.ts';
import type { Failure } from '../../result.ts';
import type { LostParent } from '../state/base-images.ts';
import { changedWithoutBump } from './failure.ts';
import type { PlannedImage, PlanReason } from './plan.ts';
import { describeReason } from './plan-reason.ts';

/** A drifted image as it is judged: only these parts of the plan count. */
export type DriftedImage = Pick<PlannedImage, 'name' | 'reference' | 'reasons'>;

/** Drift as far as it goes, and what else comes of cascades that were forgotten. */
export interface Drift {
  /** All that drifted: those that are told, and causes that nobody asked about. */
  readonly drifted: ReadonlyMap<ImageName, DriftedImage>;
  readonly graph: DependencyGraph;
  /** What images to be built are built from and is nowhere. */
  readonly lost?: readonly LostParent[] | undefined;
}

/**
 * Why images drifted, one failure for each cause, in the order of the graph: drift is passed on to all that is built
 * from an image, and one new version with one cascade mends all of it.
 *
 * - An image that names another version of a parent than the project has: the cascade was forgotten.
 * - An image that is built from a drifted one: that one is the cause, whatever else changed; a cascade raises both.
 * - All else changed by itself.
 *
 * `told`: the images to explain.
 */
export function driftFailures(told: Iterable<ImageName>, { drifted, graph, lost = [] }: Drift): readonly Failure[] {
  const causes = causesOf(drifted, graph);
  const affected = new Map<string, ImageName[]>();
  for (const name of told) {
    for (const cause of causes.get(name) ?? []) affected.set(cause, [...(affected.get(cause) ?? []), name]);
  }
  const whereabouts = new Map(lost.map((one) => [one.edge, whereaboutsOf(one)]));
  const forgotten = staleGroups(graph.stale).flatMap((group) => {
    const names = affected.get(staleCause(group.parent)) ?? [];
    if (names.length === 0 && !group.edges.some((edge) => whereabouts.has(edge))) return [];
    const children = new Set(group.edges.map(({ from }) => from));
    const others = names.filter((name) => !children.has(name));
    const failure = staleGroupFailure(group, whereabouts);
    return [{ ...failure, details: [...(failure.details ?? []), ...dependents(others)] }];
  });
  const changed = graph.order.flatMap((name) => {
    const names = affected.get(ownCause(name));
    const image = drifted.get(name);
    if (names === undefined || image === undefined) return [];
    const { file } = graph.project.contexts.get(name)!.metadata;
    const what = firstOf(image.reasons.filter(isChange).map(describeReason));
    const others = names.filter((other) => other !== name);
    return [changedWithoutBump(image, file, [...what, ...dependents(others)])];
  });
  return [...forgotten, ...changed];
}

function whereaboutsOf({ reference, why }: LostParent): string {
  if (why === undefined) return `${reference} is neither in the store nor in its registry`;
  return `${reference} is not in the store, and its registry cannot be asked: ${why.message}`;
}

/** Names of causes, for each drifted image. */
function causesOf(
  drifted: ReadonlyMap<ImageName, DriftedImage>,
  graph: DependencyGraph,
): ReadonlyMap<ImageName, ReadonlySet<string>> {
  const causes = new Map<ImageName, ReadonlySet<string>>();
  const behind = graph.stale.filter(({ isAhead }) => !isAhead).map(({ edge }) => edge);
  for (const name of graph.order.filter((one) => drifted.has(one))) {
    const stale = behind.filter(({ from }) => from === name).map(({ to }) => staleCause(to));
    // No cascade follows a floating tag.
    const pinned = graph.edges.filter(({ from, pin }) => from === name && pin.kind === 'version').map(({ to }) => to);
    const passedOn = pinned.flatMap((parent) => [...(causes.get(parent) ?? [])]);
    const [first] = [stale, passedOn, [ownCause(name)]].filter((found) => found.length > 0);
    causes.set(name, new Set(first));
  }
  return causes;
}

function staleCause(parent: ImageName): string {
  return `stale ${parent}`;
}

function ownCause(name: ImageName): string {
  return `own ${name}`;
}

function isChange({ code }: PlanReason): boolean {
  return code !== 'changed-without-bump' && code !== 'key-changed' && code !== 'missing-platforms';
}

function dependents(names: readonly ImageName[]): readonly string[] {
  if (names.length === 0) return [];
  return [`${names.length} ${names.length === 1 ? 'dependent is' : 'dependents are'} affected: ${nameList(names)}`];
}
