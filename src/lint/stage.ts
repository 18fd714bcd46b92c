import { givenArgument } from '../context/global-values.ts';
import type { Dockerfile, Instruction, KeyValue } from '../dockerfile/dockerfile.ts';
import type { IgnoreMatcher } from '../dockerfile/dockerignore.ts';
import type { ExpansionBudget } from '../dockerfile/expand.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { Globals } from './bases.ts';
import type { Report } from './finding.ts';
import { checkSources } from './ignored-sources.ts';
import { checkPorts } from './ports.ts';
import { isSecretName } from './secret-names.ts';
import type { LintedVariables } from './variables.ts';
import { wordsWithVariables } from './words-with-variables.ts';

/** What is the same for all stages of a Dockerfile. */
export interface StageSurroundings {
  readonly dockerfile: Dockerfile;
  readonly text: string;
  readonly globals: Globals;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly matcher: IgnoreMatcher | undefined;
  readonly budget: ExpansionBudget;
}

/** A stage on its way down: what the instructions above have set, as far as rules ask for it. */
export class StageWalk {
  readonly #surroundings: StageSurroundings;
  readonly #variables: LintedVariables;
  #hasShell: boolean;
  #hasWorkdir: boolean;
  /** The last of each that only one should be of. */
  readonly #onlyOnes = new Map<string, Instruction>();

  constructor(
    surroundings: StageSurroundings,
    {
      variables,
      hasShell,
      hasWorkdir,
    }: { readonly variables: LintedVariables; readonly hasShell: boolean; readonly hasWorkdir: boolean },
  ) {
    this.#surroundings = surroundings;
    this.#variables = variables;
    this.#hasShell = hasShell;
    this.#hasWorkdir = hasWorkdir;
  }

  /** For a stage that starts from this one. */
  child(): StageWalk {
    return new StageWalk(this.#surroundings, {
      variables: this.#variables.copy(),
      hasShell: this.#hasShell,
      hasWorkdir: this.#hasWorkdir,
    });
  }

  /** The next instruction. */
  visit(instruction: Instruction, report: Report): void {
    const { at, keyword } = instruction;
    const words = wordsWithVariables(instruction).map((word) => this.#filled(word, instruction, report));
    switch (instruction.keyword) {
      case 'MAINTAINER':
        report('MaintainerDeprecated', at, 'MAINTAINER is deprecated');
        break;
      case 'ENV':
        for (const pair of instruction.pairs) this.#env(pair, instruction, report);
        break;
      case 'LABEL':
        for (const pair of instruction.pairs) this.#legacy(pair, instruction, report);
        break;
      case 'ARG':
        for (const pair of instruction.args) this.#arg(pair, instruction, report);
        break;
      case 'CMD':
      case 'ENTRYPOINT':
        this.#once(instruction, report);
        if (instruction.command.form === 'shell' && !this.#hasShell)
          report('JSONArgsRecommended', at, `this ${keyword} starts a shell, which passes no signals on`);
        break;
      case 'HEALTHCHECK':
        this.#once(instruction, report);
        break;
      case 'SHELL':
        this.#hasShell = true;
        break;
      case 'WORKDIR': {
        const [path] = words;
        // Where a variable of the base is in it, nobody knows.
        const isKnown = path !== undefined && (path !== '' || !this.#variables.isOpen);
        if (!this.#hasWorkdir && isKnown && !path.startsWith('/') && !this.#isGuessed(instruction.value))
          report('WorkdirRelativePath', at, `"${path}" is relative to whatever the base image has`);
        this.#hasWorkdir = true;
        break;
      }
      case 'EXPOSE':
        checkPorts(
          instruction.ports.flatMap((port) => this.#variables.words(port, this.#rules)),
          at,
          report,
        );
        break;
      case 'ADD':
      case 'COPY': {
        for (const { expand, body } of instruction.heredocs)
          if (expand) this.#undefined(this.#variables.undefinedInHeredoc(body), instruction, report);
        const sources = words.slice(-1 - instruction.sources.length, -1).flatMap((word) => word ?? []);
        checkSources({ instruction, sources }, this.#surroundings.matcher, report);
        break;
      }
      default:
        break;
    }
  }

  get #rules() {
    return { escapeCharacter: this.#surroundings.dockerfile.escape, budget: this.#surroundings.budget };
  }

  #isGuessed(word: string): boolean {
    return this.#variables.isOpen && word.includes('$');
  }

  #filled(word: string, instruction: Instruction, report: Report): string | undefined {
    const filled = this.#variables.fill(word, this.#rules);
    if (filled !== undefined) this.#undefined(filled.undefinedNames, instruction, report);
    return filled?.value;
  }

  #undefined(names: readonly string[], { at }: Instruction, report: Report): void {
    for (const name of names) {
      const meant = suggestionFor(name, this.#variables.names());
      report(
        'UndefinedVar',
        at,
        `nothing above sets $${name}${meant === undefined ? '' : `; did you mean $${meant}?`}`,
      );
    }
  }

  #once(instruction: Instruction, report: Report): void {
    const { keyword } = instruction;
    const above = this.#onlyOnes.get(keyword);
    if (above !== undefined)
      report(
        'MultipleInstructionsDisallowed',
        above.at,
        `the ${keyword} on line ${instruction.at.line} replaces this one`,
      );
    this.#onlyOnes.set(keyword, instruction);
  }

  #env(pair: KeyValue & { readonly value: string }, instruction: Instruction, report: Report): void {
    this.#legacy(pair, instruction, report);
    this.#secret(pair.key, instruction, report);
    const filled = this.#variables.fill(pair.value, this.#rules);
    this.#variables.set(pair.key, filled?.value ?? '');
  }

  #legacy({ key, valueAt }: KeyValue, { keyword, at }: Instruction, report: Report): void {
    if (valueAt === undefined || this.#surroundings.text[valueAt.offset - 1] === '=') return;
    report('LegacyKeyValueFormat', at, `${keyword} ${key} has a blank between name and value, not =`);
  }

  #secret(key: string, { keyword, at }: Instruction, report: Report): void {
    if (isSecretName(key))
      report('SecretsUsedInArgOrEnv', at, `${keyword} ${key} looks like a secret, and stays readable in the image`);
  }

  #arg({ key, value }: KeyValue, instruction: Instruction, report: Report): void {
    const { buildArgs, globals } = this.#surroundings;
    this.#secret(key, instruction, report);
    const given = givenArgument(buildArgs, key);
    const found = given ?? (value === undefined ? globals.values.get(key) : this.#filled(value, instruction, report));
    if (found !== undefined) this.#variables.set(key, found);
    this.#variables.declare(key);
  }
}
