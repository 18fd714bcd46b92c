import type { DiffID } from '../../oci/digest.ts';
import type { Store } from '../../store/store.ts';
import { RESULTS, SnapshotRecord } from './records.ts';

/** Layers of all results that the store has records of, base first. */
export async function* rememberedStacks(store: Store): AsyncGenerator<readonly DiffID[]> {
  for await (const [, { layers }] of store.records(RESULTS, SnapshotRecord).entries())
    yield layers.map(({ diffID }) => diffID);
}
