import { type Failure, failed, ok, type Result } from '../result.ts';
import { ExpandPattern } from './expand-pattern.ts';
import type { Escape } from './logical-line.ts';
import { isSpace } from './space.ts';
import { badSubstitution, expansionTooLarge, requiredVariable, unterminatedQuote } from './value-failure.ts';

/** Variables by name: undefined is unset, which is not the same as empty. */
export type Variables = ReadonlyMap<string, string> | ((name: string) => string | undefined);

/** Names are in the order of their first use, those in a default that was not needed included. */
interface Names {
  /** Variables that were asked for and are not set. */
  readonly unset: readonly string[];
  /** Variables that were asked for and are set. */
  readonly used: readonly string[];
}
/** A word with its variables filled in, and the names that were met on the way. */
export interface Expansion extends Names {
  readonly value: string;
}
interface WordsExpansion extends Names {
  readonly words: readonly string[];
}

/**
 * How much all expansions of one Dockerfile may do together. A short file can ask for more than there is time or memory:
 * `ARG a=${a}${a}` thirty times makes a gigabyte.
 */
export class ExpansionBudget {
  /** A step is to look at one character for one step of a pattern; to put one in is as much as eight of them. */
  #steps = 2 ** 26;

  /** False once there is nothing left. */
  spend(steps: number): boolean {
    this.#steps -= steps;
    return this.#steps >= 0;
  }
}

/** Characters that the values of variables may add to one word; the text that a person wrote is not counted. */
export const longestExpansion = 2 ** 20;

const stepsToInsert = 8;

/** What an expansion keeps to besides its variables. */
export interface ExpansionRules {
  readonly escapeCharacter: Escape;
  /** One of its own if not given. */
  readonly budget?: ExpansionBudget;
}

/**
 * Replaces variables and takes quotes and escape characters away: `$x`, `${x}`, `${x:-word}`, `${x-word}`,
 * `${x:+word}`, `${x+word}`, `${x:?message}`, `${x?message}`, `${x#pattern}`, `${x##pattern}`, `${x%pattern}`,
 * `${x%%pattern}`, `${x/pattern/text}`, `${x//pattern/text}`. An unset variable is empty. Blanks stay as they are.
 * Fails, with one failure and no place, where the word is malformed, a variable is required and missing, or it becomes
 * too large. https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(word: string, variables: Variables, rules: ExpansionRules): Result<Expansion> {
  const expander = new Expander(word, variables, { ...rules, hasQuotes: true });
  const value = expander.expand();
  return value === undefined ? failed([expander.failure()]) : ok({ value, ...expander.names() });
}

/** Like `expand`, and splits at blanks outside of quotes, those in the values of variables included. */
export function expandWords(text: string, variables: Variables, rules: ExpansionRules): Result<WordsExpansion> {
  const words = new Words();
  const expander = new Expander(text, variables, { ...rules, hasQuotes: true, words });
  if (expander.expand() === undefined) return failed([expander.failure()]);
  return ok({ words: words.finished(), ...expander.names() });
}

/** Like `expand` for the body of a heredoc: quotes are text, and the escape character is a backslash in any file. */
export function expandHeredoc(body: string, variables: Variables, budget?: ExpansionBudget): Result<Expansion> {
  const expander = new Expander(body, variables, {
    escapeCharacter: '\\',
    hasQuotes: false,
    ...(budget && { budget }),
  });
  const value = expander.expand();
  return value === undefined ? failed([expander.failure()]) : ok({ value, ...expander.names() });
}

/** Deeper nesting of `${…}` than anyone writes. */
const DEEPEST = 100;

/** Digits are one name, and so is each of the special parameters of a shell; none of them is ever set here. */
const NAME = /\p{Nd}+|[@*#?$!-]|[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** What becomes of escape characters: they go away, stay, or become those of a pattern. */
type Escapes = 'removed' | 'kept' | 'pattern';

interface Manner extends ExpansionRules {
  readonly hasQuotes: boolean;
  /** Given where the result is wanted word by word. */
  readonly words?: Words | undefined;
}

/** One walk over a word. Methods that return undefined have failed, and `failure()` says how. */
class Expander {
  readonly #text: string;
  readonly #lookup: (name: string) => string | undefined;
  readonly #escape: Escape;
  readonly #hasQuotes: boolean;
  #at = 0;
  #depth = 0;
  #failure: Failure | undefined;
  readonly #unset = new Set<string>();
  readonly #used = new Set<string>();
  readonly #words: Words | undefined;
  readonly #budget: ExpansionBudget;
  /** Characters that came from variables. */
  #inserted = 0;

  constructor(text: string, variables: Variables, { escapeCharacter, hasQuotes, budget, words }: Manner) {
    this.#text = text;
    this.#lookup = typeof variables === 'function' ? variables : (name) => variables.get(name);
    this.#escape = escapeCharacter;
    this.#hasQuotes = hasQuotes;
    this.#budget = budget ?? new ExpansionBudget();
    this.#words = words;
  }

  expand(): string | undefined {
    return this.#until(undefined, 'removed');
  }

  failure(): Failure {
    if (!this.#failure) throw new Error('an expansion that went well was asked for its failure');
    return this.#failure;
  }

  names(): Names {
    return { unset: [...this.#unset], used: [...this.#used] };
  }

  /** Up to `stop`, which is passed over, or to the end. */
  #until(stop: '}' | '/' | undefined, escapes: Escapes): string | undefined {
    let result = '';
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      if (char === stop) {
        this.#at++;
        return result;
      }
      let part: string | undefined;
      let isLiteral = true;
      if (char === '$') {
        part = this.#dollar();
        isLiteral = false;
      } else if (this.#hasQuotes && char === "'") part = this.#singleQuoted();
      else if (this.#hasQuotes && char === '"') part = this.#doubleQuoted(escapes);
      else if (char === this.#escape) part = this.#escaped(escapes);
      else {
        part = char;
        isLiteral = false;
        this.#at++;
      }
      if (part === undefined) return undefined;
      result += part;
      if (this.#depth === 0) this.#words?.add(part, isLiteral);
    }
    return stop === undefined ? result : this.#fail(badSubstitution(this.#text, `a ${stop} is missing`));
  }

  #escaped(escapes: Escapes): string {
    const escaped = this.#text.charAt(this.#at + 1);
    this.#at += 2;
    if (escaped === '' || escapes === 'removed') return escaped;
    if (escapes === 'kept' || this.#escape === '\\') return this.#escape + escaped;
    return '*?}/\\'.includes(escaped) ? `\\${escaped}` : escaped;
  }

  #singleQuoted(): string | undefined {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end === -1) return this.#fail(unterminatedQuote(this.#text, 'single quote'));
    const quoted = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return quoted;
  }

  #doubleQuoted(escapes: Escapes): string | undefined {
    let result = '';
    this.#at++;
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      if (char === '"') {
        this.#at++;
        return result;
      }
      if (char === '$') {
        const value = this.#dollar();
        if (value === undefined) return undefined;
        result += value;
        continue;
      }
      const next = this.#text.charAt(this.#at + 1);
      if (char === this.#escape && (next === '"' || next === '$' || next === this.#escape)) {
        result += this.#escaped(escapes);
        continue;
      }
      result += char;
      this.#at++;
    }
    return this.#fail(unterminatedQuote(this.#text, 'double quote'));
  }

  /** `$name`, `${…}`, or a dollar that means itself. */
  #dollar(): string | undefined {
    this.#at++;
    if (this.#text[this.#at] === '{') return this.#substitution();
    const name = this.#name();
    return name === '' ? '$' : this.#insert(this.#valueOf(name) ?? '');
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #substitution(): string | undefined {
    if (this.#depth === DEEPEST)
      return this.#fail(badSubstitution(this.#text, `it nests deeper than ${DEEPEST} levels`));
    this.#depth++;
    this.#at++;
    const name = this.#name();
    const value =
      name === '' ? this.#fail(badSubstitution(this.#text, '${ is not followed by a name')) : this.#modified(name);
    this.#depth--;
    return value;
  }

  /** From behind the name to behind the closing brace. */
  #modified(name: string): string | undefined {
    const isColon = this.#text[this.#at] === ':';
    if (isColon) this.#at++;
    const operator = this.#text.charAt(this.#at++);
    if (isColon ? !'-+?'.includes(operator) || operator === '' : !'}-+?#%/'.includes(operator) || operator === '') {
      if (operator === '') return this.#fail(badSubstitution(this.#text, 'a } is missing'));
      const written = `${isColon ? ':' : ''}${operator}`;
      return this.#fail(badSubstitution(this.#text, `there is no operator ${written}`));
    }
    if (operator === '}') return this.#insert(this.#valueOf(name) ?? '');
    if (operator === '/') return this.#replaced(name);
    if (operator === '#' || operator === '%') return this.#trimmed(name, operator);

    const word = this.#until('}', 'removed');
    if (word === undefined) return undefined;
    const value = this.#valueOf(name);
    const isMissing = value === undefined || (isColon && value === '');
    if (operator === '-') return isMissing ? word : this.#insert(value);
    if (operator === '+') return isMissing ? '' : word;
    if (!isMissing) return this.#insert(value);
    const message = word || (value === undefined ? 'this variable must be set' : 'this variable must not be empty');
    return this.#fail(requiredVariable(name, message));
  }

  #trimmed(name: string, operator: '#' | '%'): string | undefined {
    const isLongest = this.#text[this.#at] === operator;
    if (isLongest) this.#at++;
    const pattern = this.#pattern('}');
    if (!pattern) return undefined;
    const value = this.#valueOf(name) ?? '';
    if (!this.#budget.spend(pattern.stepsFor(value.length))) return this.#fail(expansionTooLarge(this.#text));
    const length = isLongest ? 'longest' : 'shortest';
    return this.#insert(operator === '#' ? pattern.withoutPrefix(value, length) : pattern.withoutSuffix(value, length));
  }

  #replaced(name: string): string | undefined {
    const isAll = this.#text[this.#at] === '/';
    if (isAll) this.#at++;
    const pattern = this.#pattern('/');
    if (!pattern) return undefined;
    const replacement = this.#until('}', 'kept');
    if (replacement === undefined) return undefined;
    const value = this.#valueOf(name) ?? '';
    if (!this.#budget.spend(pattern.stepsFor(value.length))) return this.#fail(expansionTooLarge(this.#text));
    const which = isAll ? 'all' : 'first';
    const replaced = pattern.replace(value, { replacement, which, longest: longestExpansion });
    return replaced === undefined ? this.#fail(expansionTooLarge(this.#text)) : this.#insert(replaced);
  }

  #pattern(stop: '}' | '/'): ExpandPattern | undefined {
    const text = this.#until(stop, 'pattern');
    if (text === undefined) return undefined;
    const pattern = ExpandPattern.parse(text);
    return pattern.ok ? pattern.value : this.#fail(pattern.failure);
  }

  #valueOf(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.#unset : this.#used).add(name);
    return value;
  }

  /** The value, if there is still room for it. */
  #insert(value: string): string | undefined {
    this.#inserted += value.length;
    const fits = this.#inserted <= longestExpansion && this.#budget.spend(value.length * stepsToInsert);
    return fits ? value : this.#fail(expansionTooLarge(this.#text));
  }

  #fail(failure: Failure): undefined {
    this.#failure = failure;
    return undefined;
  }
}

/** The words of an expansion, as its parts come. */
class Words {
  readonly #words: string[] = [];
  #word = '';

  /** Blanks in what is literal, since it was quoted, end no word. */
  add(part: string, isLiteral: boolean): void {
    if (isLiteral) {
      this.#word += part;
      return;
    }
    for (const char of part) {
      if (isSpace(char)) this.#end();
      else this.#word += char;
    }
  }

  finished(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}
