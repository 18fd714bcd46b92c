import { type Failure, failed, type Result, type SourceSpan } from '../result.ts';
import type { Heredoc } from './dockerfile.ts';
import { emptyContinuation, nulCharacter, swallowedInstruction, unterminatedHeredoc } from './failure.ts';
import { HeredocBodies, type HeredocWord, heredocWords } from './heredoc.ts';
import type { ParseContext, Parsed, Warning } from './instruction-parser.ts';
import { keywords } from './keywords.ts';
import { type Escape, type ReadLine, readLogicalLine } from './logical-line.ts';
import type { Source } from './source.ts';
import { type Keyword, readStatement, type Statement } from './statement.ts';

/** An instruction whose keyword is known; `instruction` is absent where something in it is wrong. */
export interface ReadInstruction {
  readonly keyword: Keyword;
  readonly at: SourceSpan;
  readonly instruction?: Parsed | undefined;
}

/** A line in which something is wrong, whatever its keyword. */
export interface UnreadLine {
  readonly keyword?: undefined;
  readonly at: SourceSpan;
  /** Continuations joined. */
  readonly text: string;
}

/** All instructions of a text, those that could not be read included, so that one mistake does not hide the next. */
export interface ReadInstructions {
  /** In the order of the file. */
  readonly instructions: readonly ReadInstruction[];
  /** The same. */
  readonly unread: readonly UnreadLine[];
  readonly warnings: readonly Warning[];
  /** At most one for each instruction. */
  readonly failures: readonly Failure[];
}

/** Keywords whose text for the shell, or whose sources, may be heredocs. */
const WITH_HEREDOCS: ReadonlySet<Keyword> = new Set(['ADD', 'COPY', 'RUN']);

const USED_BY_BUILDS: ReadonlySet<Keyword> = new Set(['ADD', 'COPY', 'RUN', 'SHELL']);

/** Reads instruction by instruction; one that is wrong does not keep the next from being read. */
export function readInstructions(source: Source, escapeCharacter: Escape): ReadInstructions {
  const instructions: ReadInstruction[] = [];
  const unread: UnreadLine[] = [];
  const warnings: Warning[] = [];
  const failures: Failure[] = [];
  const heredocs = new HeredocBodies(source);
  let offset = source.start;
  for (
    let read = readLogicalLine(source, offset, escapeCharacter);
    read;
    read = readLogicalLine(source, offset, escapeCharacter)
  ) {
    const { line } = read;
    if (read.emptyLine) warnings.push(emptyContinuation(source.span(read.emptyLine.start, read.emptyLine.end)));
    const swallowed = swallowedBy(read, source);
    if (swallowed) warnings.push(swallowed);
    const statement = readStatement(line, escapeCharacter);
    const bodies = readBodies(heredocs, read, statement);
    offset = bodies.next;
    if (!statement.ok) {
      failures.push(statement.failure);
      unread.push({ at: line.spanToEnd(0), text: line.text });
      continue;
    }
    const { keyword, start } = statement.value;
    const context: ParseContext = {
      heredocs: bodies.heredocs,
      end: bodies.end,
      warn: (warning) => warnings.push(warning),
      parse: (inner) => keywords[inner.keyword](inner, context),
    };
    const wrong = bodies.failure ?? nulIn(statement.value, bodies.end);
    const result = wrong ? failed(wrong) : context.parse(statement.value);
    const at = line.spanToEnd(start, bodies.end);
    if (!result.ok) {
      failures.push(result.failure);
      unread.push({ at, text: line.text });
    }
    instructions.push({ keyword, at, instruction: result.ok ? result.value : undefined });
  }
  return { instructions, unread, warnings, failures };
}

/** An instruction as it begins where people write it, without the blanks that continue another. */
const beginning = new RegExp(`^(${Object.keys(keywords).join('|')})[ \\t]`);

/** The first line below an empty one inside an instruction, if it begins as another instruction does. */
function swallowedBy({ line, next, emptyLine }: ReadLine, source: Source): Warning | undefined {
  let below = emptyLine && source.lineAt(emptyLine.next);
  while (below && below.start < next) {
    const text = source.text.slice(below.start, below.end);
    if (!/^\s*(?:#|$)/.test(text)) {
      const [, keyword] = beginning.exec(text) ?? [];
      const first = line.span(0, 1).line;
      return keyword === undefined
        ? undefined
        : swallowedInstruction(keyword, first, source.span(below.start, below.end));
    }
    below = source.lineAt(below.next);
  }
  return undefined;
}

interface Bodies {
  readonly heredocs: readonly Heredoc[];
  /** Of the instruction: behind the line that ends the last body. */
  readonly end: number;
  /** Where the next instruction may start. */
  readonly next: number;
  readonly failure?: Failure;
}

/** The heredoc bodies below a line, also below one that could not be taken apart: nothing in a body is an instruction. */
function readBodies(found: HeredocBodies, { line, next }: ReadLine, statement: Result<Statement, Failure>): Bodies {
  const words = statement.ok ? heredocWordsOf(statement.value) : heredocWords(line.text);
  const heredocs: Heredoc[] = [];
  let end = line.end;
  let offset = next;
  for (const word of words) {
    const read = found.read(offset, word);
    if (!read) {
      if (!statement.ok) break;
      const failure = unterminatedHeredoc(word.name, line.span(word.start, word.end));
      const { length } = line.source.text;
      return { heredocs, end: length, next: length, failure };
    }
    heredocs.push(read.heredoc);
    end = read.end;
    offset = read.next;
  }
  return { heredocs, end, next: offset };
}

function heredocWordsOf(statement: Statement): readonly HeredocWord[] {
  const written = statement.arguments;
  if (written.kind === 'statement') return heredocWordsOf(written.statement);
  if (!WITH_HEREDOCS.has(statement.keyword) || written.kind === 'json') return [];
  return heredocWords(statement.line.text, statement.argumentsStart, statement.end);
}

/** As it is written, or as JSON hides it in what a build itself makes use of. */
function nulIn({ keyword, line, start, end, arguments: written }: Statement, last: number): Failure | undefined {
  const { source } = line;
  const first = line.offsetOf(start);
  const at = source.text.slice(first, last).indexOf('\0');
  if (at !== -1) return nulCharacter(source.span(first + at, first + at + 1));
  const isHidden = written.kind === 'json' && written.strings.some((each) => each.includes('\0'));
  return isHidden && USED_BY_BUILDS.has(keyword) ? nulCharacter(line.span(start, end)) : undefined;
}
