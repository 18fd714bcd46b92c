import type { Digest } from '../../oci/digest.ts';

/** Results by cache key. What it returns is usable: an implementation checks that before it answers. */
export interface ResultCache<R> {
  get(key: Digest): Promise<R | undefined>;
  put(key: Digest, result: R): Promise<void>;
}

export class MemoryResultCache<R> implements ResultCache<R> {
  readonly #results = new Map<Digest, R>();

  get(key: Digest): Promise<R | undefined> {
    return Promise.resolve(this.#results.get(key));
  }

  put(key: Digest, result: R): Promise<void> {
    this.#results.set(key, result);
    return Promise.resolve();
  }
}
