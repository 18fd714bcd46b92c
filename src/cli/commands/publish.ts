import type { ExitStatus } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { lostOwnersIn } from '../lost-owners.ts';
import type { PlanOption } from '../prepare.ts';
import { publishTo } from '../publish-to.ts';
import { requiredRemote } from '../required-remote.ts';
import type { RunOption } from '../run-settings.ts';
import type { World } from '../world.ts';

/** `cip publish`: everything the remote registry lacks, for all platforms; visible only when all of it is there. */
export async function run(
  invocation: Invocation<PlanOption | RunOption | 'allowLostOwners'>,
  world: World,
): Promise<ExitStatus> {
  const registry = requiredRemote(invocation);
  const lostOwners = lostOwnersIn(registry, invocation);
  return publishTo({ command: 'publish', registry, lostOwners }, invocation, world);
}
