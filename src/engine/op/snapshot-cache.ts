import type { Digest } from '../../oci/digest.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { BlobStore } from '../../store/blob.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ResultCache } from '../solver/result-cache.ts';

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
      snapshot.layers.map(async ({ blob, origin }) => origin !== undefined || (await this.#blobs.size(blob.digest)) === blob.size),
    );
    return present.every(Boolean) ? snapshot : undefined;
  }

  async put(key: Digest, snapshot: Snapshot): Promise<void> {
    await this.#records.append(key, snapshot);
  }
}
