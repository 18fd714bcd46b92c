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

/** The stack without layers, which `FROM scratch` starts with. */
export const scratch: Snapshot = { layers: [] };

/** Undefined for the empty stack, which has no chain ID. */
export function chainOf(snapshot: Snapshot): ChainID | undefined {
  return chainIDOf(snapshot.layers.map((layer) => layer.diffID));
}
