import type { Invocation } from '../invocation.ts';
import { requiredRemote } from '../required-remote.ts';
import { type TransferOption, transferImages } from '../transfer-images.ts';
import type { World } from '../world.ts';

/** `cip upload-all-to-local-registry`: whole images from the remote registry to the local one. */
export async function run(invocation: Invocation<TransferOption>, world: World) {
  const { localRegistry: to } = invocation.options;
  const from = requiredRemote(invocation);
  return transferImages({ command: invocation.command, from, to }, invocation, world);
}
