import { z } from 'zod';
import { Descriptor } from '../../oci/descriptor.ts';
import { DiffID, type Digest } from '../../oci/digest.ts';
import type { BlobStore } from '../../store/blob.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ResultCache } from '../solver/result-cache.ts';

/** The shape of a snapshot in a record. */
export const SnapshotRecord: z.ZodType<Snapshot> = z.object({
  layers: z.array(
    z.object({
      blob: Descriptor,
      diffID: DiffID,
      origin: z.object({ registry: z.string(), repository: z.string() }).optional(),
    }),
  ),
});

/** Name of what holds results, here and elsewhere. Its number is to be raised when a step comes to make other layers of equal inputs. */
export const RESULTS = 'results-2';

/** Snapshots by cache key, in the store. A record whose blobs are gone and cannot be fetched again counts as a miss. */
export class RecordCache implements ResultCache<Snapshot> {
  readonly name = 'the records of the store';
  readonly #records: RecordLog<Snapshot>;
  readonly #blobs: BlobStore;

  constructor(store: Store) {
    this.#records = store.records(RESULTS, SnapshotRecord);
    this.#blobs = store.blobs;
  }

  async get(key: Digest, signal: AbortSignal): Promise<Snapshot | undefined> {
    signal.throwIfAborted();
    const snapshot = await this.#records.get(key);
    if (!snapshot) return undefined;
    const present = await Promise.all(
      snapshot.layers.map(
        async ({ blob, origin }) => origin !== undefined || (await this.#blobs.size(blob.digest)) === blob.size,
      ),
    );
    return present.every(Boolean) ? snapshot : undefined;
  }

  async put(key: Digest, snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#records.append(key, snapshot);
  }
}
