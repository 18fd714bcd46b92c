import { hostPlatform } from '../../oci/platform.ts';
import { formatRegistry } from '../../oci/registry-name.ts';
import { buildTargets, targetFailures } from '../../orchestrator/key/build-targets.ts';
import { missingSourcesIn } from '../../orchestrator/key/missing-sources.ts';
import { wantedPlatforms } from '../../orchestrator/key/wanted-platforms.ts';
import { lackingInProject } from '../../orchestrator/plan/lacking-platforms.ts';
import type { Context } from '../../project/project.ts';
import { type Failure, FailuresError } from '../../result.ts';
import { dockerfileFailures } from '../dockerfile-failures.ts';
import { type ExitStatus, exitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { lintLevels, lintProject } from '../lint-project.ts';
import { type FoundProject, findProject, type ProjectOption } from '../open-project.ts';
import { type CheckReport, checkOf, checkOfInvalid, checkSummary } from '../render/check.ts';
import { sarifText } from '../render/sarif.ts';
import type { World } from '../world.ts';

/** `cip check`: every problem of the project (4), or every reference that is behind (3), or what is fine (0). */
export async function run(
  invocation: Invocation<ProjectOption | 'defaultPlatforms' | 'problemFormat' | 'json'>,
  world: World,
): Promise<ExitStatus> {
  const { options } = invocation;
  const found = await findProject(invocation, world);
  const report = found.ok ? await reportOf(found.value, invocation, world) : checkOfInvalid(found.failure);
  for (const notice of report.warnings) world.notify(notice, notice.level);
  world.report([...report.problems, ...report.stale]);
  const format = options.json ? 'json' : options.problemFormat;
  if (format === 'json') world.print(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'sarif') world.print(sarifText([...report.problems, ...report.stale], report.warnings));
  else if (report.problems.length === 0) world.print(checkSummary(report));
  if (report.problems.length > 0) return exitStatus.invalidProject;
  return report.stale.length > 0 ? exitStatus.differences : exitStatus.done;
}

async function reportOf(
  found: FoundProject,
  invocation: Invocation<ProjectOption | 'defaultPlatforms'>,
  world: World,
): Promise<CheckReport> {
  const { options } = invocation;
  const linted = await lintProject(found.graph.project, {
    buildArgs: { ...found.buildArgs, REGISTRY: formatRegistry(options.localRegistry) },
    defaults: options.defaultPlatforms,
    machine: hostPlatform(world.surroundings.arch),
  });
  const { warnings, problems } = lintLevels(linted);
  return checkOf(found, [...(await knownFrom(found, invocation, world)), ...problems], warnings);
}

/**
 * What builds for all platforms will find of the contexts, the Dockerfiles and the platforms of parents. Throws where there
 * is no stage to build.
 */
async function knownFrom(
  { graph, buildArgs, target }: FoundProject,
  { options }: Invocation<ProjectOption | 'defaultPlatforms'>,
  world: World,
): Promise<readonly Failure[]> {
  const targets = buildTargets(graph, graph.order, target);
  const noStage = targetFailures(graph, targets);
  if (noStage.length > 0) throw new FailuresError([...graph.problems.map(({ failure }) => failure), ...noStage]);
  const values = { ...buildArgs, REGISTRY: formatRegistry(options.localRegistry) };
  const project = { graph, buildArgs: values, targets };
  const { defaultPlatforms: defaults } = options;
  const machine = hostPlatform(world.surroundings.arch);
  const failuresOf = dockerfileFailures({ ...project, machine });
  const platformsOf = (context: Context) => wantedPlatforms(context, { kind: 'declared', defaults });
  return [
    ...(await missingSourcesIn(project, { defaults, storeDirectory: world.storeDirectory }, world.signal)),
    ...[...graph.project.contexts.values()].flatMap((context) =>
      platformsOf(context).flatMap((platform) => failuresOf(context.name, platform)),
    ),
    // Which stages and platforms an image is built for that can't be read is not known: all that can be said is of the usual.
    ...(target === undefined ? [...graph.project.unread.keys()] : []).flatMap((name) =>
      defaults.flatMap((platform) => failuresOf(name, platform)),
    ),
    ...lackingInProject(project, { defaults, machine }),
  ];
}
