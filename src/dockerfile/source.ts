import type { SourceSpan } from '../result.ts';

const BYTE_ORDER_MARK = '\ufeff';

/** One line of the file as it was written; offsets into the text. */
export interface PhysicalLine {
  readonly start: number;
  /** Before the newline and any carriage returns in front of it. */
  readonly end: number;
  /** Where the next line starts. */
  readonly next: number;
}

/** A text with the name it has for people, and its lines. Offsets are those of `text`, byte order mark included. */
export class Source {
  readonly file: string;
  readonly text: string;
  /** 1 behind a byte order mark, else 0. */
  readonly start: number;
  /** Where each line starts; filled when the first span is asked for. */
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.start = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  }

  /** The line that starts at `start`; undefined behind the last. */
  lineAt(start: number): PhysicalLine | undefined {
    if (start >= this.text.length) return undefined;
    const newline = this.text.indexOf('\n', start);
    const next = newline === -1 ? this.text.length : newline + 1;
    let end = newline === -1 ? next : newline;
    while (end > start && this.text[end - 1] === '\r') end--;
    return { start, end, next };
  }

  /** From the character at `start` up to, but without, that at `end`. */
  span(start: number, end: number): SourceSpan {
    const line = this.#lineOf(start);
    const lineStart = this.#starts()[line] ?? this.start;
    return { file: this.file, line: line + 1, column: start - lineStart + 1, offset: start, length: end - start };
  }

  #lineOf(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #starts(): readonly number[] {
    if (this.#lineStarts) return this.#lineStarts;
    const starts = [this.start];
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }
}
