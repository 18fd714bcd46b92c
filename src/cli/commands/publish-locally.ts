import type { Invocation } from '../invocation.ts';
import type { PlanOption } from '../prepare.ts';
import { publishTo } from '../publish-to.ts';
import type { RunOption } from '../run-settings.ts';
import type { World } from '../world.ts';

/** `cip publish-locally`: the same as publish, to the local registry and for this machine's platform. */
export function run(invocation: Invocation<PlanOption | RunOption>, world: World) {
  const registry = invocation.options.localRegistry;
  return publishTo({ command: 'publish-locally', registry, lostOwners: 'allow' }, invocation, world);
}
