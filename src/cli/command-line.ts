import { Parser } from 'yargs/helpers';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import { loadZod } from '../load-zod.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';

import type { Command } from './command.ts';
import { commands, findCommand } from './commands.ts';
import { type Shell, shells } from './completion.ts';
import { dockerOptions } from './docker-options.ts';
import * as failures from './failure.ts';
import type { Invocation } from './invocation.ts';
import type { Option } from './options/option.ts';
import type { SchemaKit } from './options/schemas.ts';
import { flagOf, type OptionName, type OptionValues, options, optionToGive, variableOf } from './options.ts';
import { shortOptionsIn } from './short-options.ts';

/** What was typed, understood. */
export type ParsedCommandLine =
  | { readonly kind: 'version' }
  /** Of these commands, which are several for the first word of several; of cip where there is none. */
  | { readonly kind: 'help'; readonly commands: readonly Command[] }
  | { readonly kind: 'completion'; readonly shell: Shell }
  | { readonly kind: 'run'; readonly command: Command; readonly invocation: Invocation };

/**
 * Arguments and environment to a command line. A request for help wins over every mistake; otherwise all mistakes
 * are reported at once. An option is taken from its flag (the last, if repeated), else from its variable, else it
 * has its default.
 */
export async function parseCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<ParsedCommandLine>> {
  const typed = parseWords(argv);
  const { command, rest } = findCommand(typed.positionals);
  const words = { ...typed, given: ofCommand(typed.given, command) };
  if (words.help || command?.name === 'help') return helpFor(command, rest);
  if (words.version || (command === undefined && asksForVersion(words))) return ok({ kind: 'version' });
  if (command === undefined) {
    const unknown = unknownOptions(words, undefined);
    // Of a slip in an option alone, nobody needs to be told that there is no command.
    const isSlip =
      words.positionals.length === 0 && unknown.some((failure) => 'meant' in failure && failure.meant !== undefined);
    return failed(isSlip ? unknown : [...noCommand(words), ...unknown]);
  }

  const shell = shells.find((known) => known === (rest[0] ?? 'bash').toLowerCase());
  const problems = [...unknownOptions(words, command), ...misplaced(words, rest, command)];
  if (command.name === 'completion' && shell === undefined) problems.push(failures.unknownShell(rest[0]!, shells));
  const { values, explicit, invalid } = await readValues(words, command, env);
  problems.push(...invalid);
  if (problems.length > 0) return failed(problems);
  if (command.name === 'completion') return ok({ kind: 'completion', shell: shell! });
  const invocation = {
    command: command.name,
    options: values,
    explicit,
    positionals: rest,
    buildArguments: words.afterDashes,
  };
  return ok({ kind: 'run', command, invocation });
}

/** `cip version`, and `cip -v`, which means something else to a command. */
function asksForVersion({ positionals, given, unknown }: Words): boolean {
  if (unknown.length > 0) return false;
  const isWord = positionals.length === 1 && positionals[0]!.toLowerCase() === 'version';
  return isWord || (positionals.length === 0 && given.size === 1 && given.get('verbose')?.at(-1) === 1);
}

interface Words {
  readonly help: boolean;
  readonly version: boolean;
  readonly positionals: readonly string[];
  /** By option, every value typed for it, in order: strings, `true`, or a count. */
  readonly given: ReadonlyMap<OptionName, readonly unknown[]>;
  /** As typed: `--bogus`. */
  readonly unknown: readonly string[];
  /** `--stop-on-first-error=perhaps`. */
  readonly badToggles: readonly { readonly flag: string; readonly typed: string }[];
  readonly afterDashes: readonly string[];
}

const names = Object.keys(options) as OptionName[];
/** Of several options with one flag the first: see `ofCommand`. */
const nameOfFlag = new Map(names.toReversed().map((name) => [flagOf(name), name]));
const definitionOf = (name: OptionName): Option => options[name];
const flagsOfKind = (...kinds: Option['kind'][]) =>
  names.filter((name) => kinds.includes(definitionOf(name).kind)).map(flagOf);

const parserOptions = {
  boolean: [...flagsOfKind('boolean'), 'help', 'version'],
  string: flagsOfKind('string'),
  count: flagsOfKind('count'),
  array: flagsOfKind('list'),
  alias: {
    ...Object.fromEntries(
      names.flatMap((name) => (definitionOf(name).alias ? [[flagOf(name), [definitionOf(name).alias!]]] : [])),
    ),
    help: ['h'],
  },
  configuration: {
    'boolean-negation': false,
    'camel-case-expansion': false,
    'dot-notation': false,
    'duplicate-arguments-array': true,
    'greedy-arrays': false,
    'parse-numbers': false,
    'parse-positional-numbers': false,
    'populate--': true,
    'strip-aliased': true,
  },
};

function parseWords(argv: readonly string[]): Words {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const badToggles: { flag: string; typed: string }[] = [];
  const unknown: string[] = [];
  const before = withDashes(argv.slice(0, end)).flatMap((word, index) => {
    if (index === 0 && /^-(h|-help)$/i.test(word)) return word.toLowerCase();
    return shortOptionsIn(word, unknown).map((one) => unNegated(one, badToggles));
  });
  const parsed = Parser(before, parserOptions) as Record<string, unknown> & { _: string[] };
  const given = new Map<OptionName, readonly unknown[]>();
  for (const [flag, value] of Object.entries(parsed)) {
    if (flag === '_' || flag === '--' || flag === 'help' || flag === 'version') continue;
    const name = nameOfFlag.get(flag);
    if (name === undefined) unknown.push(flag.length === 1 ? `-${flag}` : `--${flag}`);
    else if (!(definitionOf(name).kind === 'count' && value === 0)) given.set(name, [value].flat());
  }
  return {
    help: parsed['help'] === true,
    version: parsed['version'] === true,
    positionals: parsed._,
    given,
    unknown,
    badToggles,
    afterDashes: argv.slice(end + 1),
  };
}

/** The same with the options of the command, where another of them has the flag of one that was found by it. */
function ofCommand(given: Words['given'], command: Command | undefined): Words['given'] {
  const own = (name: OptionName) =>
    command === undefined || command.options.includes(name)
      ? name
      : (command.options.find((one) => flagOf(one) === flagOf(name)) ?? name);
  return new Map([...given].map(([name, values]) => [own(name), values]));
}

/** `-o -` → `--output=-`: behind an option with many values, the parser takes `-` for an argument of the command. */
function withDashes(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    const name = names.find((one) => last === `--${flagOf(one)}` || last === `-${definitionOf(one).alias}`);
    if (word === '-' && name !== undefined && definitionOf(name).kind === 'list')
      joined.splice(-1, 1, `--${flagOf(name)}=-`);
    else joined.push(word);
  }
  return joined;
}

/** `--no-color` → `--color=never`; `--json=yes` → `--json=true`, so that repetitions stay in order for the parser. */
function unNegated(word: string, badToggles: { flag: string; typed: string }[]): string {
  const [, negated, flag = '', typed] = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  const name = nameOfFlag.get(negated === undefined ? flag : `no-${flag}`) ?? nameOfFlag.get(flag);
  if (name === undefined) return word;
  const { kind, negation, bare } = definitionOf(name);
  if (bare !== undefined && negated === undefined && typed === undefined) return `--${flag}=${bare}`;
  if (negated !== undefined && flagOf(name) === flag) {
    return negation === undefined || typed !== undefined ? word : `--${flag}=${negation}`;
  }
  if (kind !== 'boolean' || typed === undefined) return word;
  const value = toggleWords.get(typed.toLowerCase());
  if (value === undefined) badToggles.push({ flag: flagOf(name), typed });
  return `--${flagOf(name)}=${value ?? true}`;
}

const toggleWords = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

function helpFor(command: Command | undefined, positionals: readonly string[]): Result<ParsedCommandLine> {
  const help = (commands: readonly Command[]) => ok({ kind: 'help', commands } as const);
  if (command !== undefined && command.name !== 'help') return help([command]);
  if (positionals.length === 0) return help([]);
  const { command: topic } = findCommand(positionals);
  if (topic !== undefined) return help(topic.name === 'help' ? [] : [topic]);
  const group = positionals.length === 1 ? commandsBelow(positionals[0]!) : [];
  if (group.length > 0) return help(group);
  return command === undefined ? help([]) : failed([unknownCommand(positionals)]);
}

/** `registry serve` and whatever else begins with `registry`. */
function commandsBelow(word: string): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${word.toLowerCase()} `));
}

function noCommand(words: Words): readonly Failure[] {
  return [words.positionals.length === 0 ? failures.missingCommand() : unknownCommand(words.positionals)];
}

function unknownCommand(typed: readonly string[]) {
  const all = commands.flatMap((command) => [command.name, ...command.aliases]);
  const [first = '', second] = typed;
  const group = commandsBelow(first).map(({ name }) => name);
  if (group.length === 0) return failures.unknownCommand(first, suggestionFor(first, all));
  const name = second === undefined ? first : `${first} ${second}`;
  const meant = group.length === 1 ? group[0] : suggestionFor(name.toLowerCase(), group);
  return failures.unknownCommand(name, meant, group);
}

function unknownOptions(words: Words, command: Command | undefined): readonly Failure[] {
  const name = command?.name ?? '';
  const known = (command?.options ?? names).flatMap((option) => {
    const { alias, negation } = definitionOf(option);
    const flag = flagOf(option);
    return [`--${flag}`, ...(alias ? [`-${alias}`] : []), ...(negation ? [`--no-${flag}`] : [])];
  });
  const nearest = (typed: string) =>
    typed.length > 2 ? suggestionFor(typed, [...known, '--help', '--version']) : undefined;
  const unknown = words.unknown.map((typed) => {
    const instead = dockerOptions.get(typed);
    if (instead === undefined) return failures.unknownOption(typed, name, nearest(typed));
    return name === 'build-image'
      ? failures.dockerOption(typed, name, instead)
      : failures.unknownOption(typed, name, undefined);
  });
  if (command === undefined) return unknown;
  const elsewhere = [...words.given.keys()]
    .filter((option) => !command.options.includes(option))
    .map((option) => {
      const flag = `--${flagOf(option)}`;
      if (!command.takesBuildArguments || !(option === 'buildArg' || option === 'target'))
        return failures.optionOfOtherCommand(flag, name, commandsWith(option));
      const typed = words.given.get(option)!.map((value) => `${flag} ${value || optionToGive(option).value}`);
      const selectors = words.positionals.slice(name.split(' ').length);
      return failures.optionOfBuilds(flag, typed.join(' '), [name, ...selectors].join(' '));
    });
  return [...unknown, ...elsewhere];
}

function commandsWith(option: OptionName): readonly string[] {
  const flag = flagOf(option);
  return commands.filter((command) => command.options.some((one) => flagOf(one) === flag)).map(({ name }) => name);
}

function misplaced(words: Words, positionals: readonly string[], command: Command): readonly Failure[] {
  const extra = command.positionals === undefined ? positionals : positionals.slice(command.positionals.atMost);
  return [
    ...extra.map((typed) => failures.unexpectedArgument(typed, command.name, command.positionals?.description)),
    ...(words.afterDashes.length > 0 && !command.takesBuildArguments
      ? [failures.argumentsAfterDashes(command.name)]
      : []),
  ];
}

async function readValues(words: Words, command: Command, env: Readonly<Record<string, string | undefined>>) {
  const kit = await schemaKit();
  const values: Partial<Record<OptionName, unknown>> = {};
  const explicit = new Set<OptionName>();
  const invalid: Failure[] = words.badToggles.map(({ flag, typed }) =>
    failures.neitherOnNorOff({ source: `--${flag}`, typed }, `write --${flag}=true or --${flag}=false`),
  );
  for (const name of command.options) {
    const definition = definitionOf(name);
    const variable = variableOf(name);
    const fromEnv = variable === undefined ? undefined : env[variable] || undefined;
    const typed = words.given.get(name);
    const source = typed === undefined ? (variable ?? '') : `--${flagOf(name)}`;
    if (typed !== undefined || fromEnv !== undefined) explicit.add(name);
    const last = definition.kind === 'list' && typed !== undefined ? typed : typed?.at(-1);
    const raw = last ?? fromEnv ?? definition.default;
    if (typed !== undefined && (typed.length === 0 || typed.includes('') || last === '')) {
      invalid.push(failures.optionWithoutValue(source, definition.value ?? 'VALUE'));
    } else if (definition.isGivenOnce && new Set(typed).size > 1) {
      invalid.push(failures.optionRepeated(source, typed!.map(String)));
    } else if (raw === undefined && command.required.includes(name)) {
      invalid.push(failures.missingOption(command.name, optionToGive(name)));
    } else {
      const parsed = definition.schema(kit).safeParse(raw);
      if (parsed.success) values[name] = parsed.data;
      else {
        invalid.push(invalidValue({ source, typed: [raw].flat().join(' ') }, parsed.error.issues, definition));
      }
    }
  }
  if (words.given.get('keepGoing')?.at(-1) === true && words.given.get('stopOnFirstError')?.at(-1) === true) {
    invalid.push(failures.contradictoryOptions('--keep-going', '--stop-on-first-error'));
  }
  return { values: values as OptionValues<OptionName>, explicit, invalid };
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly params?: Record<string, unknown>;
  /** Of a choice: what there is to choose from. */
  readonly values?: readonly unknown[];
}

/** A failure of one of our own parsers, which names the value itself, or of a schema, which does not. */
function invalidValue(given: failures.GivenValue, issues: readonly Issue[], definition: Option): Failure {
  const { source, typed } = given;
  // On the command line it is a flag, or a word that was looked at before.
  if (definition.kind === 'boolean')
    return failures.neitherOnNorOff(given, `set ${source} to true or false, or unset it`);
  const choices = issues.flatMap(({ code, values = [] }) => (code === 'invalid_value' ? values.map(String) : []));
  if (choices.length > 0) {
    const meant = suggestionFor(typed, choices);
    const hint = meant === undefined ? `write ${source}=${choices[0]}` : `did you mean ${meant}?`;
    return failures.invalidOptionValue(given, [`choose from ${choices.join(', ')}`], hint);
  }
  const problems = [...new Set(issues.map(({ message }) => message))];
  const hints = issues.flatMap(({ params }) => (typeof params?.['hint'] === 'string' ? [params['hint']] : []));
  const hint = hints[0] ?? (definition.example && `write ${source}=${definition.example}`);
  return failures.invalidOptionValue(given, problems, hint);
}

async function schemaKit(): Promise<SchemaKit> {
  const z = await loadZod();
  const [{ parsePlatforms }, { parseReference }, { parseRegistry }] = await Promise.all([
    import('../oci/platform.ts'),
    import('../oci/reference.ts'),
    import('../oci/registry-name.ts'),
  ]);
  return { z, parsePlatforms, parseReference, parseRegistry };
}
