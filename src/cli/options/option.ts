import type * as Zod from 'zod';
import type { SchemaKit } from './schemas.ts';

/** One option, written once: how it is typed, what it means, and what its value must be. `T`: its value. */
export interface Option<T = unknown> {
  /** As it is typed, without dashes, where it is not the key in kebab-case: another option of another command has that flag too. */
  readonly flag?: string;
  /** One letter, without the dash. */
  readonly alias?: string;
  readonly kind: 'string' | 'boolean' | 'count' | 'list';
  /** Stands for the value in help: `DIR`. */
  readonly value?: string;
  /** What the option stands for without a value: `--load`. */
  readonly bare?: string;
  /** A value as a person would type it, for those who typed another. */
  readonly example?: string;
  readonly description: string;
  readonly group: OptionGroup;
  /** Two different values are a mistake; for any other option the last one counts. */
  readonly isGivenOnce?: true;
  /** As a person would type it. */
  readonly default?: string;
  /** What `--no-…` stands for, where that spelling exists. */
  readonly negation?: string;
  /** False where an environment variable for it makes no sense. */
  readonly fromEnvironment?: false;
  /** Takes what was typed (a string, `true`, a count, a list) or undefined. */
  readonly schema: (kit: SchemaKit) => Zod.ZodType<T>;
}

/** The headings under which `--help` lists the options of a command, in their order. */
export type OptionGroup = 'What' | 'Where' | 'How' | 'Output';

/** An option as it is written, with the type of its value. */
export function option<T>(definition: Option<T>): Option<T> {
  return definition;
}
