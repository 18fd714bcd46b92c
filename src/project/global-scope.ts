import type { Dockerfile, KeyValue } from '../dockerfile/dockerfile.ts';
import { ExpansionBudget, expand } from '../dockerfile/expand.ts';
import { searchable } from '../dockerfile/searchable.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { type Failure, failed, ok, type Result } from '../result.ts';

/** What the ARGs above the first FROM are worth: the only variables that references to images see. */
export interface GlobalScope {
  readonly dockerfile: Dockerfile;
  readonly given: GivenValues;
  readonly values: ReadonlyMap<string, string>;
  /** For all that is expanded in it. */
  readonly budget: ExpansionBudget;
}

/** What the values come from besides the Dockerfile. */
export interface GivenValues {
  /** For ARGs that the Dockerfile declares. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Set whether declared or not. */
  readonly registry: string;
  /** Absent where the Dockerfile says nothing that depends on it. */
  readonly platform?: Platform | undefined;
}

/** A default to read as if it were another text, to see what it changes. */
export interface ReplacedDefault {
  readonly argument: KeyValue;
  readonly text: string;
}

/** Names that have a value without being declared. */
const platformVariable = /(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)/;

/** The same by name. */
export const platformVariables = ['TARGET', 'BUILD'].flatMap((prefix) =>
  ['PLATFORM', 'OS', 'ARCH', 'VARIANT'].map((what) => `${prefix}${what}`),
);

/** Whether a Dockerfile may mean different things for different platforms. */
export function usesPlatform(text: string): boolean {
  return platformVariable.test(searchable(text));
}

/** Values in the order of the ARGs: a default sees only those above it. What is given beats the default. */
export function globalScope(
  dockerfile: Dockerfile,
  given: GivenValues,
  replaced?: ReplacedDefault,
): Result<GlobalScope> {
  const values = new Map([
    ['REGISTRY', given.registry] as const,
    ...(given.platform ? platformValues(given.platform) : []),
  ]);
  const budget = new ExpansionBudget();
  const failures: Failure[] = [];
  for (const argument of globalArguments(dockerfile)) {
    if (argument.key === 'REGISTRY') continue;
    const givenValue = Object.hasOwn(given.buildArgs, argument.key) ? given.buildArgs[argument.key] : undefined;
    const text = replaced?.argument === argument ? replaced.text : argument.value;
    if (givenValue !== undefined) values.set(argument.key, givenValue);
    else if (text !== undefined) {
      const expanded = expand(text, values, { escapeCharacter: dockerfile.escape, budget });
      if (expanded.ok) values.set(argument.key, expanded.value.value);
      else failures.push(...expanded.failure.map((failure) => ({ ...failure, at: argument.valueAt ?? argument.at })));
    }
  }
  if (failures.length > 0) return failed(failures);
  return ok({ dockerfile, given, values, budget });
}

/** Those before the first FROM, in the order written, of all instructions in one list. */
export function globalArguments(dockerfile: Dockerfile): readonly KeyValue[] {
  return dockerfile.globalArgs.flatMap(({ args }) => args);
}

/** Expands a word of FROM, or of a flag, with what is known before the first stage. Fails as `expand` does. */
export function expandIn(scope: GlobalScope, word: string) {
  const { dockerfile, values, budget } = scope;
  return expand(word, values, { escapeCharacter: dockerfile.escape, budget });
}

function platformValues(platform: Platform): readonly (readonly [name: string, value: string])[] {
  return ['TARGET', 'BUILD'].flatMap((prefix) => [
    [`${prefix}PLATFORM`, formatPlatform(platform)] as const,
    [`${prefix}OS`, platform.os] as const,
    [`${prefix}ARCH`, platform.architecture] as const,
    [`${prefix}VARIANT`, platform.variant ?? ''] as const,
  ]);
}
