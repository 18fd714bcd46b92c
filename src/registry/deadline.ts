import { setMaxListeners } from 'node:events';
import { FailureError } from '../result.ts';

/** Ends a request when its caller does, or when its time is over. */
export class Deadline {
  /** Aborts with the caller's reason, or with the error of `expired`. */
  readonly signal: AbortSignal;
  /** Whether the answer to the request that is under way has begun. */
  isAnswered = false;
  readonly #own = new AbortController();
  readonly #caller: AbortSignal;
  readonly #expired: (deadline: Deadline, milliseconds: number) => Error;
  readonly #follow = (): void => this.#own.abort(this.#caller.reason);
  readonly #limit: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Without `milliseconds` there is no limit until `restart()`. */
  constructor(
    caller: AbortSignal,
    milliseconds: number | undefined,
    expired: (deadline: Deadline, milliseconds: number) => Error,
  ) {
    caller.throwIfAborted();
    this.signal = this.#own.signal;
    this.#caller = caller;
    this.#expired = expired;
    this.#limit = milliseconds;
    // One signal may end any number of requests; Node takes more than ten listeners for a leak.
    setMaxListeners(0, caller, this.signal);
    caller.addEventListener('abort', this.#follow, { once: true });
    if (milliseconds !== undefined) this.restart(milliseconds);
  }

  /** From now on. */
  restart(milliseconds: number): void {
    this.lift();
    this.#timer = setTimeout(() => this.#own.abort(this.#expired(this, milliseconds)), milliseconds);
  }

  /** Takes the limit of time away; the caller can still end the request. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  /** Does not count the time of work that has limits of its own, and begins anew after it. */
  async except<T>(work: () => Promise<T>): Promise<T> {
    this.lift();
    try {
      return await work();
    } finally {
      if (this.#limit !== undefined && !this.signal.aborted) this.restart(this.#limit);
    }
  }

  /** Why a request really ended that failed with `error`: what is known of the other side is worth more than its slowness. */
  reasonFor(error: unknown): unknown {
    if (this.#caller.aborted) return this.#caller.reason;
    return this.signal.aborted && !(error instanceof FailureError) ? this.signal.reason : error;
  }

  end(error: Error): void {
    this.#own.abort(error);
  }

  /** Lets go of the caller's signal, which may outlive many requests. */
  close(): void {
    this.lift();
    this.#caller.removeEventListener('abort', this.#follow);
  }
}
