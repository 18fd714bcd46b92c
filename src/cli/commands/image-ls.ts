import type { Descriptor } from '../../oci/descriptor.ts';
import { failureJson } from '../../orchestrator/plan/failure-json.ts';
import { type Failure, FailureError } from '../../result.ts';
import { imageIncomplete } from '../../store/failure.ts';
import { missingIn } from '../../store/incomplete-images.ts';
import type { Store } from '../../store/store.ts';
import { exitStatus, statusOf } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { ago } from '../render/age.ts';
import { aligned } from '../render/aligned.ts';
import { byteSize } from '../render/byte-size.ts';
import { familiarName, type ImageSummary, matchesName, summaryOf } from '../stored-images.ts';
import type { World } from '../world.ts';

/** `cip image ls`: the images that have a name in the store. */
export async function run({ options, positionals }: Invocation<'json'>, world: World) {
  const store = await world.store();
  const failures: Failure[] = [];
  const images: { name: string; digest: string; mediaType: string; summary: ImageSummary | undefined }[] = [];
  for (const [name, descriptor] of await store.refs.list()) {
    if (positionals.length > 0 && !positionals.some((pattern) => matchesName(pattern, name))) continue;
    const summary = await wholeSummary([name, descriptor], store, world.signal).catch((error: unknown) => {
      if (!(error instanceof FailureError)) throw error;
      failures.push(error.failure);
      return undefined;
    });
    images.push({ name, digest: descriptor.digest, mediaType: descriptor.mediaType, summary });
  }
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (options.json) {
    const document = {
      schema: 'cip.images/v1',
      command: 'image ls',
      images: images.map(({ summary, ...image }) => ({ ...image, ...summary })),
      failures: failures.map((failure) => failureJson(failure)),
    };
    world.print(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const now = world.surroundings.now();
    const rows = images.map(({ name, digest, summary }) => [
      familiarName(name),
      digest.slice(0, 19),
      summary === undefined ? 'broken' : summary.platforms.join(','),
      summary === undefined ? '' : byteSize(summary.size),
      summary?.created === undefined || isNoTime(summary.created) ? '' : ago(now - Date.parse(summary.created)),
    ]);
    world.print(aligned([['name', 'digest', 'platforms', 'size', 'created'], ...rows]));
  }
  world.report(failures);
  return failures.length === 0 ? exitStatus.done : statusOf(failures);
}

/** Its documents are read, its layers are only looked for. */
async function wholeSummary([name, root]: readonly [string, Descriptor], store: Store, signal: AbortSignal) {
  const summary = await summaryOf(root, store.blobs, signal);
  const missing = await missingIn(root, store);
  if (missing.length === 0) return summary;
  throw new FailureError(imageIncomplete({ names: [familiarName(name)], missing, isRemoved: false }));
}

/** What is built without SOURCE_DATE_EPOCH says 1970: no time at all. */
function isNoTime(created: string): boolean {
  return Date.parse(created) === 0;
}
