import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';

export function scratchRunner(): Op<Snapshot> {
  return {
    cacheMap: () => Promise.resolve({ digest: digestOfFields(['scratch']), contentDigests: [] }),
    exec: () => Promise.resolve(scratch),
  };
}
