import type { Digest } from '../../oci/digest.ts';
import type { ResultCache } from '../solver/result-cache.ts';

/** More results than the steps of a great project. */
const MOST = 10_000;

/**
 * What this run has made or found, for as long as it lasts: what a living session has asked for is not pruned. The last
 * of them, should there be very many.
 */
export class MemoryCache<R> implements ResultCache<R> {
  readonly name = 'memory';
  readonly #results = new Map<Digest, R>();
  readonly #most: number;

  /** `most`: how many results are kept. */
  constructor(most = MOST) {
    this.#most = most;
  }

  async get(key: Digest, signal: AbortSignal): Promise<R | undefined> {
    signal.throwIfAborted();
    return this.#results.get(key);
  }

  async put(key: Digest, result: R, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#results.delete(key);
    this.#results.set(key, result);
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= this.#most) return;
      this.#results.delete(oldest);
    }
  }
}
