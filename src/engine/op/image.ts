import { DiffID } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import type { ImageOp } from './op-definition.ts';

/** The layers of an image as a snapshot. Keyed by content, so an image that was pushed again under other bytes still hits. */
export function imageRunner(op: ImageOp): Op<Snapshot> {
  return {
    cacheMap: () =>
      Promise.resolve({
        digest: digestOfFields(['image', ...op.layers.map((layer) => layer.diffID)]),
        contentDigests: [],
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
