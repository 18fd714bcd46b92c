import type { ProgressEvent } from '../../progress.ts';
import type { Renderer, Run } from './renderer.ts';

/** A renderer that can be kept from writing for a while: what happens meanwhile is shown later. */
export class HeldRenderer implements Renderer {
  readonly #renderer: Renderer;
  #waiting: ProgressEvent[] | undefined;

  constructor(renderer: Renderer) {
    this.#renderer = renderer;
  }

  /** Until what it returns is called. */
  hold(): () => void {
    this.#waiting ??= [];
    return () => this.#release();
  }

  begin(run: Run): void {
    this.#renderer.begin(run);
  }

  emit(event: ProgressEvent): void {
    if (this.#waiting === undefined) this.#renderer.emit(event);
    else this.#waiting.push(event);
  }

  close(): Promise<void> {
    this.#release();
    return this.#renderer.close();
  }

  #release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.#renderer.emit(event);
  }
}
