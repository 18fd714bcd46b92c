import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { decompress } from '../../layer/compression.ts';
import { gzip } from '../../layer/gzip.ts';
import { zstd } from '../../layer/zstd.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { Digest } from '../../oci/digest.ts';
import { makeDocument } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import type { Manifest } from '../../oci/manifest.ts';
import {
  isForeignLayer,
  isIndexType,
  type LayerCompression,
  layerCompression,
  mediaTypes,
} from '../../oci/media-type.ts';
import { readIndex, readManifest } from '../../oci/read-document.ts';
import { type Progress, silent, watched } from '../../progress.ts';
import type { RecordLog } from '../../store/record-log.ts';
import type { Store } from '../../store/store.ts';
import { annotate } from './annotate.ts';
import { type ImageForm, usualForm, usualLevel } from './image-form.ts';

const Compressed = z.object({ digest: Digest, size: z.number() });

/**
 * What an image of the store looks like on its way to others: layers that the store keeps uncompressed are compressed, each
 * once in its life, and the documents above them say so. Unless the form is forced, what came from a registry goes on as
 * the bytes it came in. The same image in the same form always gives the same bytes.
 */
export class PushPreparation {
  readonly #store: Store;
  readonly #progress: Progress;
  readonly #records: RecordLog<Recoded>;
  readonly #running = new Map<string, Promise<Recoded>>();

  /** `progress` is told of each layer that is compressed, for whichever image needs it first. */
  constructor(store: Store, progress: Progress = silent) {
    this.#store = store;
    this.#progress = progress;
    this.#records = store.records('compressed-layers', Compressed);
  }

  /** The image to pass on in place of `root`; all that it reaches is in the store. */
  async prepare(root: Descriptor, signal: AbortSignal, form: ImageForm = usualForm): Promise<Descriptor> {
    const packed = await this.#packed(root, form, signal);
    const { annotations = [] } = form;
    return annotations.length === 0 ? packed : await annotate(packed, { annotations, store: this.#store }, signal);
  }

  /** A layer as it is in an image of that form; the same object where it stays as it is. */
  async layer(layer: Descriptor, signal: AbortSignal, form: ImageForm = usualForm): Promise<Descriptor> {
    return await this.#layer(layer, form, signal);
  }

  async #packed(root: Descriptor, form: ImageForm, signal: AbortSignal): Promise<Descriptor> {
    return isIndexType(root.mediaType) ? this.#index(root, form, signal) : this.#manifest(root, form, signal);
  }

  async #index(descriptor: Descriptor, form: ImageForm, signal: AbortSignal): Promise<Descriptor> {
    const { value } = await readIndex(this.#store.blobs, descriptor, signal);
    const manifests: Descriptor[] = [];
    for (const manifest of value.manifests) manifests.push(await this.#packed(manifest, form, signal));
    if (form.mediaTypes === 'docker')
      return await this.#put(descriptor, mediaTypes.dockerManifestList, { ...value, manifests });
    if (manifests.every((manifest, at) => manifest.digest === value.manifests[at]?.digest)) return descriptor;
    return await this.#put(descriptor, descriptor.mediaType, { ...value, manifests });
  }

  async #manifest(descriptor: Descriptor, form: ImageForm, signal: AbortSignal): Promise<Descriptor> {
    const { value } = await readManifest(this.#store.blobs, descriptor, signal);
    const layers: Descriptor[] = [];
    for (const layer of value.layers) layers.push(await this.#layer(layer, form, signal));
    if (form.mediaTypes === 'docker') {
      const config = { ...value.config, mediaType: mediaTypes.dockerConfig };
      return await this.#put(descriptor, mediaTypes.dockerManifest, { ...value, config, layers });
    }
    if (layers.every((layer, at) => layer === value.layers[at])) return descriptor;
    return await this.#put(descriptor, descriptor.mediaType, { ...value, layers });
  }

  /** What the descriptor says besides, such as the platform, stays. */
  async #put(descriptor: Descriptor, mediaType: string, value: Manifest | ImageIndex): Promise<Descriptor> {
    const isNamed = value.mediaType !== undefined || mediaType !== descriptor.mediaType;
    const document = makeDocument(mediaType, isNamed ? { ...value, mediaType } : value);
    return { ...descriptor, ...(await this.#store.blobs.putDocument(document)) };
  }

  async #layer(layer: Descriptor, form: ImageForm, signal: AbortSignal): Promise<Descriptor> {
    const was = layerCompression(layer.mediaType);
    if (was === undefined || isForeignLayer(layer.mediaType)) return layer;
    const isOwn = layer.mediaType === mediaTypes.layerTar;
    const wanted = isOwn || form.isForced ? form.compression : was;
    // Docker has no name for the other.
    const compression = form.mediaTypes === 'docker' && wanted === 'zstd' ? 'gzip' : wanted;
    const isSame = compression === was && !(form.isForced && form.level !== undefined && compression !== 'none');
    if (isSame && form.mediaTypes === 'oci') return layer;
    const how = { was, compression, level: compression === form.compression ? form.level : undefined };
    const blob = isSame ? layer : { ...layer, ...(await this.#recoded(layer, how, signal)) };
    return { ...blob, mediaType: layerTypes[form.mediaTypes][compression] };
  }

  #recoded(layer: Descriptor, how: Recoding, signal: AbortSignal): Promise<Recoded> {
    const key = keyOf(layer, how);
    const known = this.#running.get(key);
    if (known) return known;
    const recoded = this.#recode(layer, how, signal);
    this.#running.set(key, recoded);
    recoded.catch(() => this.#running.delete(key));
    return recoded;
  }

  async #recode(layer: Descriptor, how: Recoding, signal: AbortSignal): Promise<Recoded> {
    const { blobs } = this.#store;
    const recorded = await this.#records.get(keyOf(layer, how));
    if (recorded && (await blobs.size(recorded.digest)) === recorded.size) return recorded;
    const work = { kind: 'compress', name: layer.digest } as const;
    return await watched({ progress: this.#progress, ...work, made: (one) => one }, () =>
      this.#write(layer, how, signal),
    );
  }

  async #write(layer: Descriptor, how: Recoding, signal: AbortSignal): Promise<Recoded> {
    const { blobs } = this.#store;
    const writer = blobs.writer();
    try {
      const tar = decompress(await blobs.open(layer, signal), how.was);
      await pipeline(compressed(tar, how, signal), writer, { signal });
      const written = await writer.commit();
      await this.#records.append(keyOf(layer, how), written);
      return written;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}

/** What a layer was packed with, and what it is to be packed with. */
interface Recoding {
  readonly was: LayerCompression;
  readonly compression: LayerCompression;
  readonly level: number | undefined;
}

type Recoded = z.infer<typeof Compressed>;

/** What is usual has the name that it had when there was nothing else. */
function keyOf({ digest }: Descriptor, { compression, level = usualLevel[compression] }: Recoding): string {
  return compression === 'gzip' && level === usualLevel.gzip ? digest : `${digest} ${compression} ${level}`;
}

function compressed(
  tar: AsyncIterable<Uint8Array>,
  { compression, level = usualLevel[compression] }: Recoding,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzip(tar, { level }) : zstd(tar, level, signal);
}

const layerTypes = {
  oci: { none: mediaTypes.layerTar, gzip: mediaTypes.layerTarGzip, zstd: mediaTypes.layerTarZstd },
  // Never asked for the last: such layers are changed to gzip.
  docker: {
    none: mediaTypes.dockerLayerTar,
    gzip: mediaTypes.dockerLayerTarGzip,
    zstd: mediaTypes.dockerLayerTarGzip,
  },
} as const;
