import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { orGone } from './raw-document.ts';
import { RecordLog } from './record-log.ts';
import type { Store } from './store.ts';

/** Which logs are gone through, and how. */
interface RecordCare {
  /** All of them; else those that have grown. */
  readonly isForced: boolean;
  /** Whether no result of a step is kept. */
  readonly empties: boolean;
}

/** In bytes: a log that has this many, and twice what was left of it the last time, is gone through again … */
const GROWN = 4 << 20;
/** … and is left with its newest records, that come to no more than this. */
const MOST = 32 << 20;

/**
 * Rewrites logs of records without what others have superseded and what names content that is gone: it would be a miss. A
 * log that cannot be written is left as it is. Returns how many bytes they have shrunk by.
 */
export async function compactRecords(
  store: Store,
  { isForced, empties }: RecordCare,
  signal: AbortSignal,
): Promise<number> {
  const { records } = store.paths;
  const memory = store.records('record-sizes', z.number());
  const names = (await readdir(records)).filter((name) => name.endsWith('.log'));
  let shrunk = 0;
  for (const name of names) {
    const path = join(records, name);
    const before = await sizeAt(path);
    if (!isForced && before < Math.max(GROWN, 2 * ((await memory.get(name)) ?? 0))) continue;
    try {
      const log = new RecordLog(path, store.session, z.unknown());
      const keep = keeping(name, store);
      await log.compact(signal, empties && isOfResults(name) ? () => false : keep, MOST);
      const after = await sizeAt(path);
      if (after >= GROWN) await memory.append(name, after);
      shrunk += Math.max(0, before - after);
    } catch (error) {
      // Nothing is lost by that, and a full disk is when this is most wanted.
      if (!(error instanceof FailureError)) throw error;
    }
  }
  return shrunk;
}

function isOfResults(name: string): boolean {
  return name.startsWith('results-');
}

const Results = z.object({
  layers: z.array(z.object({ blob: z.object({ digest: Digest }), origin: z.unknown().optional() })),
});
const Compressed = z.object({ digest: Digest });

/** Which records of the log `name` are still good for something. */
function keeping(name: string, { paths }: Store): (key: string, value: unknown) => boolean {
  const there = new Set<string>();
  const isThere = (digest: Digest) => {
    const found = there.has(digest) || existsSync(paths.blob(digest));
    if (found) there.add(digest);
    return found;
  };
  if (isOfResults(name))
    return (_, value) => {
      const found = Results.safeParse(value).data;
      return found?.layers.every(({ blob, origin }) => origin !== undefined || isThere(blob.digest)) ?? false;
    };
  if (name === 'verified-layers.log') return (key) => Digest.safeParse(key).success && isThere(key as Digest);
  if (name === 'compressed-layers.log')
    return (_, value) => {
      const found = Compressed.safeParse(value).data;
      return found !== undefined && isThere(found.digest);
    };
  if (name === 'sizes.log') return (key) => existsSync(join(paths.root, key));
  return () => true;
}

async function sizeAt(path: string): Promise<number> {
  return (await orGone(stat(path), path))?.size ?? 0;
}
