import type { Escape } from './logical-line.ts';
import { isSpace, trimmedRange } from './space.ts';
import type { TextRange } from './text-range.ts';

/** A word of a logical line as it was written; `start` and `end` are indices in the line. */
export interface Word extends TextRange {
  readonly text: string;
}

/** The blanks that separate arguments; unlike white space in general, all of them ASCII. */
const BLANKS = /[\t\v\f\r ]+/g;

/** What stands between blanks in a part of the text; quotes mean nothing here. */
export function blankSeparated(text: string, range: TextRange): readonly Word[] {
  const words: Word[] = [];
  const [from, to] = trimmedRange(text, range.start, range.end);
  let wordStart = from;
  for (const blanks of text.slice(from, to).matchAll(BLANKS)) {
    words.push(wordOf(text, wordStart, from + blanks.index));
    wordStart = from + blanks.index + blanks[0].length;
  }
  if (from < to) words.push(wordOf(text, wordStart, to));
  return words;
}

/**
 * Words of a part of the text as a shell would split it, with their quotes and escape characters, which `expand` takes away. A quote
 * without its partner reaches to the end; an escape character at the very end is dropped.
 */
export function shellWords(text: string, { start, end }: TextRange, escapeCharacter: Escape): readonly Word[] {
  const words: Word[] = [];
  let wordStart: number | undefined;
  let quote: string | undefined;
  for (let at = start; at < end; at++) {
    const char = text.charAt(at);
    if (quote === undefined && isSpace(char)) {
      if (wordStart !== undefined) words.push(wordOf(text, wordStart, at));
      wordStart = undefined;
      continue;
    }
    wordStart ??= at;
    if (char === escapeCharacter && quote !== "'") {
      if (at + 1 === end) {
        if (at > wordStart) words.push(wordOf(text, wordStart, at));
        return words;
      }
      at++;
    } else if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
  }
  if (wordStart !== undefined) words.push(wordOf(text, wordStart, end));
  return words;
}

/** A JSON array of strings; `not-strings` for one that holds something else, undefined for what is no JSON array. */
export function jsonStrings(text: string): readonly string[] | 'not-strings' | undefined {
  const [start, end] = trimmedRange(text, 0, text.length);
  if (text[start] !== '[') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end));
  } catch {
    // Not a slip to be reported: whatever is no JSON is text for the shell.
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.every((element) => typeof element === 'string') ? value : 'not-strings';
}

/** Cuts `text` from `start` to before `end`, and keeps both, in UTF-16 code units. */
export function wordOf(text: string, start: number, end: number): Word {
  return { text: text.slice(start, end), start, end };
}
