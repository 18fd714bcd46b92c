import type { Digest } from '../../oci/digest.ts';
import { type Failure, FailureError } from '../../result.ts';

/** A failure of one layer: of what it holds, or of bringing it here. `layer` is the digest of its blob. */
export class LayerError extends FailureError {
  readonly layer: Digest;

  constructor(failure: Failure, layer: Digest, options: ErrorOptions) {
    super(failure, options);
    this.name = 'LayerError';
    this.layer = layer;
  }
}
