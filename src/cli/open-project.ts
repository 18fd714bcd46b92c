import { type DependencyGraph, dependencyGraph } from '../project/dependency-graph.ts';
import { loadProject } from '../project/load.ts';
import type { Notice } from '../project/project.ts';
import { type Failure, FailuresError, ok, type Result } from '../result.ts';
import { reportFailure } from './report-failure.ts';
import type { World } from './world.ts';

/** A project that can be worked with, and what is only odd about it. */
export interface OpenProject {
  readonly graph: DependencyGraph;
  readonly notices: readonly Notice[];
}

/**
 * The project of `--project-dir` and its graph. Throws all of its problems at once; what is only odd is told on
 * stderr. `registries`: names that mean the same as `${REGISTRY}` in its Dockerfiles.
 */
export async function openProject(
  projectDir: string,
  world: World,
  registries: readonly string[] = [],
): Promise<DependencyGraph> {
  const { graph, notices } = orThrow(await readProject(projectDir, world, registries));
  for (const notice of notices) world.tell(`${reportFailure(notice, notice.level, world.reportOptions)}\n`);
  return graph;
}

/** The same, with everything that was found left to the caller. Paths in messages begin as the directory was typed. */
export async function readProject(
  projectDir: string,
  world: World,
  registries: readonly string[] = [],
): Promise<Result<OpenProject>> {
  const shownAs = projectDir === '.' ? '' : projectDir;
  const project = await loadProject(world.resolve(projectDir), { shownAs });
  if (!project.ok) return project;
  const graph = dependencyGraph(project.value, { registries });
  if (!graph.ok) return graph;
  return ok({ graph: graph.value, notices: [...project.value.notices, ...graph.value.warnings] });
}

/** The value of what is good; throws the failures of what is not. */
export function orThrow<T>(result: Result<T, readonly Failure[]>): T {
  if (!result.ok) throw new FailuresError(result.failure);
  return result.value;
}
