import type { RegistryLimits } from './limits.ts';

/**
 * Whether bytes come fast enough. Only the time in which somebody waited for them counts, so a reader that is slow itself
 * is never taken for a slow registry.
 */
export class Pace {
  readonly #limits: Pick<RegistryLimits, 'window' | 'leastBytes'>;
  readonly #now: () => number;
  #waited = 0;
  #bytes = 0;
  #since = 0;

  /** `now` is a clock in milliseconds that only goes forward. */
  constructor(limits: Pick<RegistryLimits, 'window' | 'leastBytes'>, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** The wait for the next bytes begins. */
  waiting(): void {
    this.#since = this.#now();
  }

  /** They have come. False where too few have in a whole window. */
  arrived(bytes: number): boolean {
    this.#waited += this.#now() - this.#since;
    this.#bytes += bytes;
    if (this.#bytes >= this.#limits.leastBytes) {
      this.#waited = 0;
      this.#bytes = 0;
    }
    return this.#waited < this.#limits.window;
  }
}
