import type { CommandInstruction, CommandLine, ShellInstruction } from '../../dockerfile/dockerfile.ts';
import type { InstructionContext } from './lowering-context.ts';
import type { StageState } from './stage-state.ts';

/** The argument vector: shell form is one string for the stage's shell. */
export function argumentsOf(command: CommandLine, shell: readonly string[]): string[] {
  return command.form === 'exec' ? [...command.args] : [...shell, command.text];
}

/** Also marks the stage: an ENTRYPOINT after it keeps this CMD, and drops one of the base. */
export function lowerCmd(instruction: CommandInstruction, state: StageState, context: InstructionContext): void {
  const args = argumentsOf(instruction.command, state.shell);
  state.config.Cmd = args;
  state.config.ArgsEscaped = true;
  state.hasOwnCmd = true;
  context.record(state, `CMD ${quoted(args)}`);
}

/** ENTRYPOINT clears a CMD that came from the base: it was meant for another entrypoint. */
export function lowerEntrypoint(instruction: CommandInstruction, state: StageState, context: InstructionContext): void {
  const args = argumentsOf(instruction.command, state.shell);
  state.config.Entrypoint = args;
  if (!state.hasOwnCmd) delete state.config.Cmd;
  context.record(state, `ENTRYPOINT ${quoted(args)}`);
}

/** Holds for the RUN, CMD and ENTRYPOINT below it, and is kept in the configuration. */
export function lowerShell(instruction: ShellInstruction, state: StageState, context: InstructionContext): void {
  state.config.Shell = [...instruction.args];
  context.record(state, `SHELL [${instruction.args.join(' ')}]`);
}

/** As Docker's history prints a list: `["a" "b"]`, each as Go's `%q` has it (https://pkg.go.dev/strconv#Quote). */
function quoted(args: readonly string[]): string {
  return `[${args.map((arg) => `"${Array.from(arg, escaped).join('')}"`).join(' ')}]`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

function escaped(char: string): string {
  const known = escapes.get(char);
  if (known !== undefined) return known;
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)) return char;
  const code = char.codePointAt(0)!;
  const digits = (count: number) => code.toString(16).padStart(count, '0');
  if (code < 0x80) return `\\x${digits(2)}`;
  return code < 0x10000 ? `\\u${digits(4)}` : `\\U${digits(8)}`;
}
