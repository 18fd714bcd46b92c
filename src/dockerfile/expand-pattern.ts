import { type Failure, failed, ok, type Result } from '../result.ts';
import { badSubstitution } from './failure.ts';

/** One step of a pattern: a character, any one character, or any number of them. */
type Step = { readonly char: string } | 'one' | 'many';

/**
 * The pattern of `${x#…}`, `${x%…}` and `${x/…/}`: `*` for any text, `?` for one character, a backslash takes the
 * meaning from `*`, `?` and itself. There are no classes in brackets. Wildcards stop at a newline.
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
      if (char === '*') steps.push('many');
      else if (char === '?') steps.push('one');
      else if (char !== '\\') steps.push({ char });
      else {
        const escaped = chars[++at];
        // Escaped only because they would have ended the pattern.
        if (escaped === undefined || !'*?\\}/'.includes(escaped)) {
          return failed(badSubstitution(pattern, `a backslash in a pattern stands before *, ?, / , } or itself`));
        }
        steps.push({ char: escaped });
      }
    }
    return ok(new ExpandPattern(steps));
  }

  /** `value` without its shortest or longest beginning that matches. */
  withoutPrefix(value: string, length: 'shortest' | 'longest'): string {
    const chars = [...value];
    return chars.slice(endOfMatch(this.#steps, chars, { from: 0, length }) ?? 0).join('');
  }

  /** `value` without its shortest or longest end that matches. */
  withoutSuffix(value: string, length: 'shortest' | 'longest'): string {
    const reversed = [...value].reverse();
    const end = endOfMatch(this.#steps.toReversed(), reversed, { from: 0, length }) ?? 0;
    return reversed.slice(end).reverse().join('');
  }

  /** `value` with its first match, or all that do not overlap, replaced; each match as early and as long as can be. */
  replace(value: string, replacement: string, which: 'first' | 'all'): string {
    const chars = [...value];
    let result = '';
    let copied = 0;
    for (let at = 0; at <= chars.length; ) {
      const end = endOfMatch(this.#steps, chars, { from: at, length: 'longest' });
      if (end === undefined) {
        at++;
        continue;
      }
      // An empty match right behind another one is none.
      if (at === 0 || end > copied) result += chars.slice(copied, at).join('') + replacement;
      copied = end;
      if (which === 'first') break;
      at = Math.max(end, at + 1);
    }
    return result + chars.slice(copied).join('');
  }
}

/**
 * Where the shortest or longest match that starts at `from` ends; undefined without one. All ways to match are followed
 * at once, so that no pattern takes longer than its length times that of the text.
 */
function endOfMatch(
  steps: readonly Step[],
  chars: readonly string[],
  { from, length }: { readonly from: number; readonly length: 'shortest' | 'longest' },
): number | undefined {
  let found: number | undefined;
  /** Numbers of steps done, each of them one way to have come here. */
  let states = withSkips(steps, [0]);
  for (let at = from; states.size > 0; at++) {
    if (states.has(steps.length)) {
      found = at;
      if (length === 'shortest') return found;
    }
    const char = chars[at];
    if (char === undefined) return found;
    const next: number[] = [];
    for (const state of states) {
      const step = steps[state];
      if (step === undefined) continue;
      if (step === 'many') {
        if (char !== '\n') next.push(state);
      } else if (step === 'one' ? char !== '\n' : step.char === char) next.push(state + 1);
    }
    states = withSkips(steps, next);
  }
  return found;
}

/** The states, and those reached by letting a `*` stand for nothing. */
function withSkips(steps: readonly Step[], states: readonly number[]): ReadonlySet<number> {
  const all = new Set<number>();
  for (const first of states) {
    let state = first;
    all.add(state);
    while (steps[state] === 'many') all.add(++state);
  }
  return all;
}
