import { FailureError } from '../../result.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { missingRemoteRegistry } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import type { PlanOption } from '../prepare.ts';
import { publishTo } from '../publish-to.ts';
import type { RunOption } from '../run-settings.ts';
import type { World } from '../world.ts';

/** `cip publish`: everything the remote registry lacks, for all platforms; visible only when all of it is there. */
export async function run(
  invocation: Invocation<PlanOption | RunOption | 'remoteRegistry'>,
  world: World,
): Promise<ExitStatus> {
  const { remoteRegistry: registry } = invocation.options;
  if (registry === undefined) throw new FailureError(missingRemoteRegistry('publish'));
  return publishTo({ command: 'publish', registry }, invocation, world);
}
