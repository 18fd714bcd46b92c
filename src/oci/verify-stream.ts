import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import { type Failure, FailureError } from '../result.ts';
import type { Descriptor } from './descriptor.ts';
import { algorithmOf, digestFromHex } from './digest.ts';
import { blobDigestMismatch, blobSizeMismatch } from './failure.ts';

/** Hashes and counts bytes as they pass, and throws FailureError where they are not those of the descriptor. */
export class Verifier {
  readonly #hash: Hash;
  readonly #descriptor: Descriptor;
  readonly #where: string;
  readonly #remedy: string | undefined;
  #size = 0;

  /** `where` is for people: who gives the bytes, such as `localhost:5000/base`. `remedy`: what to do there, if not to try again. */
  constructor(descriptor: Descriptor, where: string, remedy?: string) {
    this.#hash = createHash(algorithmOf(descriptor.digest));
    this.#descriptor = descriptor;
    this.#where = where;
    this.#remedy = remedy;
  }

  /** Bytes seen so far. */
  get size(): number {
    return this.#size;
  }

  /** Throws at the first byte too many, so that an endless answer ends. */
  update(chunk: Uint8Array): void {
    this.#size += chunk.length;
    const { size } = this.#descriptor;
    if (this.#size > size) {
      throw this.#wrong(blobSizeMismatch(this.#where, this.#descriptor, `more than ${size} bytes`));
    }
    this.#hash.update(chunk);
  }

  /** To be called once, after the last byte. */
  finish(): void {
    const { digest, size } = this.#descriptor;
    if (this.#size !== size) {
      throw this.#wrong(blobSizeMismatch(this.#where, this.#descriptor, `${this.#size} bytes`));
    }
    const got = digestFromHex(this.#hash.digest('hex'));
    if (got !== digest) throw this.#wrong(blobDigestMismatch(this.#where, digest, got));
  }

  #wrong(failure: Failure): FailureError {
    return new FailureError(this.#remedy === undefined ? failure : { ...failure, hint: this.#remedy });
  }
}

/**
 * Passes the bytes of a blob on and errors instead of ending if they are not those of the descriptor. What was
 * passed on before that is not to be trusted: write it to a temporary name.
 */
export function verifyStream(descriptor: Descriptor, where: string, remedy?: string): Transform {
  const verifier = new Verifier(descriptor, where, remedy);
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        verifier.update(chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        verifier.finish();
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
