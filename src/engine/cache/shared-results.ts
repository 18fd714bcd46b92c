import { Readable } from 'node:stream';
import { decompress } from '../../layer/compression.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { layerCompression, mediaTypes } from '../../oci/media-type.ts';
import { type Progress, silent, watched } from '../../progress.ts';
import { Semaphore } from '../../semaphore.ts';
import type { BlobStore } from '../../store/blob.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ResultCache } from '../solver/result-cache.ts';
import type { SharedLayer, SharedPlace, SharedResult } from './shared-place.ts';

/** Layers that are packed or fetched at a time. */
const AT_ONCE = 3;

/** What results are shared with. */
export interface Sharing {
  readonly place: SharedPlace;
  readonly blobs: BlobStore;
  /** Told of layers that come and go. */
  readonly progress?: Progress | undefined;
  /** A layer as it is sent: the same bytes on every machine, in the store when it resolves. */
  readonly pack: (layer: Descriptor, signal: AbortSignal) => Promise<Descriptor>;
}

/**
 * Results that machines share. What `get` gives is in the store already, as if it had been made here: the place may lose it
 * afterwards. Layers of bases are not sent: whoever can use the result has the base.
 */
export class SharedResults implements ResultCache<Snapshot> {
  readonly name: string;
  readonly #sharing: Sharing;
  readonly #slots = new Semaphore(AT_ONCE);
  /** What this process has seen in the place, or sent there. */
  readonly #sent = new Map<Digest, Promise<Descriptor>>();
  readonly #kept = new Map<Digest, string>();

  constructor(sharing: Sharing) {
    this.name = sharing.place.name;
    this.#sharing = sharing;
  }

  async get(key: Digest, signal: AbortSignal): Promise<Snapshot | undefined> {
    signal.throwIfAborted();
    const result = await this.#sharing.place.resultOf(key, signal);
    if (result === undefined) return undefined;
    const taken = await Promise.all(result.layers.map((layer) => this.#slots.run(() => this.#take(layer, signal))));
    if (!taken.every(Boolean)) return undefined;
    return {
      layers: result.layers.map(({ blob, diffID, origin }) => ({ blob, diffID, ...(origin && { origin }) })),
    };
  }

  async put(key: Digest, { layers }: Snapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Nothing of it was made here: it is the base itself.
    if (layers.length > 0 && layers.every(({ origin }) => origin !== undefined)) return;
    const text = JSON.stringify(layers);
    if (this.#kept.get(key) === text) return;
    const { place } = this.#sharing;
    const shared = await Promise.all(
      layers.map(
        async ({ blob, diffID, origin }): Promise<SharedLayer> =>
          origin === undefined
            ? { blob, diffID, packed: await this.#sentOnce(blob, signal) }
            : { blob, diffID, origin },
      ),
    );
    const result: SharedResult = { layers: shared };
    const there = await place.resultOf(key, signal);
    if (JSON.stringify(there) !== JSON.stringify(result)) await place.keep(key, result, signal);
    this.#kept.set(key, text);
  }

  /** Whether the bytes of a layer are in the store, or may be fetched from where its image came from. */
  async #take(layer: SharedLayer, signal: AbortSignal): Promise<boolean> {
    if (!('packed' in layer)) return true;
    const { blob, diffID, packed } = layer;
    // The bytes are verified by the one name, and the image speaks of the other.
    if (blob.mediaType === mediaTypes.layerTar && String(blob.digest) !== diffID) return false;
    const { place, blobs } = this.#sharing;
    if (await blobs.has(blob, signal)) return true;
    if (!(await place.has(packed, signal))) return false;
    await this.#watched('pull', packed, () =>
      blobs.put(blob, async () => unpacked(await place.open(packed, signal), { blob, packed }), signal),
    );
    return true;
  }

  #sentOnce(layer: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    const known = this.#sent.get(layer.digest);
    if (known !== undefined) return known;
    const sent = this.#slots.run(() => this.#send(layer, signal));
    this.#sent.set(layer.digest, sent);
    sent.catch(() => this.#sent.delete(layer.digest));
    return sent;
  }

  async #send(layer: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    const { place, blobs, pack } = this.#sharing;
    const { mediaType, digest, size } = await pack(layer, signal);
    const packed = { mediaType, digest, size };
    await this.#watched('push', packed, () => place.put(packed, () => blobs.open(packed, signal), signal));
    return packed;
  }

  #watched(kind: 'pull' | 'push', { digest, size }: Descriptor, work: () => Promise<void>): Promise<void> {
    const { progress = silent } = this.#sharing;
    return watched({ progress, kind, name: digest, digest, size }, work);
  }
}

/** The bytes of `blob` in those of `packed`. */
function unpacked(
  bytes: Readable,
  { blob, packed }: { readonly blob: Descriptor; readonly packed: Descriptor },
): Readable {
  if (blob.mediaType !== mediaTypes.layerTar) return bytes;
  return Readable.from(decompress(bytes, layerCompression(packed.mediaType) ?? 'none'), { objectMode: false });
}
