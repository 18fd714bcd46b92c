import { PushPreparation } from '../engine/exporter/push-preparation.ts';
import { forbidding } from '../orchestrator/plan/plan.ts';
import { publish } from '../orchestrator/publish/publish.ts';
import { ProjectRegistry } from '../orchestrator/state/project-registry.ts';
import { FailuresError } from '../result.ts';
import { concludePlan } from './conclude-plan.ts';
import type { ExitStatus } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { type PlannedCommand, type PlanOption, prepare } from './prepare.ts';
import { conclude } from './report.ts';
import { type RunOption, runOf, runSettings } from './run-settings.ts';
import { tellWhy } from './tell-why.ts';
import type { World } from './world.ts';

/** Builds what the registry lacks, sends it, and sets the tags when all of it is there. */
export async function publishTo(
  planned: PlannedCommand,
  invocation: Invocation<PlanOption | RunOption>,
  world: World,
): Promise<ExitStatus> {
  const { options } = invocation;
  const start = world.surroundings.now();
  const prepared = await prepare(planned, invocation, world);
  if (options.dryRun) return concludePlan(prepared.plan, options, world);

  const { dependencies, settings } = await runSettings(options, world);
  const failures = forbidding(prepared.plan, settings);
  if (failures.length > 0) throw new FailuresError(failures);

  const registry = new ProjectRegistry(planned.registry, await world.registryClient());
  const preparation = new PushPreparation(dependencies.store, world.progress);
  const prepareForPush = preparation.prepare.bind(preparation);
  world.renderer.begin(runOf(prepared.plan, settings));
  await tellWhy(prepared, options.verbose, world);
  const { published, ...report } = await publish(
    { ...prepared, ...dependencies, registry, prepareForPush },
    { ...settings, lostOwners: planned.lostOwners },
    world.signal,
  );
  const duration = world.surroundings.now() - start;
  const { command } = planned;
  return conclude({ command, plan: prepared.plan, ...report, made: published, duration }, options.json, world);
}
