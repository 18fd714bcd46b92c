import { type Platform, samePlatform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';

/** An image of the project that a build uses, the platform it is used for, and the first reference that says so. */
export type UsedParent = readonly [parent: ImageName, platform: Platform, by: Edge];

/** The images of the project that a build uses: here, or on any machine that may build. */
export type UsedParentsOf = (image: ImageName, platform: Platform, where: 'here' | 'anywhere') => readonly UsedParent[];

/** What decides for which platforms images take each other. */
export interface UseOfParents {
  readonly graph: DependencyGraph;
  readonly taken: UsedParentsOf;
  /** All are if not given: only what is built takes anything. */
  readonly isBuilt?: ((image: ImageName, platform: Platform) => boolean) | undefined;
}

/**
 * What images are wanted for: first the platforms that were asked for, then those for which an image that is built takes
 * them: `FROM --platform=$BUILDPLATFORM` of a child takes its parent for the machine that builds. None for an image that
 * nobody asked for, and none that its own metadata excludes.
 */
export function neededPlatforms(
  asked: ReadonlyMap<ImageName, readonly Platform[]>,
  { graph, taken, isBuilt = () => true }: UseOfParents,
): ReadonlyMap<ImageName, readonly Platform[]> {
  const needed = new Map([...asked].map(([name, platforms]) => [name, [...platforms]]));
  for (const name of graph.order.toReversed()) {
    for (const platform of needed.get(name) ?? []) {
      if (!isBuilt(name, platform)) continue;
      for (const [parent, wanted] of taken(name, platform, 'here')) {
        const platforms = needed.get(parent);
        if (platforms === undefined) continue;
        const isThere = platforms.some((one) => samePlatform(one, wanted));
        if (!isThere && isMadeFor(graph, parent, wanted)) platforms.push(wanted);
      }
    }
  }
  return needed;
}

function isMadeFor({ project }: DependencyGraph, name: ImageName, platform: Platform): boolean {
  const { platforms } = project.contexts.get(name)!;
  return platforms.length === 0 || platforms.some((one) => samePlatform(one, platform));
}
