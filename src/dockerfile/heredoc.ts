import type { Heredoc, RunInstruction } from './dockerfile.ts';
import type { PhysicalLine, Source } from './source.ts';
import { isSpace } from './space.ts';

/** A `<<NAME` in a logical line, whose body follows below it; `start` and `end` are indices in the line. */
export interface HeredocWord extends Omit<Heredoc, 'body' | 'raw'> {
  readonly start: number;
  readonly end: number;
}

/** `3<<-EOF`: file descriptor, operator, `-` for tabs that do not count, and the delimiter. */
const OPERATOR = /^(\d*)<<(-?)\s*([^<]*)$/;

/**
 * The heredocs a line announces, in order. Whatever `# escape=` says, quoting is the shell's here. A line whose quotes
 * do not match announces none.
 */
export function heredocWords(text: string, start = 0, end: number = text.length): readonly HeredocWord[] {
  const found: HeredocWord[] = [];
  let wordStart: number | undefined;
  for (let at = start; at <= end; at++) {
    const char = at === end ? ' ' : text.charAt(at);
    if (isSpace(char)) {
      const word = wordStart === undefined ? undefined : heredocWord(text, wordStart, at);
      if (word) found.push(word);
      wordStart = undefined;
      continue;
    }
    wordStart ??= at;
    if (char === '\\') at = Math.min(at + 1, end - 1);
    else if (char === "'" || char === '"') {
      const closing = closingQuote(text, at, end);
      if (closing === undefined) return [];
      at = closing;
    } else if (text.startsWith('<<', at)) {
      // Blanks may stand between the operator and the delimiter.
      at++;
      while (at + 1 < end && /[\t\r ]/.test(text.charAt(at + 1))) at++;
    }
  }
  return found;
}

/** Finds the bodies of heredocs. Made once for a file: where a line of some text stands is asked for again and again. */
export class HeredocBodies {
  readonly #source: Source;
  /** Lines by their text, and by their text without the tabs in front; in the order of the file. */
  #lines: { readonly asWritten: LinesByText; readonly withoutTabs: LinesByText } | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The body that starts at `offset`; undefined where no line ends it. `end` is behind that line, without its newline. */
  read(
    offset: number,
    word: HeredocWord,
  ): { readonly heredoc: Heredoc; readonly end: number; readonly next: number } | undefined {
    const { name, expand, chomp, fileDescriptor } = word;
    this.#lines ??= linesByText(this.#source);
    const line = firstFrom((chomp ? this.#lines.withoutTabs : this.#lines.asWritten).get(name), offset);
    if (!line) return undefined;
    const raw = this.#source.text.slice(offset, line.start);
    const body = chomp ? withoutTabs(raw) : raw;
    return { heredoc: { name, expand, chomp, fileDescriptor, body, raw }, end: line.end, next: line.next };
  }
}

type LinesByText = ReadonlyMap<string, readonly PhysicalLine[]>;

function linesByText(source: Source) {
  const asWritten = new Map<string, PhysicalLine[]>();
  const tabless = new Map<string, PhysicalLine[]>();
  for (let line = source.lineAt(source.start); line; line = source.lineAt(line.next)) {
    const text = source.text.slice(line.start, line.end);
    for (const [lines, key] of [[asWritten, text] as const, [tabless, withoutTabs(text)] as const]) {
      const same = lines.get(key);
      if (same) same.push(line);
      else lines.set(key, [line]);
    }
  }
  return { asWritten, withoutTabs: tabless };
}

function firstFrom(lines: readonly PhysicalLine[] | undefined, offset: number): PhysicalLine | undefined {
  if (!lines) return undefined;
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.start ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return lines[low];
}

/** What a RUN in shell form executes. */
type RunScript =
  /** Text for the shell of the stage. */
  | { readonly kind: 'shell'; readonly text: string }
  /** A script with a `#!` line: to be made an executable file of that name, and run as it is. */
  | { readonly kind: 'file'; readonly name: string; readonly body: string };

/**
 * A RUN that is nothing but one heredoc runs its body, which needs no shell that knows heredocs; any other text is put
 * together again for the shell. Undefined for the exec form. Nothing is expanded: that is the shell's to do.
 */
export function runScript({ command, heredocs }: Pick<RunInstruction, 'command' | 'heredocs'>): RunScript | undefined {
  if (command.form === 'exec') return undefined;
  const [first] = heredocs;
  if (!first) return { kind: 'shell', text: command.text };
  const [word] = heredocWords(command.text);
  if (word?.start === 0 && word.end === command.text.length) {
    const isFile = first.body.startsWith('#!');
    return isFile ? { kind: 'file', name: first.name, body: first.body } : { kind: 'shell', text: first.body };
  }
  return { kind: 'shell', text: withBodies(command.text, heredocs) };
}

/** Text and bodies as they stood one below the other, without a newline at the end. */
export function withBodies(text: string, heredocs: readonly Heredoc[]): string {
  return [text, ...heredocs.map(({ raw, name }) => `${raw}${name}`)].join('\n');
}

function heredocWord(text: string, start: number, end: number): HeredocWord | undefined {
  const match = OPERATOR.exec(text.slice(start, end));
  if (!match) return undefined;
  const [, fileDescriptor = '', dash, delimiter = ''] = match;
  const { name, isQuoted } = unquoted(delimiter);
  if (name === '') return undefined;
  return { name, expand: !isQuoted, chomp: dash === '-', fileDescriptor: Number(fileDescriptor), start, end };
}

/** Removes quotes and escape characters from one word, whose quotes match. */
function unquoted(word: string): { readonly name: string; readonly isQuoted: boolean } {
  let name = '';
  let quote: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < word.length; at++) {
    const char = word.charAt(at);
    const next = word.charAt(at + 1);
    if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char;
      isQuoted = true;
    } else if (char === '\\' && (quote === undefined || (quote === '"' && /["$\\]/.test(next)))) {
      name += next;
      at++;
    } else name += char;
  }
  return { name, isQuoted };
}

function closingQuote(text: string, opening: number, end: number): number | undefined {
  const quote = text.charAt(opening);
  for (let at = opening + 1; at < end; at++) {
    const char = text.charAt(at);
    if (char === quote) return at;
    if (char === '\\' && quote === '"') at++;
  }
  return undefined;
}

function withoutTabs(text: string): string {
  return text.replace(/^\t+/gm, '');
}
