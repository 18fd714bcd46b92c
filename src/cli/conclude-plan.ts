import type { Plan } from '../orchestrator/plan/plan.ts';
import { planJson } from '../orchestrator/plan/plan-json.ts';
import { type ExitStatus, exitStatus, statusOf } from './exit-codes.ts';
import { planText } from './render/plan.ts';
import type { World } from './world.ts';

/** Prints a plan instead of running it. What forbids running it decides the exit status; else whether work is left. */
export function concludePlan(
  plan: Plan,
  { json, check = false }: { readonly json: boolean; readonly check?: boolean },
  world: World,
): ExitStatus {
  world.print(json ? `${JSON.stringify(planJson(plan), null, 2)}\n` : planText(plan, world.colors));
  if (plan.failures.length > 0) {
    world.report(plan.failures);
    return statusOf(plan.failures);
  }
  const isWork = plan.images.some(({ action, tags }) => action === 'build' || action === 'retag' || tags.length > 0);
  return check && isWork ? exitStatus.differences : exitStatus.done;
}
