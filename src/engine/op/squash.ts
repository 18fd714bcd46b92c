import { canonicalText } from '../../oci/canonical.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Snapshot, type SnapshotLayer, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { partsOfOp } from './key-parts.ts';
import { digestOfChain } from './layered.ts';
import type { SquashOp } from './op-definition.ts';
import { packing } from './packing.ts';
import type { RunnerServices } from './runner-services.ts';

/** Each group of layers becomes one; a group of one stays the layer that it is. What is seen of all of them stays the same. */
export function squashRunner(op: SquashOp, { layers }: RunnerServices): Op<Snapshot> {
  return {
    cacheMap: () =>
      Promise.resolve({
        digest: digestOfFields(['squash', op.groups.join(' ')]),
        contentDigests: [async (input: Snapshot) => digestOfFields([await digestOfChain(input), ...keptIn(input, op)])],
        parts: async () => partsOfOp(op),
      }),
    async exec([input = scratch], { signal, ...told }) {
      const made: SnapshotLayer[] = [];
      let end = 0;
      for (const count of op.groups) {
        const from = end;
        end += count;
        const stack = { layers: input.layers.slice(0, end) };
        if (count === 1) made.push(stack.layers[from]!);
        else if (count > 1)
          made.push(await packing(told, () => layers.commit(layers.merged(stack, from, signal), {}, signal)));
      }
      return { layers: made };
    },
  };
}

/** Layers that stay, as they are stored: equal files may be in other blobs. */
function keptIn({ layers }: Snapshot, { groups }: SquashOp): readonly string[] {
  let end = 0;
  return groups.flatMap((count) => {
    end += count;
    const { blob, origin } = layers[end - 1]!;
    return count === 1 ? [canonicalText({ blob, origin: origin ?? null })] : [];
  });
}
