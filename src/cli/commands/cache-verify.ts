import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { blobBroken } from '../../store/failure.ts';
import { verifyBlobs } from '../../store/verify-blobs.ts';
import { exitStatus, statusOf } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { byteSize } from '../render/byte-size.ts';
import { plural } from '../render/plural.ts';
import type { World } from '../world.ts';

/** `cip cache verify`: reads every blob again and says which are not what their names promise. */
export async function run({ options }: Invocation<'repair' | 'json'>, world: World) {
  const store = await world.store();
  const { checked, bytes, broken } = await verifyBlobs(store, { repairs: options.repair }, world.signal);
  const failures = broken.map((blob) => blobBroken(blob));
  const left = broken.filter(({ isRemoved }) => !isRemoved).map((blob) => blobBroken(blob));
  if (options.json) {
    const document = {
      schema: 'cip.cache/v1',
      command: 'cache verify',
      checked,
      size: bytes,
      broken: broken.map(({ digest, size, images, isRemoved }) => ({ digest, size, images, removed: isRemoved })),
      failures: left.map((failure) => failureJson(failure)),
    };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const found = broken.length === 0 ? 'all as they should be' : `${broken.length} broken`;
    world.print(`${plural(checked, 'blob')}, ${byteSize(bytes)}: ${found}\n`);
  }
  for (const failure of failures)
    if (!left.some(({ message }) => message === failure.message)) world.notify(failure, 'warning');
  world.report(left);
  return left.length === 0 ? exitStatus.done : statusOf(left);
}
