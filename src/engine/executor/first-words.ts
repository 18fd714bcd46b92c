import type { OnOutput } from './executor.ts';

/** Programs of the machine that stand between the script and the process, as they introduce themselves. */
const SPEAKERS = ['unshare: ', 'setpriv: '];

/**
 * Passes output on, but keeps back what could be the complaint of the last program before the process: a line of it is
 * all there is to hear when the process could not be executed.
 */
export class FirstWords {
  readonly #onOutput: OnOutput;
  #held = '';
  #through = false;

  constructor(onOutput: OnOutput) {
    this.#onOutput = onOutput;
  }

  say(stream: 'stdout' | 'stderr', text: string): void {
    if (!this.#through) {
      if (stream === 'stderr' && isComplaint(this.#held + text)) {
        this.#held += text;
        return;
      }
      this.release();
    }
    this.#onOutput(stream, text);
  }

  /** The complaint without the name of who says it, if that was all. */
  end(): string | undefined {
    const speaker = SPEAKERS.find((name) => this.#held.startsWith(name));
    return speaker === undefined ? undefined : this.#held.slice(speaker.length).trim();
  }

  /** It was output after all. */
  release(): void {
    this.#through = true;
    if (this.#held !== '') this.#onOutput('stderr', this.#held);
    this.#held = '';
  }
}

/** At most one line, by one of them, perhaps not yet whole. */
function isComplaint(text: string): boolean {
  const newline = text.indexOf('\n');
  if (newline >= 0 && newline < text.length - 1) return false;
  return SPEAKERS.some((name) => text.startsWith(name) || name.startsWith(text));
}
