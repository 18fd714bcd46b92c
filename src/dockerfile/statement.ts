import { type Failure, failed, ok, type Result } from '../result.ts';
import type { FromInstruction, Instruction } from './dockerfile.ts';
import { emptyInstruction, unknownInstruction } from './failure.ts';
import { type FlagWord, readFlags } from './flags.ts';
import type { Escape, LogicalLine } from './logical-line.ts';
import { isSpace, trimmedRange } from './space.ts';
import { suggestionFor } from './suggestion.ts';
import type { TextRange } from './text-range.ts';
import { blankName, invalidTrigger, jsonNotStrings, missingValue } from './value-failure.ts';
import { blankSeparated, jsonStrings, shellWords, type Word, wordOf } from './words.ts';

/** All keywords, in upper case, as the types of instructions have them. */
export type Keyword = (Instruction | FromInstruction)['keyword'];

/** A key and its value, separated by `=` or, in the old form, by blanks. */
interface Pair {
  readonly word: Word;
  readonly key: Word;
  readonly value: Word;
  readonly separator: '=' | '';
}

/** What stands behind keyword and flags, by the grammar of the keyword. */
export type Arguments =
  | { readonly kind: 'nothing' }
  /** Split at blanks, or with quotes and escape characters kept. */
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  | { readonly kind: 'json'; readonly strings: readonly string[] }
  /** The rest of the line as one. */
  | { readonly kind: 'text'; readonly text: Word }
  | { readonly kind: 'pairs'; readonly pairs: readonly Pair[] }
  /** A first word that says what the others are. */
  | { readonly kind: 'typed'; readonly type: Word; readonly rest: Arguments }
  | { readonly kind: 'statement'; readonly statement: Statement };

/** An instruction taken apart by the grammar, before anyone asks whether it makes sense. */
export interface Statement {
  readonly keyword: Keyword;
  readonly flags: readonly FlagWord[];
  readonly arguments: Arguments;
  readonly line: LogicalLine;
  /** Of all of it: indices in the line. */
  readonly start: number;
  readonly end: number;
  /** Of what stands behind keyword and flags. */
  readonly argumentsStart: number;
  /** `#!COMMIT` stands at its end, which is no part of it: Makisu's word for where a layer ends. */
  readonly commits: boolean;
}

interface Range extends TextRange {
  readonly line: LogicalLine;
  readonly escapeCharacter: Escape;
}
type Grammar = (range: Range, keyword: Keyword) => Result<Arguments, Failure>;

const grammars: Readonly<Record<Keyword, Grammar>> = {
  ADD: jsonOrWords,
  ARG: quotedWords,
  CMD: jsonOrText,
  COPY: jsonOrWords,
  ENTRYPOINT: jsonOrText,
  ENV: pairs,
  EXPOSE: words,
  FROM: words,
  HEALTHCHECK: typed,
  LABEL: pairs,
  MAINTAINER: text,
  ONBUILD: nested,
  RUN: jsonOrText,
  SHELL: jsonOrText,
  STOPSIGNAL: text,
  USER: text,
  VOLUME: jsonOrWords,
  WORKDIR: text,
};

/** Takes the instruction apart that stands between `start` and the end of a logical line. */
export function readStatement(line: LogicalLine, escapeCharacter: Escape, from = 0): Result<Statement, Failure> {
  const [start, last] = trimmedRange(line.text, from, line.text.length);
  const mark = commitMark.exec(line.text.slice(start, last))?.index;
  const end = mark === undefined ? last : trimmedRange(line.text, start, start + mark)[1];
  const [first] = blankSeparated(line.text, { start, end });
  if (!first) return failed(emptyInstruction(line.spanToEnd(0)));
  const keyword = first.text.toUpperCase();
  if (!isKeyword(keyword)) {
    const suggestion = suggestionFor(first.text, Object.keys(grammars));
    return failed(unknownInstruction(first.text, suggestion, line.span(first.start, first.end)));
  }
  const flags = readFlags(line.text, { start: first.end, end }, escapeCharacter);
  const [argumentsStart] = trimmedRange(line.text, flags.end, end);
  const read = grammars[keyword]({ line, start: argumentsStart, end, escapeCharacter }, keyword);
  if (!read.ok) return read;
  return ok({
    keyword,
    flags: flags.words,
    arguments: read.value,
    line,
    start,
    end,
    argumentsStart,
    commits: mark !== undefined,
  });
}

/** As Makisu reads it, but that other comments behind an instruction belong to that, as with BuildKit. */
const commitMark = /\s#!\s*commit$/i;

function isKeyword(word: string): word is Keyword {
  return Object.hasOwn(grammars, word);
}

function words(range: Range): Result<Arguments, Failure> {
  return ok({ kind: 'words', words: blankSeparated(range.line.text, range) });
}

function quotedWords(range: Range): Result<Arguments, Failure> {
  return ok({ kind: 'words', words: shellWords(range.line.text, range, range.escapeCharacter) });
}

function text({ line, start, end }: Range): Result<Arguments, Failure> {
  return ok(start === end ? { kind: 'nothing' } : { kind: 'text', text: wordOf(line.text, start, end) });
}

function jsonOrWords(range: Range, keyword: Keyword): Result<Arguments, Failure> {
  return json(range, keyword) ?? words(range);
}

function jsonOrText(range: Range, keyword: Keyword): Result<Arguments, Failure> {
  return json(range, keyword) ?? text(range);
}

function json({ line, start, end }: Range, keyword: Keyword): Result<Arguments, Failure> | undefined {
  const strings = jsonStrings(line.text.slice(start, end));
  if (strings === 'not-strings') return failed(jsonNotStrings(keyword, line.span(start, end)));
  return strings && ok({ kind: 'json', strings });
}

/** `a=b c=d`, or the old form `a b c d`, which gives `a` the rest: told apart by whether the first word has a `=`. */
function pairs(range: Range, keyword: Keyword): Result<Arguments, Failure> {
  const { line, escapeCharacter } = range;
  const found = shellWords(line.text, range, escapeCharacter);
  if (found.length === 0) return ok({ kind: 'nothing' });
  if (!found[0]?.text.includes('=')) return oldPair(range, keyword);
  const result: Pair[] = [];
  for (const word of found) {
    const equals = word.text.indexOf('=');
    if (equals === -1) return failed(missingValue(keyword, word.text, line.span(word.start, word.end)));
    if (equals === 0) return failed(blankName(keyword, line.span(word.start, word.end)));
    const key = wordOf(line.text, word.start, word.start + equals);
    const value = wordOf(line.text, key.end + 1, word.end);
    result.push({ word, key, value, separator: '=' });
  }
  return ok({ kind: 'pairs', pairs: result });
}

function oldPair({ line, start, end }: Range, keyword: Keyword): Result<Arguments, Failure> {
  const [key, next] = blankSeparated(line.text, { start, end });
  if (!key || !next) return failed(missingValue(keyword, line.text.slice(start, end), line.span(start, end)));
  const pair: Pair = {
    word: wordOf(line.text, start, end),
    key,
    value: wordOf(line.text, next.start, end),
    separator: '',
  };
  return ok({ kind: 'pairs', pairs: [pair] });
}

function typed(range: Range, keyword: Keyword): Result<Arguments, Failure> {
  const { line, start, end } = range;
  if (start === end) return ok({ kind: 'nothing' });
  let typeEnd = start;
  while (typeEnd < end && !isSpace(line.text.charAt(typeEnd))) typeEnd++;
  const [restStart] = trimmedRange(line.text, typeEnd, end);
  const rest = jsonOrText({ ...range, start: restStart }, keyword);
  return rest.ok ? ok({ kind: 'typed', type: wordOf(line.text, start, typeEnd), rest: rest.value }) : rest;
}

function nested({ line, start, end, escapeCharacter }: Range): Result<Arguments, Failure> {
  const [first] = blankSeparated(line.text, { start, end });
  if (!first) return ok({ kind: 'nothing' });
  // Here and not where triggers are checked, so that a long chain cannot nest.
  if (first.text.toUpperCase() === 'ONBUILD') return failed(invalidTrigger('ONBUILD', line.span(start, end)));
  const statement = readStatement(line, escapeCharacter, start);
  return statement.ok ? ok({ kind: 'statement', statement: statement.value }) : statement;
}
