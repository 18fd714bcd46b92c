import type { LayerIndex } from '../../layer/layer-entry.ts';
import { clampMtimes, type LayerInput } from '../../layer/layer-input.ts';
import { packLayer } from '../../layer/pack.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { Store } from '../../store/store.ts';
import type { Layers } from './layers.ts';
import type { SnapshotLayer } from './snapshot.ts';

/** The entries of one new layer, and where it is kept. */
export interface CommitOptions {
  readonly store: Store;
  readonly layers: Layers;
  readonly entries: AsyncIterable<LayerInput> | Iterable<LayerInput>;
  /** Seconds: no file of the layer is newer. */
  readonly clampMtime?: number | undefined;
  /** Told what was packed before it is kept; what it throws discards the layer. */
  readonly verify?: ((index: LayerIndex) => void) | undefined;
}

/**
 * Packs entries to a layer in one pass: read, tar, digest, disk. Layers stay uncompressed in the store and are compressed
 * once, when they are pushed (ADR 0006).
 */
export async function commitLayer(options: CommitOptions, signal: AbortSignal): Promise<SnapshotLayer> {
  const { store, layers, entries, clampMtime, verify } = options;
  const writer = store.blobs.writer();
  try {
    const clamped = clampMtime === undefined ? entries : clampMtimes(entries, clampMtime);
    const packed = await packLayer(clamped, writer, signal);
    verify?.(packed.index);
    const { digest, size } = await writer.commit();
    await layers.addIndex(packed.diffID, packed.index);
    return { blob: { mediaType: mediaTypes.layerTar, digest, size }, diffID: packed.diffID };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
