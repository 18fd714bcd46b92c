import { type ExpansionRules, expand } from '../dockerfile/expand.ts';

/**
 * Variables of a stage as far as they are known before anything is built: the environment of an image from elsewhere is
 * not, until something sets the variable again.
 */
export class StageVariables {
  /** undefined for one that has a value nobody knows. */
  readonly #values: Map<string, string | undefined>;
  /** Whether what is not among the values is not set. */
  #isComplete: boolean;

  private constructor(values: Iterable<readonly [string, string | undefined]>, isComplete: boolean) {
    this.#values = new Map(values);
    this.#isComplete = isComplete;
  }

  /** Of FROM scratch. PATH has the builder's own default. */
  static none(): StageVariables {
    return new StageVariables([['PATH', undefined]], true);
  }

  static unknown(): StageVariables {
    return new StageVariables([], false);
  }

  copy(): StageVariables {
    return new StageVariables(this.#values, this.#isComplete);
  }

  /**
   * Those of a stage that starts where this one ended: of what both an argument and `env` set, the environment counts again,
   * which an image nobody has looked at may have any of.
   */
  handedOn(env: StageVariables): StageVariables {
    return env.#isComplete ? new StageVariables([...this.#values, ...env.#values], this.#isComplete) : env.copy();
  }

  set(name: string, value: string | undefined): void {
    this.#values.set(name, value);
  }

  /** Anything may have been set. */
  forget(): void {
    this.#values.clear();
    this.#isComplete = false;
  }

  /** The word with its variables filled in; undefined where one is not known or the word is malformed. */
  fill(word: string, rules: ExpansionRules): string | undefined {
    let isKnown = true;
    const lookup = (name: string): string | undefined => {
      const value = this.#values.get(name);
      if (value === undefined && (this.#values.has(name) || !this.#isComplete)) isKnown = false;
      return value;
    };
    const expanded = expand(word, lookup, rules);
    return isKnown && expanded.ok ? expanded.value.value : undefined;
  }
}
