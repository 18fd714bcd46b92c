import { type Failure, failed, ok, type Result } from '../result.ts';
import { duplicateFlag, invalidFlagValue, missingFlagValue, unknownFlag, unsupportedFlag } from './failure.ts';
import { Fragment } from './fragment.ts';
import type { Escape, LogicalLine } from './logical-line.ts';
import { isSpace } from './space.ts';
import { suggestionFor } from './suggestion.ts';
import type { TextRange } from './text-range.ts';

/** One `--name=value` behind a keyword, quotes and escape characters taken away; the range is one of the logical line. */
export interface FlagWord extends TextRange {
  /** With its dashes, without the value. */
  readonly name: string;
  /** Absent without a `=`. */
  readonly value?: Fragment | undefined;
  /** The word as written, for messages: `--chown=a:b`. */
  readonly text: string;
}

/** The words of a part of the text that start with `--`, up to the first that does not, or up to a bare `--`. `end` is where to read on. */
export function readFlags(
  text: string,
  { start, end }: TextRange,
  escapeCharacter: Escape,
): { readonly words: readonly FlagWord[]; readonly end: number } {
  const words: FlagWord[] = [];
  let at = start;
  while (at < end) {
    while (at < end && isSpace(text.charAt(at))) at++;
    if (!text.startsWith('--', at) || at + 2 > end) break;
    const flag = readFlag(text, { start: at, end }, escapeCharacter);
    at = flag.end;
    if (flag.text === '--') break;
    words.push(flag);
  }
  return { words, end: at };
}

function readFlag(text: string, { start, end }: TextRange, escapeCharacter: Escape): FlagWord {
  const chars: string[] = [];
  const places: number[] = [];
  let quote: string | undefined;
  let at = start;
  for (; at < end; at++) {
    const char = text.charAt(at);
    if (quote === undefined && isSpace(char)) break;
    if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else {
      const place = char === escapeCharacter ? at + 1 : at;
      if (place < end) {
        chars.push(text.charAt(place));
        places.push(place);
      }
      at = place;
    }
  }
  const word = new Fragment(chars.join(''), places, [start, Math.min(at, end)]);
  const equals = word.text.indexOf('=');
  return {
    name: equals === -1 ? word.text : word.text.slice(0, equals),
    value: equals === -1 ? undefined : word.slice(equals + 1),
    text: word.text,
    start,
    end: Math.min(at, end),
  };
}

/** Which flags a keyword has. `many` may be given several times; `unsupported` is known, but not to the engine. */
export type FlagTable = Readonly<Record<string, 'boolean' | 'one' | 'many' | 'unsupported'>>;

/** What was given of the flags of a table; a flag that was not given is absent, or empty where there may be many. */
export type Flags<T extends FlagTable> = {
  readonly [Name in keyof T]: T[Name] extends 'boolean'
    ? boolean | undefined
    : T[Name] extends 'many'
      ? readonly Fragment[]
      : Fragment | undefined;
};

/** The flags of a statement by the table of its keyword; names without their dashes. */
export function checkFlags<const T extends FlagTable>(
  { keyword, flags, line }: { keyword: string; flags: readonly FlagWord[]; line: LogicalLine },
  table: T,
): Result<Flags<T>, Failure> {
  const given: Record<string, boolean | Fragment | Fragment[] | undefined> = {};
  for (const [name, kind] of Object.entries(table)) given[name] = kind === 'many' ? [] : undefined;
  for (const flag of flags) {
    const at = line.span(flag.start, flag.end);
    const name = flag.name.slice(2);
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(table).map((other) => `--${other}`);
      return failed(unknownFlag(keyword, flag.name, { suggestion: suggestionFor(flag.name, known), known, at }));
    }
    if (kind === 'unsupported') return failed(unsupportedFlag(flag.name, at));
    if (kind === 'many') {
      if (!flag.value) return failed(missingFlagValue(flag.name, at));
      (given[name] as Fragment[]).push(flag.value);
      continue;
    }
    if (given[name] !== undefined) return failed(duplicateFlag(flag.name, at));
    if (kind === 'one') {
      if (!flag.value) return failed(missingFlagValue(flag.name, at));
      given[name] = flag.value;
      continue;
    }
    const value = flag.value?.text.toLowerCase() ?? 'true';
    if (value === '') return failed(missingFlagValue(flag.name, at));
    if (value !== 'true' && value !== 'false') {
      return failed(invalidFlagValue(flag.name, value, { expected: 'true or false', at }));
    }
    given[name] = value === 'true';
  }
  return ok(given as Flags<T>);
}
