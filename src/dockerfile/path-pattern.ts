import { type Failure, FailureError, failed, ok, type Result } from '../result.ts';
import { Glob, type PatternPart } from './glob.ts';
import { badPattern } from './value-failure.ts';

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

/** A pattern that matches the whole of a path; made once, asked often. */
export interface PathPattern {
  matches(path: string): boolean;
}

/** A pattern as filepath.Match understands it, where `**` is no more than `*`. */
export function pathPattern(pattern: string): Result<PathPattern, Failure> {
  const parts = patternParts(pattern);
  if (!parts.ok) return parts;
  return ok(new Glob(parts.value));
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
