import type { ExitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { type PlanOption, plannedPublish } from '../prepare.ts';
import { publishTo } from '../publish-to.ts';
import type { RunOption } from '../run-settings.ts';
import type { World } from '../world.ts';

/** `cip publish`: everything the remote registry lacks, for all platforms; visible only when all of it is there. */
export async function run(
  invocation: Invocation<PlanOption | RunOption | 'allowLostOwners'>,
  world: World,
): Promise<ExitStatus> {
  return publishTo(plannedPublish(invocation), invocation, world);
}
