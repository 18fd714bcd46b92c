import { watched } from '../../progress.ts';
import type { SnapshotLayer } from '../snapshot/snapshot.ts';
import type { OpContext } from '../solver/op.ts';

/** Makes the layer of a step, and tells of that. */
export function packing(
  { progress, step }: Pick<OpContext, 'progress' | 'step'>,
  make: () => Promise<SnapshotLayer>,
): Promise<SnapshotLayer> {
  return watched({ progress, step, kind: 'pack', name: 'layer', made: ({ blob }) => sizeOf(blob) }, make);
}

function sizeOf({ digest, size }: SnapshotLayer['blob']) {
  return { digest, size };
}
