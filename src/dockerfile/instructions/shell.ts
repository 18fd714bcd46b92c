import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { ShellInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { missingArguments, shellNotJson } from '../value-failure.ts';

/** `SHELL ["program", "argument", …]`. */
export function parseShell(statement: Statement, context: ParseContext): Result<ShellInstruction, Failure> {
  const { line, start, end, arguments: written } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  if (written.kind === 'text') return failed(shellNotJson(line.span(start, end)));
  if (written.kind !== 'json' || written.strings.length === 0) {
    return failed(missingArguments('SHELL', 'a JSON array with at least a program', line.span(start, end)));
  }
  return ok({ ...instructionBase({ ...statement, keyword: 'SHELL' }, context), args: written.strings });
}
