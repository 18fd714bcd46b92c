import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { type Digest, digestFromHex } from '../oci/digest.ts';
import { type Failure, FailureError } from '../result.ts';
import { digestMismatch, sizeMismatch } from './failure.ts';

/** Passes bytes on, and fails at the end if they were not the ones expected, or at the first byte too many. */
export class Verify extends Transform {
  readonly #expected: { readonly digest: Digest; readonly size: number };
  readonly #mismatch: (failure: Failure) => Failure;
  readonly #hash = createHash('sha256');
  #size = 0;

  /** `mismatch` may put the failure into the words of the caller; it is called once, when the bytes are known to be wrong. */
  constructor(
    expected: { readonly digest: Digest; readonly size: number },
    mismatch: (failure: Failure) => Failure = (failure) => failure,
  ) {
    super();
    this.#expected = expected;
    this.#mismatch = mismatch;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    if (this.#size > this.#expected.size) done(this.#sizeError());
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const actual = digestFromHex(this.#hash.digest('hex'));
    const { digest, size } = this.#expected;
    if (this.#size !== size) done(this.#sizeError());
    else if (actual !== digest) done(new FailureError(this.#mismatch(digestMismatch(digest, actual))));
    else done();
  }

  #sizeError() {
    return new FailureError(this.#mismatch(sizeMismatch(this.#expected.digest, this.#expected.size, this.#size)));
  }
}
