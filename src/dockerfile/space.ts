/** White space of the Dockerfile language, which is Unicode's White_Space: unlike `\s`, with U+0085 and without U+FEFF. */
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const ONE = new RegExp(SPACE);

/** For a single character; what counts is what Go's `unicode.IsSpace` counts, since BuildKit splits by it. */
export function isSpace(char: string): boolean {
  return ONE.test(char);
}

/** The part of `text` between `start` and `end` without the white space around it, as a range. */
export function trimmedRange(text: string, start: number, end: number): readonly [start: number, end: number] {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charAt(from))) from++;
  while (to > from && isSpace(text.charAt(to - 1))) to--;
  return [from, to];
}
