type Stream = 'stdout' | 'stderr';

/** Values shorter than this are not masked: hiding every `a` would tell more than it hides. */
const SHORTEST_MASKED = 4;
const KEPT_LINES = 40;
/** Characters of a line that are kept for the failure: its end. */
const KEPT_CHARACTERS = 4 * 1024;
/** Characters; a line without an end is passed on in pieces of about this size. */
const LONGEST_LINE = 64 * 1024;

/**
 * Output of a step on its way to progress: whole lines, secrets masked, the last ones kept for the failure. A line is
 * passed on as soon as it ends.
 */
export class LastLines {
  readonly #secrets: readonly string[];
  readonly #emit: (stream: Stream, text: string) => void;
  /** Characters at the end of a piece that may be the beginning of a secret. */
  readonly #heldBack: number;
  readonly #pending: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #lines: string[] = [];

  constructor(secrets: readonly string[], emit: (stream: Stream, text: string) => void) {
    // The longest first: one that begins with another would keep its end.
    this.#secrets = secrets
      .filter((secret) => secret.length >= SHORTEST_MASKED)
      .toSorted((a, b) => b.length - a.length);
    this.#heldBack = Math.max(0, ...this.#secrets.map(({ length }) => length - 1));
    this.#emit = emit;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  write(stream: Stream, text: string): void {
    const all = this.#pending[stream] + text;
    const end = all.lastIndexOf('\n') + 1;
    const unfinished = all.length - end;
    if (unfinished <= LONGEST_LINE + this.#heldBack) {
      this.#pending[stream] = all.slice(end);
      if (end > 0) this.#pass(stream, all.slice(0, end));
      return;
    }
    // Masked before it is cut: what the cut goes through is no secret any more.
    const masked = this.#masked(all);
    const cut = masked.length - this.#heldBack;
    this.#pending[stream] = masked.slice(cut);
    this.#pass(stream, masked.slice(0, cut));
  }

  /** Passes on what did not end in a newline. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#pending[stream] !== '') this.#pass(stream, this.#pending[stream]);
      this.#pending[stream] = '';
    }
  }

  #pass(stream: Stream, text: string): void {
    const masked = this.#masked(text);
    const lines = masked.split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#lines.push(...lines.slice(-KEPT_LINES).map((line) => line.slice(-KEPT_CHARACTERS)));
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
    this.#emit(stream, masked);
  }

  #masked(text: string): string {
    return this.#secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
  }
}
