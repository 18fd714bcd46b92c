import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { gzip } from '../../layer/gzip.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { Digest } from '../../oci/digest.ts';
import { makeDocument } from '../../oci/document.ts';
import { isIndexType, mediaTypes } from '../../oci/media-type.ts';
import { readIndex, readManifest } from '../../oci/read-document.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';

const Compressed = z.object({ digest: Digest, size: z.number() });

/**
 * What an image of the store looks like on its way to a registry: layers that the store keeps uncompressed are
 * compressed, each once in its life, and the documents above them say so. What came from a registry goes back as the
 * bytes it came in. The same image always gives the same bytes.
 */
export class PushPreparation {
  readonly #store: Store;
  readonly #records: RecordLog<z.infer<typeof Compressed>>;
  readonly #running = new Map<Digest, Promise<Descriptor>>();

  constructor(store: Store) {
    this.#store = store;
    this.#records = store.records('compressed-layers', Compressed);
  }

  /** The image to push in place of `root`; all that it reaches is in the store. */
  async prepare(root: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    return isIndexType(root.mediaType) ? this.#index(root, signal) : this.#manifest(root, signal);
  }

  async #index(descriptor: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    const { value } = await readIndex(this.#store.blobs, descriptor, signal);
    const manifests: Descriptor[] = [];
    for (const manifest of value.manifests) manifests.push(await this.prepare(manifest, signal));
    if (manifests.every((manifest, i) => manifest.digest === value.manifests[i]?.digest)) return descriptor;
    const document = makeDocument(descriptor.mediaType, { ...value, manifests });
    return { ...descriptor, ...(await this.#store.blobs.putDocument(document)) };
  }

  async #manifest(descriptor: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    const { value } = await readManifest(this.#store.blobs, descriptor, signal);
    if (!value.layers.some((layer) => layer.mediaType === mediaTypes.layerTar)) return descriptor;
    const layers: Descriptor[] = [];
    for (const layer of value.layers) layers.push(await this.#layer(layer, signal));
    const document = makeDocument(descriptor.mediaType, { ...value, layers });
    return { ...descriptor, ...(await this.#store.blobs.putDocument(document)) };
  }

  #layer(layer: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    if (layer.mediaType !== mediaTypes.layerTar) return Promise.resolve(layer);
    const known = this.#running.get(layer.digest);
    if (known) return known;
    const compressed = this.#compressed(layer, signal);
    this.#running.set(layer.digest, compressed);
    compressed.catch(() => this.#running.delete(layer.digest));
    return compressed;
  }

  async #compressed(layer: Descriptor, signal: AbortSignal): Promise<Descriptor> {
    const { blobs } = this.#store;
    const recorded = await this.#records.get(layer.digest);
    if (recorded && (await blobs.size(recorded.digest)) === recorded.size) {
      return { ...layer, mediaType: mediaTypes.layerTarGzip, ...recorded };
    }
    const writer = blobs.writer();
    try {
      await pipeline(await blobs.open(layer, signal), gzip, writer, { signal });
      const written = await writer.commit();
      await this.#records.append(layer.digest, written);
      return { ...layer, mediaType: mediaTypes.layerTarGzip, ...written };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}
