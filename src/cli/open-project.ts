import { formatRegistry } from '../oci/registry-name.ts';
import { type DependencyGraph, dependencyGraph } from '../project/dependency-graph.ts';
import { loadProject } from '../project/load.ts';
import type { Notice } from '../project/project.ts';
import { type Failure, FailuresError, ok, type Result } from '../result.ts';
import { type BuildArguments, parseBuildArguments } from './build-arguments.ts';
import type { Invocation } from './invocation.ts';
import { reportFailure } from './report-failure.ts';
import type { World } from './world.ts';

/** The options that decide what a project means. Every command that reads one takes all of them. */
export type ProjectOption = 'projectDir' | 'localRegistry' | 'remoteRegistry';

/** A project that can be worked with, and what is only odd about it. */
export interface OpenProject extends BuildArguments {
  /** Made with both registries and the build arguments: the same for every command that is given the same. */
  readonly graph: DependencyGraph;
  readonly notices: readonly Notice[];
}

/** The project that an invocation is about. Throws all of its problems at once; prints what is only odd on stderr. */
export async function openProject(invocation: Invocation<ProjectOption>, world: World): Promise<OpenProject> {
  const project = orThrow(await readProject(invocation, world));
  for (const notice of project.notices) world.tell(`${reportFailure(notice, notice.level, world.reportOptions)}\n`);
  return project;
}

/** The same, with everything that was found left to the caller. Paths in messages begin as the directory was typed. */
export async function readProject(
  { options, buildArguments }: Invocation<ProjectOption>,
  world: World,
): Promise<Result<OpenProject>> {
  const { projectDir, localRegistry, remoteRegistry } = options;
  const given = orThrow(parseBuildArguments(buildArguments, world.surroundings.env));
  const shownAs = projectDir === '.' ? '' : projectDir;
  const project = await loadProject(world.resolve(projectDir), { shownAs });
  if (!project.ok) return project;
  const registries = [localRegistry, ...(remoteRegistry === undefined ? [] : [remoteRegistry])].map(formatRegistry);
  const graph = dependencyGraph(project.value, { registries, buildArgs: given.buildArgs });
  if (!graph.ok) return graph;
  return ok({ ...given, graph: graph.value, notices: [...project.value.notices, ...graph.value.warnings] });
}

/** The value of what is good; throws the failures of what is not. */
export function orThrow<T>(result: Result<T, readonly Failure[]>): T {
  if (!result.ok) throw new FailuresError(result.failure);
  return result.value;
}
