import { rememberedStacks } from '../../engine/cache/remembered-stacks.ts';
import { unpackedBroken } from '../../engine/snapshot/failure.ts';
import { verifyUnpacked } from '../../engine/snapshot/verify-unpacked.ts';
import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { blobBroken } from '../../store/failure.ts';
import { verifyBlobs } from '../../store/verify-blobs.ts';
import { exitStatus, statusOf } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { byteSize } from '../render/byte-size.ts';
import { plural } from '../render/plural.ts';
import type { World } from '../world.ts';

/** `cip cache verify`: reads every blob and every unpacked layer again and says which are not what they should be. */
export async function run({ options }: Invocation<'repair' | 'json'>, world: World) {
  const store = await world.store();
  const repairs = options.repair;
  const { checked, bytes, broken } = await verifyBlobs(store, { repairs }, world.signal);
  const unpacked = await verifyUnpacked(store, { repairs, stacks: rememberedStacks(store) }, world.signal);
  const found = [
    ...broken.map((blob) => ({ isRemoved: blob.isRemoved, failure: blobBroken(blob) })),
    ...unpacked.broken.map((one) => ({ isRemoved: one.isRemoved, failure: unpackedBroken(one) })),
  ];
  const left = found.filter(({ isRemoved }) => !isRemoved).map(({ failure }) => failure);
  if (options.json) {
    const document = {
      schema: 'cip.cache/v1',
      command: 'cache verify',
      checked,
      size: bytes,
      broken: broken.map(({ digest, size, images, isRemoved }) => ({ digest, size, images, removed: isRemoved })),
      unpacked: {
        checked: unpacked.checked,
        unknown: unpacked.unknown,
        broken: unpacked.broken.map(({ id, layer, difference, isRemoved }) => {
          return { id, layer, ...difference, removed: isRemoved };
        }),
      },
      failures: left.map((failure) => failureJson(failure)),
    };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    world.print(`${plural(checked, 'blob')}, ${byteSize(bytes)}: ${stateOf(broken)}\n`);
    const { unknown } = unpacked;
    const others = unknown === 0 ? '' : `; ${unknown} more could not be compared`;
    world.print(`${plural(unpacked.checked, 'unpacked layer')}: ${stateOf(unpacked.broken)}${others}\n`);
  }
  for (const { isRemoved, failure } of found) if (isRemoved) world.notify(failure, 'warning');
  world.report(left);
  return left.length === 0 ? exitStatus.done : statusOf(left);
}

function stateOf(broken: readonly unknown[]): string {
  return broken.length === 0 ? 'all as they should be' : `${broken.length} broken`;
}
