import { findStage, noSuchStage } from '../../dockerfile/stages.ts';
import type { DependencyGraph } from '../../project/dependency-graph.ts';
import type { ImageName } from '../../project/image-name.ts';
import { neededBy } from '../../project/reach.ts';
import type { Failure } from '../../result.ts';

/** The stage that an image is built to, where that is not the last: its name, or its number where that names another. */
export type BuildTargets = ReadonlyMap<ImageName, string>;

/**
 * A target is for the images that were selected. What another one of them is built from is built whole: its version
 * names one image, and that is what its children ask for. However a stage was asked for, it is the same target; what is
 * no stage of an image stays as it was written.
 */
export function buildTargets(
  graph: DependencyGraph,
  selected: readonly ImageName[],
  target: string | undefined,
): BuildTargets {
  if (target === undefined) return new Map();
  const parents = selected.flatMap((name) => graph.parents.get(name) ?? []);
  const whole = neededBy(graph, parents);
  const targeted = selected.filter((name) => !whole.has(name));
  return new Map(targeted.map((name) => [name, stageMeant(name, target, graph)]));
}

/** `unknown-stage`, once for all images that have no such stage. */
export function targetFailures(graph: DependencyGraph, targets: BuildTargets): readonly Failure[] {
  const lacking = [...targets].filter(([name, target]) => !findStage(dockerfileOf(name, graph), target).ok);
  const [first] = lacking;
  if (first === undefined) return [];
  return [
    noSuchStage(
      lacking.map(([name]) => dockerfileOf(name, graph)),
      first[1],
    ),
  ];
}

function stageMeant(image: ImageName, target: string, graph: DependencyGraph): string {
  const dockerfile = dockerfileOf(image, graph);
  const found = findStage(dockerfile, target);
  if (!found.ok) return target;
  const { name, index } = found.value;
  const named = name === undefined ? undefined : findStage(dockerfile, name);
  return name !== undefined && named?.ok && named.value.index === index ? name : String(index);
}

function dockerfileOf(image: ImageName, { project }: DependencyGraph) {
  return project.contexts.get(image)!.dockerfile;
}
