import { chainIDOf } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ChainID, DiffID } from '../../oci/digest.ts';

/** A layer under both its names, and where its blob can be fetched from when the store lacks it. */
export interface SnapshotLayer {
  /** The blob as stored. */
  readonly blob: Descriptor;
  /** Digest of the tar inside it. */
  readonly diffID: DiffID;
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
