import type { CommandName } from './command-name.ts';
import type { ExitStatus } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import type { OptionName } from './options.ts';
import type { World } from './world.ts';

/** What a file of `commands/` exports: the command itself. */
export interface CommandModule<K extends OptionName = OptionName> {
  run(invocation: Invocation<K>, world: World): Promise<ExitStatus>;
}

/** The headings of `cip --help`, in their order. */
export type CommandGroup = 'Build and publish' | 'Move images' | 'Decide' | 'Set up';

/** A row of the table in commands.ts; the code behind it is imported when the command is chosen. */
export interface Command {
  readonly name: CommandName;
  readonly aliases: readonly string[];
  readonly group: CommandGroup;
  /** For the list of commands: half a line, no full stop. */
  readonly summary: string;
  readonly positionals?: Positionals | undefined;
  readonly options: readonly OptionName[];
  readonly required: readonly OptionName[];
  /** Whether `-- --build-arg K=V --target STAGE` may follow. */
  readonly takesBuildArguments: boolean;
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Absent where main.ts answers from the table alone. */
  readonly load?: (() => Promise<CommandModule>) | undefined;
}

/** What a command takes besides options, for its usage line and for the check of how many there are. */
export interface Positionals {
  /** For the usage line: `[SELECTOR…]`. */
  readonly usage: string;
  readonly description: string;
  readonly atMost: number;
}
