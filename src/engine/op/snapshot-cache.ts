import { z } from 'zod';
import { Descriptor } from '../../oci/descriptor.ts';
import { DiffID, type Digest } from '../../oci/digest.ts';
import type { BlobStore } from '../../store/blob.ts';
import type { RecordLog } from '../../store/record-log.ts';
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

/** Snapshots by cache key, in the store. A record whose blobs are gone and cannot be fetched again counts as a miss. */
export class SnapshotCache implements ResultCache<Snapshot> {
  readonly #records: RecordLog<Snapshot>;
  readonly #blobs: BlobStore;

  constructor(options: { readonly records: RecordLog<Snapshot>; readonly blobs: BlobStore }) {
    this.#records = options.records;
    this.#blobs = options.blobs;
  }

  async get(key: Digest): Promise<Snapshot | undefined> {
    const snapshot = await this.#records.get(key);
    if (!snapshot) return undefined;
    const present = await Promise.all(
      snapshot.layers.map(
        async ({ blob, origin }) => origin !== undefined || (await this.#blobs.size(blob.digest)) === blob.size,
      ),
    );
    return present.every(Boolean) ? snapshot : undefined;
  }

  async put(key: Digest, snapshot: Snapshot): Promise<void> {
    await this.#records.append(key, snapshot);
  }
}
