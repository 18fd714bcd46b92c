import { forbidding } from '../../orchestrator/plan/plan.ts';
import { runPlan } from '../../orchestrator/run/run-plan.ts';
import { isComplete } from '../../orchestrator/run/run-report.ts';
import { FailuresError } from '../../result.ts';
import { concludePlan } from '../conclude-plan.ts';
import type { ExitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { expectLoading, loadImages } from '../load-images.ts';
import { type PlanOption, prepare } from '../prepare.ts';
import { conclude, madeIn } from '../report.ts';
import { type RunOption, runOf, runSettings } from '../run-settings.ts';
import { tellWhy } from '../tell-why.ts';
import type { World } from '../world.ts';

/** `cip build`: what is missing or changed, parents before children, into the store. */
export async function run(invocation: Invocation<PlanOption | RunOption | 'load'>, world: World): Promise<ExitStatus> {
  const { options } = invocation;
  const start = world.surroundings.now();
  const prepared = await prepare(
    { command: 'build', registry: options.localRegistry, lostOwners: 'allow' },
    invocation,
    world,
  );
  if (options.dryRun) return concludePlan(prepared.plan, options, world);

  const { dependencies, settings } = await runSettings(options, world);
  const failures = forbidding(prepared.plan, settings);
  if (failures.length > 0) throw new FailuresError(failures);

  const asked = prepared.plan.images.filter(({ implied }) => !implied);
  const contexts = new Map(asked.map(({ name }) => [name, prepared.project.contexts.get(name)!]));
  const loadings = await expectLoading(options.load, contexts, world);
  world.renderer.begin(runOf(prepared.plan, settings));
  await tellWhy(prepared, options.verbose, world);
  const { results } = await runPlan({ ...prepared, ...dependencies }, settings, world.signal);
  const wanted = results.filter((result) => !result.image.implied && isComplete({ results: [result] }));
  const unloaded = await loadImages(
    wanted.map(({ image }) => image),
    loadings,
    world,
  );
  const duration = world.surroundings.now() - start;
  const made = madeIn(results);
  return conclude(
    { command: 'build', plan: prepared.plan, results, failures: unloaded, made, tags: [], duration },
    options.json,
    world,
  );
}
