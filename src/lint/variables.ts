import { type ExpansionRules, expand, expandHeredoc, expandWords } from '../dockerfile/expand.ts';

/** The variables of a stage, on its way down: what ARG and ENV set, and what is not known of its base. */
export class LintedVariables {
  readonly #values: Map<string, string>;
  /** ARGs, also those without a value. */
  readonly #declared: Set<string>;
  /** Whether the base may have set any other: nobody asked what it holds. */
  readonly isOpen: boolean;

  constructor(values: Iterable<readonly [string, string]>, declared: Iterable<string>, isOpen: boolean) {
    this.#values = new Map(values);
    this.#declared = new Set(declared);
    this.isOpen = isOpen;
  }

  copy(): LintedVariables {
    return new LintedVariables(this.#values, this.#declared, this.isOpen);
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  declare(name: string): void {
    this.#declared.add(name);
  }

  /** Names that have a value here. */
  names(): Iterable<string> {
    return this.#values.keys();
  }

  /** The value of a word, and the names in it that nothing sets; undefined for what is malformed. */
  fill(
    word: string,
    rules: ExpansionRules,
  ): { readonly value: string; readonly undefinedNames: readonly string[] } | undefined {
    const expanded = expand(word, this.#values, rules);
    return expanded.ok
      ? { value: expanded.value.value, undefinedNames: this.#undefined(expanded.value.unset) }
      : undefined;
  }

  /** Names in the body of a heredoc that nothing sets. */
  undefinedInHeredoc(body: string): readonly string[] {
    const expanded = expandHeredoc(body, this.#values);
    return expanded.ok ? this.#undefined(expanded.value.unset) : [];
  }

  /** The words of a text. */
  words(text: string, rules: ExpansionRules): readonly string[] {
    const expanded = expandWords(text, this.#values, rules);
    return expanded.ok ? expanded.value.words : [];
  }

  #undefined(unset: readonly string[]): readonly string[] {
    return this.isOpen ? [] : unset.filter((name) => !this.#declared.has(name));
  }
}
