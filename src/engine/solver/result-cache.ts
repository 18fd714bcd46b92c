import type { Digest } from '../../oci/digest.ts';

/**
 * Results by cache key. A backend is a file in engine/cache/; what holds for each is tested in
 * test/engine/cache/result-cache.test.ts. It may be far away and slow: the solver goes on while results are put.
 */
export interface ResultCache<R> {
  /** For messages: `the records of the store`. */
  readonly name: string;
  /**
   * undefined for a miss. What it returns is usable without asking this cache for more: an implementation makes sure of
   * that before it answers. Rejects with a FailureError where it cannot be asked, and with the reason of the signal.
   */
  get(key: Digest, signal: AbortSignal): Promise<R | undefined>;
  /**
   * Resolves when whoever shares this cache gets it; of several results for one key the last counts. Rejects like `get`.
   */
  put(key: Digest, result: R, signal: AbortSignal): Promise<void>;
}
