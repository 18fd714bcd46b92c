import type { Invocation } from '../invocation.ts';
import { requiredRemote } from '../required-remote.ts';
import { type TransferOption, transferImages } from '../transfer-images.ts';
import type { World } from '../world.ts';

/** `cip pull-latest-from-remote-registry`: the current versions into the store. */
export async function run(invocation: Invocation<TransferOption | 'load'>, world: World) {
  const from = requiredRemote(invocation);
  return transferImages(
    { command: invocation.command, from, to: 'store', load: invocation.options.load },
    invocation,
    world,
  );
}
