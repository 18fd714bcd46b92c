import type { Instruction } from '../../dockerfile/dockerfile.ts';
import { triggersIn } from '../../dockerfile/stages.ts';
import type { Platform } from '../../oci/platform.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { BuildKeys } from './build-keys.ts';
import type { DecidedContexts } from './decided-contexts.ts';

interface Sources {
  readonly graph: DependencyGraph;
  readonly contexts: DecidedContexts;
  readonly keys: BuildKeys;
}

/** Whether building the image runs steps, as far as the project says: triggers of images from elsewhere are not known. */
export function runsSteps(image: ImageName, platform: Platform, { graph, contexts, keys }: Sources): boolean {
  const dockerfileOf = (name: ImageName) => graph.project.contexts.get(name)!.dockerfile;
  const needed = contexts.stages(image, platform);
  const own = dockerfileOf(image).stages.filter(({ index }) => needed.has(index));
  const parents = keys.takenBy(image, platform).flatMap(({ kind, to }) => (kind === 'from' ? [to] : []));
  return (
    own.some(({ instructions }) => instructions.some(isRun)) ||
    parents.some((parent) => triggersIn(dockerfileOf(parent).stages.at(-1)!).some(isRun))
  );
}

function isRun({ keyword }: Instruction): boolean {
  return keyword === 'RUN';
}
