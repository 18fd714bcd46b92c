import type { Invocation } from '../invocation.ts';
import { requiredRemote } from '../required-remote.ts';
import { type TransferOption, transferImages } from '../transfer-images.ts';
import type { World } from '../world.ts';

type Option = TransferOption | 'from' | 'load';

/** `cip pull --from local|remote`: either of the two commands with the long names. */
export async function run(invocation: Invocation<Option>, world: World) {
  const { from, localRegistry, load } = invocation.options;
  const registry = from === 'local' ? localRegistry : requiredRemote(invocation);
  return transferImages(
    { command: `pull-latest-from-${from}-registry`, from: registry, to: 'store', load },
    invocation,
    world,
  );
}
