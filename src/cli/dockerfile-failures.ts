import { certainFailures } from '../engine/frontend/certain-failures.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { BuildTargets } from '../orchestrator/build-targets.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Failure } from '../result.ts';

export interface DockerfileFailuresInputs {
  readonly graph: DependencyGraph;
  /** REGISTRY among them. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly targets: BuildTargets;
  /** That builds. */
  readonly machine: Platform;
}

/** What a build of an image for a platform will report of its Dockerfile alone, as much of that as can be read. */
export type DockerfileFailures = (image: ImageName, platform: Platform) => readonly Failure[];

/** Each image and platform is looked at once. */
export function dockerfileFailures({
  graph,
  buildArgs,
  targets,
  machine,
}: DockerfileFailuresInputs): DockerfileFailures {
  const known = new Map<string, readonly Failure[]>();
  return (image, platform) => {
    const id = `${image} ${formatPlatform(platform)}`;
    const { contexts, unread } = graph.project;
    const { dockerfile } = contexts.get(image) ?? unread.get(image)?.dockerfile ?? {};
    if (dockerfile === undefined) return [];
    const target = targets.get(image);
    const failures =
      known.get(id) ?? certainFailures({ dockerfile, image, target, platform, buildPlatform: machine, buildArgs });
    known.set(id, failures);
    return failures;
  };
}
