import { usesOfStages } from '../../dockerfile/stages.ts';
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
    machine,
  }: {
    readonly graph: DependencyGraph;
    readonly taken: UsedParentsOf;
    readonly lacking: LackingIn;
    /** Whose platform `$BUILDPLATFORM` is. */
    readonly machine?: Platform | undefined;
  },
): readonly Failure[] {
  const found = platforms.flatMap((platform) =>
    taken(image, platform, 'here').flatMap(([parent, wanted, by]) => {
      const why = isHandedOn(by, image) ? undefined : lacking(parent, wanted);
      if (why === undefined) return [];
      const isOwn = samePlatform(platform, wanted);
      const { path } = graph.project.contexts.get(parent)!;
      const isHere = machine !== undefined && why.offered.some((one) => samePlatform(one, machine));
      const runsHere = isHere && isForFiles(by, image, graph);
      const failure = parentPlatformMissing(
        { child: image, parent, path, wanted, isOwn, runsHere, ...why },
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
  return graph.order.flatMap((name) => lackingPlatforms(name, needed.get(name)!, { graph, taken, lacking, machine }));
}

/**
 * Whether an image is only the start of a stage whose files others take, which none starts from: such a stage can be built for
 * the machine that builds.
 */
function isForFiles({ from, kind, stage: number }: Edge, image: ImageName, { project }: DependencyGraph): boolean {
  const { stages } = project.contexts.get(image)!.dockerfile;
  const stage = stages[number];
  if (kind !== 'from' || from !== image || stage === undefined || stage.from.platform !== undefined) return false;
  const uses = stages
    .slice(number + 1)
    .flatMap(usesOfStages)
    .filter(({ value, use }) => value.toLowerCase() === stage.name || (use !== 'from' && value === String(number)));
  return uses.length > 0 && uses.every(({ use }) => use !== 'from');
}

/** A trigger of a parent runs where the image names that parent. */
function placeOf(edge: Edge, image: ImageName, { project }: DependencyGraph): SourceSpan {
  if (edge.from === image) return edge.at;
  return project.contexts.get(image)!.dockerfile.stages[edge.stage]!.from.imageAt;
}
