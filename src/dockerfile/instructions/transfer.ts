import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { Heredoc } from '../dockerfile.ts';
import { heredocWords } from '../heredoc.ts';
import type { ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import {
  heredocAsDestination,
  heredocNotFileName,
  heredocWithBlanks,
  missingArguments,
  unclearHeredoc,
} from '../value-failure.ts';
import type { Word } from '../words.ts';

/** Sources and destination of ADD and COPY. */
export interface Paths {
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
}

/** Sources and destination of COPY and ADD, in the JSON form or as words; fails with fewer than two of them. */
export function parsePaths(statement: Statement, context: ParseContext): Result<Paths, Failure> {
  const { keyword, line, start, end } = statement;
  const written = statement.arguments;
  const count = written.kind === 'json' ? written.strings.length : written.kind === 'words' ? written.words.length : 0;
  if (count < 2) {
    return failed(missingArguments(keyword, 'at least one source, and then a destination', line.span(start, end)));
  }
  if (written.kind === 'words') return pathsOfWords(written.words, statement, context);
  const strings = written.kind === 'json' ? written.strings : [];
  return ok({ sources: strings.slice(0, -1), heredocs: [], destination: strings.at(-1) ?? '' });
}

function pathsOfWords(
  words: readonly Word[],
  { keyword, line, end, argumentsStart }: Statement,
  { heredocs }: ParseContext,
): Result<Paths, Failure> {
  const isHeredoc = new Set<Word>();
  const byStart = new Map(words.map((word) => [word.start, word]));
  for (const heredoc of heredocWords(line.text, argumentsStart, end)) {
    const word = byStart.get(heredoc.start);
    const at = line.span(heredoc.start, heredoc.end);
    if (word?.end !== heredoc.end) return failed(heredocWithBlanks(keyword, at));
    if (word === words.at(-1)) return failed(heredocAsDestination(keyword, at));
    if (!isFileName(heredoc.name)) return failed(heredocNotFileName(heredoc.name, at));
    isHeredoc.add(word);
  }
  const unclear = words.find((word) => !isHeredoc.has(word) && heredocWords(word.text).length > 0);
  if (unclear) return failed(unclearHeredoc(unclear.text, line.span(unclear.start, unclear.end)));
  const sources = words.slice(0, -1).filter((word) => !isHeredoc.has(word));
  return ok({
    sources: sources.map((word) => word.text),
    heredocs: heredocs,
    destination: words.at(-1)?.text ?? '',
  });
}

/** A slash in front is left out when the file is made. */
function isFileName(name: string): boolean {
  const file = name.replace(/^\//, '');
  return !file.includes('/') && !['', '.', '..'].includes(file);
}
