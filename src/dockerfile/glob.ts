/** A part of a pattern; `text` is what stands for itself. */
export type PatternPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `*`: any number of characters but `/`. */
  | { readonly kind: 'many' }
  /** `?`: one character but `/`. */
  | { readonly kind: 'one' }
  /** `[a-z]`: one character of the ranges, or none of them; both ends belong to a range. */
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/** A step of a pattern, in the order of the text it matches. */
export type GlobStep =
  | PatternPart
  /** Any number of characters, `/` too. */
  | { readonly kind: 'anything' }
  /** Nothing, or anything up to and with a `/`. */
  | { readonly kind: 'directories' };

/**
 * A pattern that matches the whole of a text. All ways to match are followed at once, so that matching takes at most
 * steps × characters, whoever wrote the pattern: a regular expression of the same meaning tries one way after the other,
 * and `*a*a*a*a*a*b` has more of them than there is time.
 */
export class Glob {
  /** What any match begins and ends with; the states are about what is between the two. */
  readonly #prefix: string;
  readonly #suffix: string;
  /** Stands somewhere in between: most texts that do not match lack it, which is soon seen. */
  readonly #needed: string;
  readonly #steps: readonly GlobStep[];
  readonly #isText: boolean;
  #between: Scratch | undefined;

  constructor(steps: readonly GlobStep[]) {
    const simple = simplified(steps);
    this.#steps = simple;
    const isText = simple.length <= 1 && simple.every(({ kind }) => kind === 'text');
    const [first, last] = [simple[0], isText ? undefined : simple.at(-1)];
    this.#prefix = first?.kind === 'text' ? first.text : '';
    this.#suffix = last?.kind === 'text' ? last.text : '';
    this.#isText = isText;
    this.#needed = longestText(this.#stepsBetween()).slice(0, 32);
  }

  matches(text: string): boolean {
    const [from, to] = [this.#prefix.length, text.length - this.#suffix.length];
    if (from > to || !text.startsWith(this.#prefix) || !text.endsWith(this.#suffix)) return false;
    if (this.#isText) return from === to;
    if (!text.includes(this.#needed, from)) return false;
    this.#between ??= new Scratch(statesOf(this.#stepsBetween()));
    return this.#between.matches(text, from, to);
  }

  /** False where it matches neither the path nor a directory above it, as far as that is told at a glance. */
  mayMatchAtOrAbove(path: string): boolean {
    return path.startsWith(this.#prefix) && path.includes(this.#suffix) && path.includes(this.#needed);
  }

  #stepsBetween(): readonly GlobStep[] {
    return this.#steps.slice(this.#prefix === '' ? 0 : 1, this.#suffix === '' ? undefined : -1);
  }
}

/** A pattern that knows `*`, for any number of characters, and `?`, for one: no classes, and nothing takes their meaning. */
export function wildcards(pattern: string): Glob {
  const parts = pattern.split(/([*?])/);
  return new Glob(
    parts.map((part) =>
      part === '*' ? { kind: 'anything' } : part === '?' ? { kind: 'one' } : { kind: 'text', text: part },
    ),
  );
}

/** A place in the pattern, and which characters lead from it to the next. */
type State =
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'one' }
  | { readonly kind: 'class'; readonly has: (code: number) => boolean }
  /** The next state holds as well, as there may be no character. */
  | { readonly kind: 'many' | 'anything' }
  /** Takes no character: the two states behind it hold. */
  | { readonly kind: 'fork' }
  /** Stays, and goes on behind a slash. */
  | { readonly kind: 'inside' };

const slash = 0x2f;

/** The states that hold before and after a character. Kept from match to match, since there are thousands of them. */
class Scratch {
  readonly #states: readonly State[];
  #current: Int32Array;
  #next: Int32Array;
  /** For each state, the last character before which it was noted, by a count that goes on over all matches. */
  readonly #noted: Int32Array;
  #count = 0;
  #size = 0;

  constructor(states: readonly State[]) {
    this.#states = states;
    this.#current = new Int32Array(states.length + 1);
    this.#next = new Int32Array(states.length + 1);
    this.#noted = new Int32Array(states.length + 1);
  }

  matches(text: string, from: number, to: number): boolean {
    if (this.#count > 2 ** 30) {
      this.#noted.fill(0);
      this.#count = 0;
    }
    this.#begin();
    this.#note(0);
    for (let at = from; at < to; ) {
      const code = text.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      const held = this.#size;
      [this.#current, this.#next] = [this.#next, this.#current];
      this.#begin();
      for (let index = 0; index < held; index++) this.#step(this.#current[index] ?? 0, code);
      if (this.#size === 0) return false;
    }
    return this.#isAtEnd();
  }

  #isAtEnd(): boolean {
    return this.#noted[this.#states.length] === this.#count;
  }

  #begin(): void {
    this.#count++;
    this.#size = 0;
  }

  #step(index: number, code: number): void {
    const state = this.#states[index];
    switch (state?.kind) {
      case 'char':
        if (state.code === code) this.#note(index + 1);
        return;
      case 'one':
        if (code !== slash) this.#note(index + 1);
        return;
      case 'class':
        if (state.has(code)) this.#note(index + 1);
        return;
      case 'many':
        if (code !== slash) this.#note(index);
        return;
      case 'anything':
        this.#note(index);
        return;
      case 'inside':
        this.#noteOnly(index);
        if (code === slash) this.#note(index + 1);
        return;
    }
  }

  /** Notes a state, and those that hold with it. */
  #note(first: number): void {
    for (let index = first; this.#noteOnly(index); index++) {
      const kind = this.#states[index]?.kind;
      if (kind === 'fork') this.#noteOnly(++index);
      else if (kind !== 'many' && kind !== 'anything') return;
    }
  }

  /** False for one that is noted already. */
  #noteOnly(index: number): boolean {
    if (this.#noted[index] === this.#count) return false;
    this.#noted[index] = this.#count;
    this.#next[this.#size++] = index;
    return true;
  }
}

/** Without steps that add nothing to their neighbours: `**` × 30,000 is one step. Texts side by side are one. */
function simplified(steps: readonly GlobStep[]): readonly GlobStep[] {
  const simple: GlobStep[] = [];
  for (const step of steps) {
    const last = simple.at(-1);
    if (step.kind === 'text' && step.text === '') continue;
    if (last?.kind === 'text' && step.kind === 'text') {
      simple[simple.length - 1] = { kind: 'text', text: last.text + step.text };
    } else if (last?.kind === step.kind && (step.kind === 'many' || step.kind === 'directories')) {
      // One of them matches what two match.
    } else if (step.kind === 'anything' && (last?.kind === 'directories' || last?.kind === 'anything')) {
      simple[simple.length - 1] = step;
    } else simple.push(step);
  }
  return simple;
}

function longestText(steps: readonly GlobStep[]): string {
  const texts = steps.map((step) => (step.kind === 'text' ? step.text : ''));
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

function statesOf(steps: readonly GlobStep[]): readonly State[] {
  return steps.flatMap((step): readonly State[] => {
    switch (step.kind) {
      case 'text':
        return [...step.text].map((char) => ({ kind: 'char', code: char.codePointAt(0) ?? 0 }));
      case 'class':
        return [{ kind: 'class', has: classMatcher(step) }];
      case 'directories':
        return [{ kind: 'fork' }, { kind: 'inside' }];
      default:
        return [{ kind: step.kind }];
    }
  });
}

/** Whether a class stands for a character, given by its code point. A range from high to low is empty, as in Go. */
export function classMatcher(part: Extract<PatternPart, { readonly kind: 'class' }>): (code: number) => boolean {
  const written = part.ranges.map(([low, high]) => [low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0] as const);
  const ranges: [low: number, high: number][] = [];
  for (const [low, high] of written.filter(([low, high]) => low <= high).sort(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    if (last && low <= last[1]) last[1] = Math.max(last[1], high);
    else ranges.push([low, high]);
  }
  return (code) => {
    let [from, to] = [0, ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((ranges[middle]?.[1] ?? 0) < code) from = middle + 1;
      else to = middle;
    }
    return part.isNegated !== (ranges[from]?.[0] ?? Number.POSITIVE_INFINITY) <= code;
  };
}
