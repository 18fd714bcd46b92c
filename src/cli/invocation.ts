import type { CommandName } from './command-name.ts';
import type { OptionName, OptionValues } from './options.ts';

/** A command with everything it was told, valid. `K`: the options it reads. */
export interface Invocation<K extends OptionName = OptionName> {
  /** The command's full name, whatever alias was typed. */
  readonly command: CommandName;
  readonly options: OptionValues<K>;
  /** Options that were given on the command line or in the environment, as opposed to defaults. */
  readonly explicit: ReadonlySet<OptionName>;
  readonly positionals: readonly string[];
  /** What stood after `--`. */
  readonly buildArguments: readonly string[];
}
