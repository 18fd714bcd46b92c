import { digestOfFields } from '../../oci/fields-digest.ts';
import { FailuresError } from '../../result.ts';
import { lookupUser } from '../executor/user.ts';
import { commitLayer } from '../snapshot/commit.ts';
import { type Snapshot, scratch } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { canonicalJson } from '../solver/vertex.ts';
import type { MakeDirectoryOp, StepOrigin } from './op-definition.ts';
import { Placement } from './placement.ts';
import { readText } from './read-snapshot.ts';
import type { RunnerServices } from './runner-services.ts';

/** WORKDIR: what is missing of the path, 0755 and owned by the user of that moment, on every level. */
export function makeDirectoryRunner(op: MakeDirectoryOp, services: RunnerServices, origin?: StepOrigin): Op<Snapshot> {
  return {
    cacheMap: () =>
      Promise.resolve({ digest: digestOfFields(['make-directory', canonicalJson(op)]), contentDigests: [undefined] }),

    async exec([base = scratch], { signal }) {
      const { store, layers } = services;
      const read = readText(services, base, signal);
      const user = lookupUser(op.user, await read('etc/passwd'), await read('etc/group'));
      if (!user.ok) throw new FailuresError(user.failure.map((failure) => ({ ...failure, at: origin?.at })));
      const { uid, gid } = user.value;
      const placement = new Placement({
        base: await layers.tree(base, signal),
        owner: { uid, gid },
        mtime: op.mtime,
        origin,
      });
      placement.makeDirectories(placement.resolve(op.path));
      const layer = await commitLayer({ store, layers, entries: placement.entries(), clampMtime: op.epoch }, signal);
      return { layers: [...base.layers, layer] };
    },
  };
}
