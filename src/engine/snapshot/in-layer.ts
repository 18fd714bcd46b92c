import { FailureError } from '../../result.ts';
import type { SnapshotLayer } from './snapshot.ts';

/** What `work` throws of a layer, with the name of the layer: of many, one has to be found. */
export async function inLayer<T>({ blob }: SnapshotLayer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { failure } = error;
    throw new FailureError({ ...failure, message: `${failure.message} (layer ${blob.digest})` }, { cause: error });
  }
}
