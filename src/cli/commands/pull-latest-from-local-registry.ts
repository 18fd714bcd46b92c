import type { Invocation } from '../invocation.ts';
import { type TransferOption, transferImages } from '../transfer-images.ts';
import type { World } from '../world.ts';

/** `cip pull-latest-from-local-registry`: the current versions into the store. */
export function run(invocation: Invocation<TransferOption | 'load'>, world: World) {
  const { localRegistry: from } = invocation.options;
  return transferImages(
    { command: invocation.command, from, to: 'store', load: invocation.options.load },
    invocation,
    world,
  );
}
