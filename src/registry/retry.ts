import { setTimeout } from 'node:timers/promises';
import type { RegistryOptions } from './registry-options.ts';
import { TransferError } from './transfer-error.ts';

/** Nobody waits longer for a registry than this; what asks for more fails at once. Milliseconds. */
const longestWait = 60_000;

/** 1, 2, 4, 8 … seconds after the first, second … failure, and up to a fifth more by chance. Milliseconds. */
export function backoff(failures: number, random: () => number): number {
  return Math.min(1000 * 2 ** (failures - 1), 30_000) * (1 + random() / 5);
}

/**
 * Milliseconds that `Retry-After` asks for: seconds, or a date, which is compared to the answer's own `Date` so
 * that a wrong clock on this side does not matter. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfter(value: string | undefined, date: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const [until, since] = [Date.parse(value), Date.parse(date ?? '')];
  return Number.isNaN(until) || Number.isNaN(since) ? undefined : Math.max(0, until - since);
}

/** Tries again what failed for a passing reason. */
export class Retrier {
  readonly retries: number;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #random: () => number;

  constructor({ retries, hooks }: Pick<RegistryOptions, 'retries' | 'hooks'>) {
    this.retries = retries;
    this.#random = hooks?.random ?? Math.random;
    this.#sleep = hooks?.sleep ?? ((milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }));
  }

  /** The same, with fewer tries where that is less. */
  atMost(retries: number): Retrier {
    const hooks = { sleep: this.#sleep, random: this.#random };
    return new Retrier({ retries: Math.min(retries, this.retries), hooks });
  }

  /** `signal` ends the pauses; ending what is tried is up to `attempt`. */
  async run<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        signal.throwIfAborted();
        await this.pause(error, failures, signal);
      }
    }
  }

  /** Waits before the next try, or throws the error if there is to be none. `failures` counts from 1. */
  async pause(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    if (!(error instanceof TransferError) || !error.temporary) throw error;
    if (failures > Math.min(this.retries, error.mostRetries)) throw error;
    const wait = error.retryAfter ?? backoff(failures, this.#random);
    if (wait > longestWait) throw error;
    try {
      await this.#sleep(wait, signal);
    } catch (interrupted) {
      signal.throwIfAborted();
      throw interrupted;
    }
  }
}
