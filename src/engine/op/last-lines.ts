type Stream = 'stdout' | 'stderr';

/** Values shorter than this are not masked: hiding every `a` would tell more than it hides. */
const SHORTEST_MASKED = 4;
const KEPT_LINES = 40;
/** Characters; a line without an end is passed on in pieces of this size. */
const LONGEST_LINE = 64 * 1024;

/**
 * Output of a step on its way to progress: whole lines, secrets masked, the last ones kept for the failure. A line is
 * passed on as soon as it ends.
 */
export class LastLines {
  readonly #secrets: readonly string[];
  readonly #emit: (stream: Stream, text: string) => void;
  readonly #pending: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #lines: string[] = [];

  constructor(secrets: readonly string[], emit: (stream: Stream, text: string) => void) {
    this.#secrets = secrets.filter((secret) => secret.length >= SHORTEST_MASKED);
    this.#emit = emit;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  write(stream: Stream, text: string): void {
    const all = this.#pending[stream] + text;
    const end = all.length > LONGEST_LINE ? all.length : all.lastIndexOf('\n') + 1;
    this.#pending[stream] = all.slice(end);
    if (end > 0) this.#pass(stream, all.slice(0, end));
  }

  /** Passes on what did not end in a newline. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#pending[stream] !== '') this.#pass(stream, this.#pending[stream]);
      this.#pending[stream] = '';
    }
  }

  #pass(stream: Stream, text: string): void {
    const masked = this.#secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
    const lines = masked.split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#lines.push(...lines);
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
    this.#emit(stream, masked);
  }
}
