import { chainIDOf } from '../../oci/chain-id.ts';
import type { ChainID } from '../../oci/digest.ts';
import type { Layer } from '../../oci/layer.ts';

/** A layer, and where its blob can be fetched from when the store lacks it. */
export interface SnapshotLayer extends Layer {
  readonly origin?: { readonly registry: string; readonly repository: string } | undefined;
}

/**
 * An immutable stack of layers, base first; empty for scratch. It may be unmaterialised: nothing here says that a
 * layer's blob is in the store, or that it was ever unpacked.
 */
export interface Snapshot {
  readonly layers: readonly SnapshotLayer[];
}

export const scratch: Snapshot = { layers: [] };

export function chainOf(snapshot: Snapshot): ChainID | undefined {
  return chainIDOf(snapshot.layers.map((layer) => layer.diffID));
}
