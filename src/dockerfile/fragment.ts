import type { SourceSpan } from '../result.ts';
import type { LogicalLine } from './logical-line.ts';

/** Text taken out of a logical line without its quotes and escape characters; knows where each character stood. */
export class Fragment {
  readonly text: string;
  /** Index in the line of each character of `text`. */
  readonly #places: readonly number[];
  /** What was written, quotes included: indices in the line. */
  readonly #start: number;
  readonly #end: number;

  constructor(text: string, places: readonly number[], [start, end]: readonly [number, number]) {
    this.text = text;
    this.#places = places;
    this.#start = start;
    this.#end = end;
  }

  slice(start: number, end: number = this.text.length): Fragment {
    return this.#pick(
      Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index),
      start,
      end,
    );
  }

  /**
   * The fields of a line of comma-separated values; a field in double quotes may hold commas, and `""` for a quote.
   * Undefined where quotes are not used like that. https://www.rfc-editor.org/rfc/rfc4180#section-2
   */
  commaSeparated(): readonly Fragment[] | undefined {
    const fields: Fragment[] = [];
    for (let start = 0; start <= this.text.length; ) {
      const isQuoted = this.text[start] === '"';
      const picked: number[] = [];
      let at = isQuoted ? start + 1 : start;
      for (; at < this.text.length; at++) {
        const char = this.text[at];
        if (isQuoted && char === '"' && this.text[at + 1] === '"') at++;
        else if (char === '"' || (!isQuoted && char === ',')) break;
        picked.push(at);
      }
      if (isQuoted !== (this.text[at] === '"')) return undefined;
      if (isQuoted) at++;
      if (at < this.text.length && this.text[at] !== ',') return undefined;
      fields.push(this.#pick(picked, start, at));
      start = at + 1;
    }
    return fields;
  }

  /** Where it stands: what has to be replaced to replace the text and leave the rest valid. */
  at(line: LogicalLine): SourceSpan {
    const first = this.#places[0];
    const last = this.#places.at(-1);
    // Quotes around the whole stay outside; with quotes in its middle, only what was written as a whole can be replaced.
    const isContiguous = first !== undefined && last !== undefined && last - first === this.#places.length - 1;
    if (isContiguous) return line.span(first, last + 1);
    return first === undefined ? line.span(this.#start, this.#start) : line.span(this.#start, this.#end);
  }

  #pick(indices: readonly number[], start: number, end: number): Fragment {
    const before = start === 0 ? undefined : this.#places[start - 1];
    return new Fragment(
      indices.map((index) => this.text.charAt(index)).join(''),
      indices.flatMap((index) => this.#places[index] ?? []),
      [before === undefined ? this.#start : before + 1, this.#places[end] ?? this.#end],
    );
  }
}
