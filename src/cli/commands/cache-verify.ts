import { rememberedStacks } from '../../engine/cache/remembered-stacks.ts';
import { unpackedBroken } from '../../engine/snapshot/failure.ts';
import { verifyUnpacked } from '../../engine/snapshot/verify-unpacked.ts';
import type { Digest } from '../../oci/digest.ts';
import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { type Failure, FailureError } from '../../result.ts';
import { blobBroken, imageIncomplete } from '../../store/failure.ts';
import { type CheckedNames, checkNames } from '../../store/incomplete-images.ts';
import type { Store } from '../../store/store.ts';
import { type VerifiedBlobs, verifyBlobs } from '../../store/verify-blobs.ts';
import { exitStatus, statusOf } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { byteSize } from '../render/byte-size.ts';
import { plural } from '../render/plural.ts';
import type { World } from '../world.ts';

/**
 * `cip cache verify`: reads every blob and every unpacked layer again, looks for all that images with a name consist of, and says what is not
 * as it should be.
 */
export async function run({ options }: Invocation<'repair' | 'json'>, world: World) {
  const store = await world.store();
  const repairs = options.repair;
  const { checked, bytes, broken } = await verifyBlobs(store, { repairs }, world.signal);
  const unpacked = await verifyUnpacked(store, { repairs, stacks: rememberedStacks(store) }, world.signal);
  // Of what was removed above some image lacks something now.
  const names = await namesIn(store, { repairs, broken: new Set(leftOf(broken)) }, world.signal);
  const found = [
    ...broken.map((blob) => ({ isRemoved: blob.isRemoved, failure: blobBroken(blob) })),
    ...unpacked.broken.map((one) => ({ isRemoved: one.isRemoved, failure: unpackedBroken(one) })),
    ...names.incomplete.map((one) => ({ isRemoved: one.isRemoved, failure: imageIncomplete(one) })),
    ...(names.failure === undefined ? [] : [{ isRemoved: false, failure: names.failure }]),
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
      images: {
        checked: names.checked,
        incomplete: names.incomplete.map(({ isRemoved: removed, ...image }) => ({ ...image, removed })),
      },
      failures: left.map((failure) => failureJson(failure)),
    };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    world.print(`${plural(checked, 'blob')}, ${byteSize(bytes)}: ${stateOf(broken)}\n`);
    const { unknown } = unpacked;
    const others = unknown === 0 ? '' : `; ${unknown} more could not be compared`;
    world.print(`${plural(unpacked.checked, 'unpacked layer')}: ${stateOf(unpacked.broken)}${others}\n`);
    if (names.failure === undefined) {
      const lacking = names.incomplete.flatMap((image) => image.names).length;
      const state = lacking === 0 ? 'all whole' : `${lacking} incomplete`;
      world.print(`${plural(names.checked, 'image')} with a name: ${state}\n`);
    }
  }
  for (const { isRemoved, failure } of found) if (isRemoved) world.notify(failure, 'warning');
  world.report(left);
  return left.length === 0 ? exitStatus.done : statusOf(left);
}

function leftOf(broken: VerifiedBlobs['broken']): readonly Digest[] {
  return broken.filter(({ isRemoved }) => !isRemoved).map(({ digest }) => digest);
}

/** What the names of images are in may be damaged as well. */
async function namesIn(
  store: Store,
  options: Parameters<typeof checkNames>[1],
  signal: AbortSignal,
): Promise<CheckedNames & { readonly failure?: Failure }> {
  try {
    return await checkNames(store, options, signal);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return { checked: 0, incomplete: [], failure: error.failure };
  }
}

function stateOf(broken: readonly unknown[]): string {
  return broken.length === 0 ? 'all as they should be' : `${broken.length} broken`;
}
