import type { Descriptor } from './descriptor.ts';
import type { DiffID } from './digest.ts';

/** A layer under both its names: the blob as stored, and the tar inside it. */
export interface Layer {
  readonly blob: Descriptor;
  readonly diffID: DiffID;
}
