import { formatRegistry } from '../oci/registry-name.ts';
import { problemsFor, type Selection, selectImages } from '../orchestrator/plan/selection.ts';
import { type DependencyGraph, dependencyGraph } from '../project/dependency-graph.ts';
import { loadProject } from '../project/load.ts';
import type { Notice } from '../project/project.ts';
import { aheadProblems } from '../project/stale.ts';
import { type Failure, FailuresError, ok, type Result } from '../result.ts';
import { type BuildArguments, parseBuildArguments } from './build-arguments.ts';
import { problemsElsewhere } from './failure.ts';
import type { Invocation } from './invocation.ts';
import type { World } from './world.ts';

/** The options that decide what a project means. Every command that reads one takes all of them. */
export type ProjectOption = 'projectDir' | 'localRegistry' | 'remoteRegistry';

/** A project as it was found, with the problems of its graph. */
export interface FoundProject extends BuildArguments {
  /** Made with both registries and the build arguments: the same for every command that is given the same. */
  readonly graph: DependencyGraph;
  /** What is only odd about it. */
  readonly notices: readonly Notice[];
}

/** A project in which nothing is wrong with what was selected. */
export interface OpenProject extends FoundProject {
  /** Of the positionals. */
  readonly selection: Selection;
}

/**
 * The project that an invocation is about. Throws all problems of what it selects at once; prints what is only odd, and
 * that there are problems elsewhere, on stderr.
 */
export async function openProject(invocation: Invocation<ProjectOption>, world: World): Promise<OpenProject> {
  const { positionals } = invocation;
  const project = orThrow(await findProject(invocation, world));
  const { ancestry, problems, stale } = project.graph;
  const selection = selectImages(ancestry, positionals);
  if (!selection.ok) throw new FailuresError(selection.failure);
  const { here, elsewhere } = problemsFor(selection.value, positionals, problems);
  if (here.length > 0) throw new FailuresError(here.map(({ failure }) => failure));
  const ahead = problemsFor(selection.value, positionals, aheadProblems(stale)).elsewhere;
  const others = [...elsewhere, ...ahead];
  for (const notice of [...project.notices, ...(others.length > 0 ? [problemsElsewhere(others)] : [])]) {
    world.notify(notice, notice.level);
  }
  return { ...project, selection: selection.value };
}

/**
 * The same, with everything that was found left to the caller; fails where there is no project. Paths in messages begin as
 * the directory was typed.
 */
export async function findProject(
  { options, buildArguments }: Invocation<ProjectOption>,
  world: World,
): Promise<Result<FoundProject>> {
  const { projectDir, localRegistry, remoteRegistry } = options;
  const given = orThrow(parseBuildArguments(buildArguments, world.surroundings.env, ['REGISTRY']));
  const shownAs = projectDir === '.' ? '' : projectDir;
  const project = await loadProject(world.resolve(projectDir), { shownAs });
  if (!project.ok) return project;
  const registries = [localRegistry, ...(remoteRegistry === undefined ? [] : [remoteRegistry])].map(formatRegistry);
  const graph = dependencyGraph(project.value, { registries, buildArgs: given.buildArgs });
  return ok({ ...given, graph, notices: [...project.value.notices, ...graph.warnings] });
}

/** The value of what is good; throws the failures of what is not. */
export function orThrow<T>(result: Result<T, readonly Failure[]>): T {
  if (!result.ok) throw new FailuresError(result.failure);
  return result.value;
}
