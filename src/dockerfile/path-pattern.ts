import { type Failure, FailureError, failed, ok, type Result } from '../result.ts';
import { badPattern } from './failure.ts';

/** A part of a pattern; `text` is what stands for itself. */
export type PatternPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `*`: any number of characters but `/`. */
  | { readonly kind: 'many' }
  /** `?`: one character but `/`. */
  | { readonly kind: 'one' }
  /** `[a-z]`: one character of the ranges, or none of them; both ends belong to a range. */
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/**
 * The parts of a pattern in the syntax of Go's filepath.Match: `*`, `?`, `[a-z]`, `[^a-z]` and `\` before a character
 * that is to stand for itself. Two stars are two parts. https://pkg.go.dev/path/filepath@go1.23.0#Match
 */
export function patternParts(pattern: string): Result<readonly PatternPart[], Failure> {
  const chars = [...pattern];
  const parts: PatternPart[] = [];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? '';
    if (char === '[') {
      const found = classAt(chars, at);
      if (typeof found === 'string') return failed(badPattern(pattern, found));
      parts.push(found.part);
      at = found.next;
      continue;
    }
    if (char === '*') parts.push({ kind: 'many' });
    else if (char === '?') parts.push({ kind: 'one' });
    else {
      if (char === '\\') at++;
      const text = chars[at];
      if (text === undefined) return failed(badPattern(pattern, 'it ends in a backslash'));
      const last = parts.at(-1);
      if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text };
      else parts.push({ kind: 'text', text });
    }
    at++;
  }
  return ok(parts);
}

/** A regular expression, without anchors, for one part. */
export function regExpOf(part: PatternPart): string {
  switch (part.kind) {
    case 'text':
      return part.text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');
    case 'many':
      return '[^/]*';
    case 'one':
      return '[^/]';
    case 'class': {
      // A range from high to low is empty in Go and an error here.
      const ranges = part.ranges.filter(([low, high]) => codeOf(low) <= codeOf(high));
      const body = ranges.map(([low, high]) => `${escapedInClass(low)}-${escapedInClass(high)}`).join('');
      return `[${part.isNegated ? '^' : ''}${body}]`;
    }
  }
}

/** A pattern that matches the whole of a path; made once, asked often. */
export interface PathPattern {
  matches(path: string): boolean;
}

/** A pattern as filepath.Match understands it, where `**` is no more than `*`. */
export function pathPattern(pattern: string): Result<PathPattern, Failure> {
  const parts = patternParts(pattern);
  if (!parts.ok) return parts;
  const [only] = parts.value;
  if (parts.value.length <= 1 && (!only || only.kind === 'text')) {
    const text = only?.text ?? '';
    return ok({ matches: (path) => path === text });
  }
  const regExp = new RegExp(`^${withoutRepeats(parts.value).map(regExpOf).join('')}$`, 'u');
  return ok({ matches: (path) => regExp.test(path) });
}

/**
 * Whether `path` matches `pattern` from beginning to end, by the rules of Go's filepath.Match: wildcards do not cross a
 * `/`. Throws FailureError `bad-pattern` where the pattern is malformed; `pathPattern` returns that instead.
 */
export function matchPattern(pattern: string, path: string): boolean {
  if (latest?.pattern !== pattern) {
    const compiled = pathPattern(pattern);
    if (!compiled.ok) throw new FailureError(compiled.failure);
    latest = { pattern, compiled: compiled.value };
  }
  return latest.compiled.matches(path);
}

/** The last pattern asked for: callers ask about many paths in a row. Changes how fast an answer is, never which. */
let latest: { readonly pattern: string; readonly compiled: PathPattern } | undefined;

/** Stars side by side mean one, and would make a regular expression slow. */
function withoutRepeats(parts: readonly PatternPart[]): readonly PatternPart[] {
  return parts.filter((part, index) => part.kind !== 'many' || parts[index - 1]?.kind !== 'many');
}

/** The class that starts at `start`, or what is wrong with it. */
function classAt(
  chars: readonly string[],
  start: number,
): { readonly part: PatternPart; readonly next: number } | string {
  const isNegated = chars[start + 1] === '^';
  const ranges: (readonly [string, string])[] = [];
  let at = start + (isNegated ? 2 : 1);
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = boundAt(chars, at);
    if (!low) return wrongClass(chars, at);
    at = low.next;
    if (chars[at] !== '-') {
      ranges.push([low.char, low.char]);
      continue;
    }
    const high = boundAt(chars, at + 1);
    if (!high) return wrongClass(chars, at + 1);
    ranges.push([low.char, high.char]);
    at = high.next;
  }
  return { part: { kind: 'class', isNegated, ranges }, next: at + 1 };
}

function boundAt(chars: readonly string[], at: number): { readonly char: string; readonly next: number } | undefined {
  const isEscaped = chars[at] === '\\';
  const char = chars[isEscaped ? at + 1 : at];
  if (char === undefined || (!isEscaped && (char === '-' || char === ']'))) return undefined;
  return { char, next: at + (isEscaped ? 2 : 1) };
}

function wrongClass(chars: readonly string[], at: number): string {
  if (chars[at] === undefined || chars[at] === '\\') return 'a [ has no ]';
  return chars[at] === '-' ? 'a - in brackets needs a backslash' : 'nothing stands between [ and ]';
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function escapedInClass(char: string): string {
  return `\\u{${codeOf(char).toString(16)}}`;
}
