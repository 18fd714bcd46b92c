import { formatPlatform, type Platform, samePlatform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { Edge } from '../../project/edge.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { Failure, SourceSpan } from '../../result.ts';
import { neededPlatforms, type UsedParentsOf } from '../key/needed-platforms.ts';
import { isHandedOn, ParentUse } from '../key/parent-use.ts';
import { ProjectReads, type ProjectReadsInputs } from '../key/project-reads.ts';
import { wantedPlatforms } from '../key/wanted-platforms.ts';
import { parentPlatformMissing } from './failure.ts';

/** What an image will be there for once the plan has run; undefined where it has the platform. */
export type LackingIn = (parent: ImageName, wanted: Platform) => Lacking | undefined;

interface Lacking {
  readonly offered: readonly Platform[];
  /** It is left as it was published: no change of its metadata helps. */
  readonly isLeft: boolean;
}

/**
 * `parent-platform-missing` for each image of the project that a build for these platforms takes for a platform that it will not be
 * there for, once for each pair; at the FROM, COPY or mount of the image itself.
 */
export function lackingPlatforms(
  image: ImageName,
  platforms: readonly Platform[],
  {
    graph,
    taken,
    lacking,
  }: { readonly graph: DependencyGraph; readonly taken: UsedParentsOf; readonly lacking: LackingIn },
): readonly Failure[] {
  const found = platforms.flatMap((platform) =>
    taken(image, platform, 'here').flatMap(([parent, wanted, by]) => {
      const why = isHandedOn(by, image) ? undefined : lacking(parent, wanted);
      if (why === undefined) return [];
      const isOwn = samePlatform(platform, wanted);
      const { path } = graph.project.contexts.get(parent)!;
      const failure = parentPlatformMissing(
        { child: image, parent, path, wanted, isOwn, ...why },
        placeOf(by, image, graph),
      );
      return [[`${parent} ${formatPlatform(wanted)}`, failure] as const];
    }),
  );
  return [...new Map(found).values()];
}

/**
 * The same for every image of a project, by what their metadata says alone, as a publish for all platforms from `machine`
 * will find. `defaults`: the platforms of images that say none.
 */
export function lackingInProject(
  inputs: ProjectReadsInputs,
  { defaults, machine }: { readonly defaults: readonly Platform[]; readonly machine: Platform },
): readonly Failure[] {
  const { graph, buildArgs } = inputs;
  const reads = new ProjectReads(inputs);
  const stagesOf = (image: ImageName, platform: Platform) => new Set(reads.of(image, platform).stages);
  const use = new ParentUse({ graph, buildArgs, stagesOf });
  const taken: UsedParentsOf = (image, platform, where) =>
    use.images(image, platform, where === 'here' ? machine : undefined);
  const { contexts } = graph.project;
  const choice = { kind: 'declared', defaults } as const;
  const asked = new Map(graph.order.map((name) => [name, wantedPlatforms(contexts.get(name)!, choice)]));
  const needed = neededPlatforms(asked, { graph, taken });
  const lacking: LackingIn = (parent, wanted) => {
    const offered = needed.get(parent)!;
    return offered.some((one) => samePlatform(one, wanted)) ? undefined : { offered, isLeft: false };
  };
  return graph.order.flatMap((name) => lackingPlatforms(name, needed.get(name)!, { graph, taken, lacking }));
}

/** A trigger of a parent runs where the image names that parent. */
function placeOf(edge: Edge, image: ImageName, { project }: DependencyGraph): SourceSpan {
  if (edge.from === image) return edge.at;
  return project.contexts.get(image)!.dockerfile.stages[edge.stage]!.from.imageAt;
}
