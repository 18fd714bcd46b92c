import { canonicalText } from '../../oci/canonical.ts';
import { DiffID } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { partsOfOp } from './key-parts.ts';
import type { ImageOp } from './op-definition.ts';

/**
 * The layers of an image as a snapshot. Keyed by where they are and how they are compressed too, which the images on it
 * say; steps on it are keyed by what they hold, so they hit where the image was pushed again under other bytes.
 */
export function imageRunner(op: ImageOp): Op<Snapshot> {
  return {
    cacheMap: () =>
      Promise.resolve({
        digest: digestOfFields(['image', canonicalText({ layers: op.layers, origin: op.origin ?? null })]),
        contentDigests: [],
        parts: async () => partsOfOp(op),
      }),
    exec: () =>
      Promise.resolve({
        layers: op.layers.map(({ blob, diffID }) => ({ blob, diffID: DiffID.parse(diffID), origin: op.origin })),
      }),
  };
}

/** No layers, whatever the platform; equal everywhere, so always a hit. */
export function scratchRunner(): Op<Snapshot> {
  return {
    cacheMap: () => Promise.resolve({ digest: digestOfFields(['scratch']), contentDigests: [] }),
    exec: () => Promise.resolve(scratch),
  };
}
