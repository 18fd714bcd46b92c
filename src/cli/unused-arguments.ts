import type { Dockerfile, Instruction } from '../dockerfile/dockerfile.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { DependencyGraph } from '../project/dependency-graph.ts';
import { platformVariables } from '../project/global-scope.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Notice } from '../project/project.ts';
import { unusedBuildArguments } from './failure.ts';

/** What builders know without an ARG, besides platforms: proxies, the time of a build, settings of BuildKit's. */
const predefined = /^(?:(?:https?|ftp|no|all)_proxy|SOURCE_DATE_EPOCH|BUILDKIT_\w+)$/i;

/** The same of the Dockerfiles of images. */
export function unusedArguments(
  buildArgs: Readonly<Record<string, string>>,
  images: Iterable<ImageName>,
  { project }: DependencyGraph,
): readonly Notice[] {
  return undeclaredArguments(
    buildArgs,
    [...images].map((name) => project.contexts.get(name)!.dockerfile),
  );
}

/** One warning for all build arguments that none of the Dockerfiles declares, most likely by a slip. */
export function undeclaredArguments(
  buildArgs: Readonly<Record<string, string>>,
  dockerfiles: Iterable<Dockerfile>,
): readonly Notice[] {
  const known: readonly string[] = platformVariables;
  const given = Object.keys(buildArgs).filter((name) => !predefined.test(name) && !known.includes(name));
  if (given.length === 0) return [];
  const declared = new Set<string>();
  for (const { globalArgs, stages } of dockerfiles) {
    for (const instruction of [...globalArgs, ...stages.flatMap(({ instructions }) => instructions)]) {
      for (const key of declaredBy(instruction)) declared.add(key);
    }
  }
  const unused = given.filter((name) => !declared.has(name));
  if (unused.length === 0) return [];
  const candidates = [...declared].filter((name) => !given.includes(name));
  const meant = unused.flatMap((name) => {
    const nearest = suggestionFor(name, candidates);
    return nearest === undefined ? [] : [[name, nearest] as const];
  });
  return [unusedBuildArguments(unused, new Map(meant))];
}

/** A trigger declares for those that are built from the image. */
function declaredBy(instruction: Instruction): readonly string[] {
  const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
  return inner.keyword === 'ARG' ? inner.args.map(({ key }) => key) : [];
}
