import type { FromWorker } from './protocol.ts';

/** Messages on their way to the parent before whoever has much to say waits. */
const MANY = 64;

/**
 * The way from the worker to its parent, which takes messages as fast as it can and not faster; none of steps while it is
 * paused, when those that read from it are behind.
 */
export class Channel {
  #underway = 0;
  #isPaused = false;
  #waiting: (() => void)[] = [];

  send(message: FromWorker): void {
    this.#underway += 1;
    process.send!(message, () => this.#sent());
  }

  /** undefined when more may be sent; else settles when that is so. */
  taken(): Promise<void> | undefined {
    if ((this.#underway < MANY && !this.#isPaused) || !process.connected) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#release();
  }

  #sent(): void {
    this.#underway -= 1;
    this.#release();
  }

  #release(): void {
    if ((this.#underway > MANY / 2 || this.#isPaused) && process.connected) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
