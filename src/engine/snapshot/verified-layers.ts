import { createHash } from 'node:crypto';
import { z } from 'zod';
import { verifiedDiffID } from '../../layer/index-layer.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';
import type { SnapshotLayer } from './snapshot.ts';

/**
 * Which blobs are known to hold the tar that a configuration names for them. A blob is looked at once in the life of a
 * store: where it is unpacked or indexed anyway, else before an image with it is made. Our own are tars without
 * compression, whose digest is the identity of the layer.
 */
export class VerifiedLayers {
  readonly #records: RecordLog<string>;

  constructor(store: Store) {
    this.#records = store.records('verified-layers', z.string());
  }

  async has({ blob, diffID }: SnapshotLayer): Promise<boolean> {
    const tar: string = diffID;
    return blob.digest === tar || (await this.#records.get(blob.digest)) === tar;
  }

  async add(layer: SnapshotLayer): Promise<void> {
    if (!(await this.has(layer))) await this.#records.append(layer.blob.digest, layer.diffID);
  }

  /** `tar` are the bytes inside the blob. Fails with `layer-digest-mismatch`, or as reading them does. */
  async verify(layer: SnapshotLayer, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of tar) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
    verifiedDiffID(hash, layer.diffID);
    await this.add(layer);
  }
}
