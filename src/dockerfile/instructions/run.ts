import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { RunInstruction, RunMount } from '../dockerfile.ts';
import { invalidFlagValue } from '../failure.ts';
import { checkFlags } from '../flags.ts';
import type { Fragment } from '../fragment.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { emptyCommand, missingArguments } from '../value-failure.ts';
import { commandLineOf } from './command-line.ts';
import { parseMount } from './run-mount.ts';

const FLAGS = { mount: 'many', network: 'one', security: 'one', device: 'unsupported' } as const;
/** Flags whose value is a choice; the first is the default. */
const CHOICES = { network: ['default', 'none', 'host'], security: ['sandbox', 'insecure'] } as const;

/** `RUN [--mount=…] [--network=…] [--security=…] command`, with heredocs where it is text for the shell. */
export function parseRun(statement: Statement, context: ParseContext): Result<RunInstruction, Failure> {
  const { line, start, end } = statement;
  const flags = checkFlags(statement, FLAGS);
  if (!flags.ok) return flags;
  const network = chosen('network', flags.value.network, statement);
  if (!network.ok) return network;
  const security = chosen('security', flags.value.security, statement);
  if (!security.ok) return security;
  const mounts: RunMount[] = [];
  for (const written of flags.value.mount) {
    const mount = parseMount(written, line);
    if (!mount.ok) return mount;
    mounts.push(mount.value);
  }
  const command = commandLineOf(statement.arguments);
  const at = line.span(start, end);
  if (command.form === 'exec' && command.args.length === 0) return failed(missingArguments('RUN', 'a command', at));
  if (command.form === 'shell' && command.text === '') {
    context.warn(emptyCommand(at));
  }
  return ok({
    ...instructionBase({ ...statement, keyword: 'RUN' }, context),
    command,
    heredocs: context.heredocs,
    mounts,
    network: network.value,
    security: security.value,
  });
}

function chosen<Flag extends keyof typeof CHOICES>(
  flag: Flag,
  written: Fragment | undefined,
  { line }: Statement,
): Result<(typeof CHOICES)[Flag][number], Failure> {
  const choices: readonly (typeof CHOICES)[Flag][number][] = CHOICES[flag];
  if (!written) return ok(CHOICES[flag][0]);
  const choice = choices.find((one) => one === written.text);
  if (choice !== undefined) return ok(choice);
  return failed(invalidFlagValue(`--${flag}`, written.text, { expected: choices.join(' or '), at: written.at(line) }));
}
