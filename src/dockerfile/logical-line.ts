import type { SourceSpan } from '../result.ts';
import type { PhysicalLine, Source } from './source.ts';
import { isSpace } from './space.ts';

/** What ends a line that goes on below: `\`, or a backtick where `# escape=` says so. */
export type Escape = '\\' | '`';

/** A stretch of the line that stands in one piece in the file. */
interface Piece {
  /** Index in the logical line of its first character. */
  readonly index: number;
  /** Offset in the file of that character. */
  readonly offset: number;
}

/** An instruction in one line, if not all of it is blank: continuations joined, comments between them dropped; knows where each character stands. */
export class LogicalLine {
  readonly text: string;
  readonly source: Source;
  /** Offset in the file behind the last line that belongs to it, without the newline. */
  readonly end: number;
  readonly #pieces: readonly Piece[];

  constructor(
    source: Source,
    { text, pieces, end }: { readonly text: string; readonly pieces: readonly Piece[]; readonly end: number },
  ) {
    this.source = source;
    this.text = text;
    this.#pieces = pieces;
    this.end = end;
  }

  /** Where `text.slice(start, end)` stands in the file; what lies between the pieces of a broken line counts as inside. */
  span(start: number, end: number): SourceSpan {
    if (start === end) {
      const offset = start === 0 ? this.offsetOf(0) : this.offsetOf(start - 1) + 1;
      return this.source.span(offset, offset);
    }
    return this.source.span(this.offsetOf(start), this.offsetOf(end - 1) + 1);
  }

  /** From the character at `start` to the end of the last physical line, or to `end` where that lies behind it. */
  spanToEnd(start: number, end: number = this.end): SourceSpan {
    return this.source.span(this.offsetOf(start), end);
  }

  /** Offset in the file of the character at `index`. */
  offsetOf(index: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.index ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low];
    if (!piece) throw new Error('a logical line that is nowhere');
    return piece.offset + (index - piece.index);
  }
}

/** A logical line and where to read on. */
export interface ReadLine {
  readonly line: LogicalLine;
  readonly next: number;
  /** The first empty line inside, which people write by mistake. */
  readonly emptyLine?: PhysicalLine | undefined;
}

/** The next instruction at or behind `offset`; undefined where only comments and empty lines are left. */
export function readLogicalLine(source: Source, offset: number, escapeCharacter: Escape): ReadLine | undefined {
  for (let physical = source.lineAt(offset); physical; physical = source.lineAt(physical.next)) {
    const first = withoutIndent(source, physical);
    if (first.start !== first.end && !isComment(source, first))
      return joinContinuations(source, first, escapeCharacter);
  }
  return undefined;
}

function joinContinuations(source: Source, first: PhysicalLine, escapeCharacter: Escape): ReadLine {
  const pieces: Piece[] = [];
  let text = '';
  let emptyLine: PhysicalLine | undefined;
  let last = first;
  for (let physical: PhysicalLine | undefined = first; physical; physical = source.lineAt(physical.next)) {
    last = physical;
    if (physical !== first) {
      if (isComment(source, physical)) continue;
      if (withoutIndent(source, physical).start === physical.end) {
        emptyLine ??= physical;
        continue;
      }
    }
    const end = continuationAt(source, physical, escapeCharacter);
    pieces.push({ index: text.length, offset: physical.start });
    text += source.text.slice(physical.start, end ?? physical.end);
    if (end === undefined) break;
  }
  return { line: new LogicalLine(source, { text, pieces, end: last.end }), next: last.next, emptyLine };
}

/**
 * Offset of the escape character that continues this line; undefined if there is none. Blanks may follow it, but not
 * stand for it, and one that is itself escaped continues nothing.
 */
function continuationAt(source: Source, line: PhysicalLine, escapeCharacter: Escape): number | undefined {
  let at = line.end - 1;
  while (at >= line.start && (source.text[at] === ' ' || source.text[at] === '\t')) at--;
  if (at < line.start || source.text[at] !== escapeCharacter) return undefined;
  return at > line.start && source.text[at - 1] === escapeCharacter ? undefined : at;
}

function withoutIndent(source: Source, line: PhysicalLine): PhysicalLine {
  let start = line.start;
  while (start < line.end && isSpace(source.text.charAt(start))) start++;
  return { start, end: line.end, next: line.next };
}

function isComment(source: Source, line: PhysicalLine): boolean {
  const start = withoutIndent(source, line).start;
  return start < line.end && source.text[start] === '#';
}
