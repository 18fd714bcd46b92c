import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { formatRegistry, type RegistryName } from '../oci/registry-name.ts';
import { type PreparedPlan, preparePlan } from '../orchestrator/prepare-plan.ts';
import { selectImages } from '../orchestrator/selection.ts';
import { type Failure, FailuresError } from '../result.ts';
import { parseBuildArguments } from './build-arguments.ts';
import { secretNotReadable } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { openProject, orThrow } from './open-project.ts';
import type { OptionValues } from './options.ts';
import { platformChoice } from './platform-choice.ts';
import type { World } from './world.ts';

/** The options that a plan is made from. */
export type PlanOption =
  | 'projectDir'
  | 'defaultPlatforms'
  | 'platform'
  | 'onlyLocalPlatform'
  | 'offlineBases'
  | 'noCache';

/** What is to be planned: one of the three commands that build, and the registry that its images are named for. */
export interface PlannedCommand {
  readonly command: 'build' | 'publish-locally' | 'publish';
  readonly registry: RegistryName;
}

/** Looks at the project, the store and, to publish, at the registry, and decides what to do. Changes nothing. */
export async function prepare(
  { command, registry }: PlannedCommand,
  invocation: Invocation<PlanOption>,
  world: World,
): Promise<PreparedPlan> {
  const { env, now, arch } = world.surroundings;
  const { buildArgs, target } = orThrow(parseBuildArguments(invocation.buildArguments, env));
  const graph = await openProject(invocation.options.projectDir, world, [formatRegistry(registry)]);
  const selection = orThrow(selectImages(graph, invocation.positionals));
  const client = command === 'build' ? undefined : await world.registryClient();
  const platforms = platformChoice(command, invocation, arch);
  const request = { graph, selection, registry, platforms, buildArgs, target };
  const { noCache: rebuild, offlineBases } = invocation.options;
  const prepared = await preparePlan(
    { ...request, offlineBases, rebuild, onDrift: 'fail' },
    { store: await world.store(), client, baseClient: () => world.registryClient(), now },
    world.signal,
  );
  for (const message of prepared.baseImages.assumptions()) world.tell(`${message}\n`);
  return prepared;
}

/** Secrets by id: absolute paths of files that can be read now. */
export async function readableSecrets(
  { secret }: OptionValues<'secret'>,
  world: World,
): Promise<Readonly<Record<string, string>>> {
  const failures: Failure[] = [];
  const files: Record<string, string> = {};
  for (const { id, src } of secret) {
    files[id] = world.resolve(src);
    await access(files[id], constants.R_OK).catch(() => failures.push(secretNotReadable(id, src)));
  }
  if (failures.length > 0) throw new FailuresError(failures);
  return files;
}
