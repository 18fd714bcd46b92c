import type { FromWorker } from './protocol.ts';

/** Messages on their way to the parent before whoever has much to say waits. */
const MANY = 64;

/** The way from the worker to its parent, which takes messages as fast as it can and not faster. */
export class Channel {
  #underway = 0;
  #waiting: (() => void)[] = [];

  send(message: FromWorker): void {
    this.#underway += 1;
    process.send!(message, () => this.#sent());
  }

  /** undefined when more may be sent; else settles when that is so. */
  taken(): Promise<void> | undefined {
    if (this.#underway < MANY || !process.connected) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #sent(): void {
    this.#underway -= 1;
    if (this.#underway > MANY / 2 && process.connected) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
