import { type Failure, failed, ok, type Result } from '../result.ts';
import { badSubstitution } from './value-failure.ts';

/** One step of a pattern: the code point of a character, any one character, or any number of them. */
type Step = number | 'one' | 'many';

const newline = 0x0a;

/** What a character costs besides the steps: it is taken out of the text, and put together again. */
const stepsPerCharacter = 9;

/**
 * The pattern of `${x#…}`, `${x%…}` and `${x/…/}`: `*` for any text, `?` for one character, a backslash takes the
 * meaning from `*`, `?` and itself. There are no classes in brackets. Wildcards stop at a newline. Every use takes at
 * most `stepsFor` steps, whoever wrote the pattern.
 */
export class ExpandPattern {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  static parse(pattern: string): Result<ExpandPattern, Failure> {
    const steps: Step[] = [];
    const chars = [...pattern];
    for (let at = 0; at < chars.length; at++) {
      const char = chars[at] ?? '';
      if (char === '*') {
        // Two of them side by side mean one.
        if (steps.at(-1) !== 'many') steps.push('many');
      } else if (char === '?') steps.push('one');
      else if (char !== '\\') steps.push(char.codePointAt(0) ?? 0);
      else {
        const escaped = chars[++at];
        // Escaped only because they would have ended the pattern.
        if (escaped === undefined || !'*?\\}/'.includes(escaped)) {
          return failed(badSubstitution(pattern, `a backslash in a pattern stands before *, ?, / , } or itself`));
        }
        steps.push(escaped.codePointAt(0) ?? 0);
      }
    }
    return ok(new ExpandPattern(steps));
  }

  /** What using it on a value of that many UTF-16 units costs at most. */
  stepsFor(length: number): number {
    return (length + 1) * (this.#steps.length + stepsPerCharacter);
  }

  /** `value` without its shortest or longest beginning that matches. */
  withoutPrefix(value: string, length: 'shortest' | 'longest'): string {
    const text = codePoints(value);
    return textOf(text.subarray(endOfMatch(this.#steps, text, length)));
  }

  /** `value` without its shortest or longest end that matches. */
  withoutSuffix(value: string, length: 'shortest' | 'longest'): string {
    const text = codePoints(value).reverse();
    return textOf(text.subarray(endOfMatch(this.#steps.toReversed(), text, length)).reverse());
  }

  /**
   * `value` with its first match, or all that do not overlap, replaced; each match as early and as long as can be.
   * Undefined where that would have more than `longest` UTF-16 units.
   */
  replace(
    value: string,
    { replacement, which, longest }: { replacement: string; which: 'first' | 'all'; longest: number },
  ): string | undefined {
    const text = codePoints(value);
    const ends = longestMatches(this.#steps, text);
    const parts: string[] = [];
    let length = 0;
    let copied = 0;
    for (let at = 0; at <= text.length; ) {
      const end = ends[at] ?? -1;
      if (end === -1) {
        at++;
        continue;
      }
      // An empty match right behind another one is none.
      if (at === 0 || end > copied) {
        const kept = textOf(text.subarray(copied, at));
        length += kept.length + replacement.length;
        if (length > longest) return undefined;
        parts.push(kept, replacement);
      }
      copied = end;
      if (which === 'first') break;
      at = Math.max(end, at + 1);
    }
    const rest = textOf(text.subarray(copied));
    return length + rest.length > longest ? undefined : parts.join('') + rest;
  }
}

/** Where the shortest or longest match at the beginning ends; 0 without one. All ways to match are followed at once. */
function endOfMatch(steps: readonly Step[], text: Int32Array, length: 'shortest' | 'longest'): number {
  let found = 0;
  /** Whether the steps before the one of this number can have led here. */
  let states = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  enter(states, steps, 0);
  for (let at = 0; ; at++) {
    if (states[steps.length] === 1) {
      found = at;
      if (length === 'shortest') return found;
    }
    const char = text[at];
    if (char === undefined) return found;
    let isAlive = false;
    next.fill(0);
    for (let state = 0; state < steps.length; state++) {
      if (states[state] === 0) continue;
      const step = steps[state];
      if (step === 'many' ? char === newline : step === 'one' ? char === newline : step !== char) continue;
      enter(next, steps, step === 'many' ? state : state + 1);
      isAlive = true;
    }
    if (!isAlive) return found;
    [states, next] = [next, states];
  }
}

/** Marks a state, and the next one where a `*` may stand for nothing. */
function enter(states: Uint8Array, steps: readonly Step[], state: number): void {
  states[state] = 1;
  if (steps[state] === 'many') states[state + 1] = 1;
}

/** For each place of the text, where the longest match that starts there ends; -1 without one. */
function longestMatches(steps: readonly Step[], text: Int32Array): Int32Array {
  const found = new Int32Array(text.length + 1).fill(-1);
  const last = steps.length;
  // From the end on: where the steps from a number on end, if they start at this place, and if at the place behind it.
  let here = new Int32Array(last + 1);
  let behind = new Int32Array(last + 1).fill(-1);
  for (let at = text.length; at >= 0; at--) {
    const char = text[at];
    here[last] = at;
    for (let index = last - 1; index >= 0; index--) {
      const step = steps[index];
      const passes = char !== undefined && (typeof step === 'number' ? step === char : char !== newline);
      if (step === 'many') here[index] = Math.max(here[index + 1] ?? -1, passes ? (behind[index] ?? -1) : -1);
      else here[index] = passes ? (behind[index + 1] ?? -1) : -1;
    }
    found[at] = here[0] ?? -1;
    [here, behind] = [behind, here];
  }
  return found;
}

function codePoints(text: string): Int32Array {
  const points = new Int32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const point = text.codePointAt(at) ?? 0;
    points[count] = point;
    at += point > 0xffff ? 2 : 1;
  }
  return points.subarray(0, count);
}

/** A few thousand at a time: as many arguments as there are characters would be too many. */
function textOf(points: Int32Array): string {
  let text = '';
  for (let at = 0; at < points.length; at += 4096) text += String.fromCodePoint(...points.subarray(at, at + 4096));
  return text;
}
