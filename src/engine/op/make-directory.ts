import { canonicalText } from '../../oci/canonical.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { partsOfOp } from './key-parts.ts';
import { digestOfChain, oneLayer } from './layered.ts';
import type { MakeDirectoryOp, StepOrigin } from './op-definition.ts';
import { lookupOwner } from './owner.ts';
import { packing } from './packing.ts';
import { Placement } from './placement.ts';
import type { RunnerServices } from './runner-services.ts';
import { readText } from './snapshot-tree.ts';

/** WORKDIR: what is missing of the path, 0755 and owned by the user of that moment, on every level; by 0 for a name nobody knows. */
export function makeDirectoryRunner(op: MakeDirectoryOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  return {
    layering: oneLayer,
    cacheMap: () =>
      Promise.resolve({
        digest: digestOfFields(['make-directory', canonicalText(op)]),
        contentDigests: [digestOfChain],
        parts: async () => partsOfOp(op),
      }),

    async exec([base = scratch], { signal, progress, step }) {
      const { layers } = services;
      const unknown = (name: string, file: string) => {
        const at = origin ? `${origin.at.file}:${origin.at.line}: ` : '';
        const who = file === '/etc/passwd' ? 'the user 0' : "the user's own group";
        const message = `${at}${name} is not in the image's ${file}, so ${op.path} belongs to ${who} where it is created`;
        progress.emit({ type: 'warning', message });
      };
      // Without USER it belongs to nobody in particular, and takes the group of a set-group-ID directory.
      const owner =
        op.user === '' ? undefined : await lookupOwner(op.user, readText(services, base, signal), { unknown });
      const placement = new Placement({
        base: await layers.tree(base, signal),
        owner,
        mtime: op.mtime,
        origin,
      });
      placement.makeDirectories(placement.resolve(op.path));
      const layer = await packing({ progress, step }, () =>
        layers.commit(placement.entries(), { clampMtime: op.epoch }, signal),
      );
      return { layers: [...base.layers, layer] };
    },
  };
}
