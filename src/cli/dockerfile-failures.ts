import { certainFailures } from '../engine/frontend/certain-failures.ts';
import { lintErrors } from '../lint/lint.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { BuildTargets } from '../orchestrator/key/build-targets.ts';
import { edgesByImage } from '../orchestrator/key/parent-use.ts';
import { contextArguments } from '../project/context-arguments.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import type { Edge } from '../project/edge.ts';
import { isFollowed } from '../project/edge.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Failure } from '../result.ts';

/** All that decides which instructions a build of each image would meet. */
export interface DockerfileFailuresInputs {
  readonly graph: DependencyGraph;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets: BuildTargets;
  /** That builds. */
  readonly machine: Platform;
}

/**
 * What a build of an image for a platform will report of its Dockerfile alone, as much of that as can be read, and of the
 * triggers that its parents in the project hand on.
 */
export type DockerfileFailures = (image: ImageName, platform: Platform) => readonly Failure[];

/** Each image and platform is looked at once. */
export function dockerfileFailures(inputs: DockerfileFailuresInputs): DockerfileFailures {
  const { graph, buildArgs, targets, machine } = inputs;
  const { contexts, unread } = graph.project;
  const edges = edgesByImage(graph);
  const known = new Map<string, readonly Failure[]>();
  return (image, platform) => {
    const id = `${image} ${formatPlatform(platform)}`;
    const context = contexts.get(image);
    const { dockerfile, dockerfileText } = context ?? unread.get(image)?.dockerfile ?? {};
    if (dockerfile === undefined || dockerfileText === undefined) return [];
    const given = contextArguments(context ?? {}, buildArgs);
    const input = { dockerfile, image, target: targets.get(image), platform, buildPlatform: machine, buildArgs: given };
    const handedOn = (reference: string) => triggersOf(reference, edges.get(image) ?? [], inputs);
    const failures = known.get(id) ?? [
      ...certainFailures(input, handedOn),
      ...lintErrors({ ...input, text: dockerfileText, allStages: false }),
    ];
    known.set(id, failures);
    return failures;
  };
}

/** What an image that a FROM names hands on, where that is the content that the project holds now. */
function triggersOf(
  reference: string,
  edges: readonly Edge[],
  { graph, buildArgs }: DockerfileFailuresInputs,
): readonly string[] {
  const { contexts } = graph.project;
  const edge = edges.find(
    ({ kind, named, to, tag, digest }) =>
      kind === 'from' &&
      digest === undefined &&
      reference === (named ?? `${buildArgs['REGISTRY']}/${to}${tag === undefined ? '' : `:${tag}`}`),
  );
  const parent = edge && contexts.get(edge.to);
  if (!parent || !isFollowed(edge, parent.version)) return [];
  const { instructions } = parent.dockerfile.stages.at(-1)!;
  return instructions.flatMap((one) => (one.keyword === 'ONBUILD' ? [one.trigger] : []));
}
