import type { Digest } from '../../oci/digest.ts';
import { failuresOf } from '../../result.ts';
import type { ResultCache } from '../solver/result-cache.ts';

/** One of several caches that are asked in order. */
export interface StackedCache<R> {
  readonly cache: ResultCache<R>;
  /** false for one that only takes results, as that of earlier runs in a build without the cache. */
  readonly isRead?: boolean | undefined;
  /** false for one that only gives results. */
  readonly isWritten?: boolean | undefined;
  /** Gets what nearer caches have, too, when somebody asks for it: those who share it may not. */
  readonly takesHits?: boolean | undefined;
}

/**
 * Several caches, the nearest first: results come from the first that has them and go to all. One that fails costs time
 * and nothing else: `notice` is told once, and it is left out from then on.
 */
export class CacheStack<R> implements ResultCache<R> {
  readonly name: string;
  readonly #caches: readonly StackedCache<R>[];
  readonly #notice: (message: string) => void;
  readonly #failed = new Set<ResultCache<R>>();
  readonly #passing = new Set<Promise<void>>();

  constructor(caches: readonly StackedCache<R>[], notice: (message: string) => void) {
    this.name = caches.map(({ cache }) => cache.name).join(', then ');
    this.#caches = caches;
    this.#notice = notice;
  }

  /** What a farther cache had is in the nearer ones from then on. */
  async get(key: Digest, signal: AbortSignal): Promise<R | undefined> {
    for (const [at, { cache, isRead = true }] of this.#caches.entries()) {
      const hit = isRead ? await this.#softly(cache, () => cache.get(key, signal), signal) : undefined;
      if (hit === undefined) continue;
      await this.#putInto(this.#caches.slice(0, at), { key, result: hit }, signal);
      const farther = this.#caches.slice(at + 1).filter(({ takesHits }) => takesHits);
      this.#pass(this.#putInto(farther, { key, result: hit }, signal));
      return hit;
    }
    return undefined;
  }

  /** Resolves when farther caches have what nearer ones had: nobody waits for that before. */
  async passed(): Promise<void> {
    while (this.#passing.size > 0) await Promise.all(this.#passing);
  }

  #pass(put: Promise<void>): void {
    // Only the end of the whole build makes it fail.
    const passing = put.catch(() => {}).finally(() => this.#passing.delete(passing));
    this.#passing.add(passing);
  }

  async put(key: Digest, result: R, signal: AbortSignal): Promise<void> {
    await this.#putInto(this.#caches, { key, result }, signal);
  }

  async #putInto(
    caches: readonly StackedCache<R>[],
    { key, result }: { readonly key: Digest; readonly result: R },
    signal: AbortSignal,
  ): Promise<void> {
    await Promise.all(
      caches.map(async ({ cache, isWritten = true }) =>
        isWritten ? this.#softly(cache, () => cache.put(key, result, signal), signal) : undefined,
      ),
    );
  }

  async #softly<T>(cache: ResultCache<R>, act: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    if (this.#failed.has(cache)) return undefined;
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      if (!this.#failed.has(cache))
        this.#notice(`${cache.name} cannot be used, so steps may run again: ${failures[0]?.message}`);
      this.#failed.add(cache);
      return undefined;
    }
  }
}
