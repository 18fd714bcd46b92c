import type { Digest } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { chainOf, type Snapshot } from '../snapshot/snapshot.ts';
import type { Layering } from '../solver/op.ts';

/** Of an operation that adds one layer to its first input. */
export const oneLayer: Layering<Snapshot> = {
  baseOf: ({ layers }) => ({ layers: layers.slice(0, -1) }),
  // Equal files may be in other blobs: an image has those of its own base.
  onto: ({ layers }, base) => ({ layers: [...base.layers, ...layers.slice(base.layers.length)] }),
  isSame: (one, other) =>
    one.layers.length === other.layers.length &&
    one.layers.every(({ diffID }, at) => diffID === other.layers[at]!.diffID),
};

/** A base is known by the chain of its layers: one that was made again with the same bytes changes nothing. */
export function digestOfChain(input: Snapshot): Promise<Digest> {
  return Promise.resolve(digestOfFields(['chain', chainOf(input) ?? '']));
}
