import { type Failure, ok, type Result } from '../../result.ts';
import type { CommandInstruction, CommandOf } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { commandLineOf } from './command-line.ts';

/** `CMD …` and `ENTRYPOINT …`; with nothing behind it, the empty text. */
export function parseCommand<K extends CommandInstruction['keyword']>(keyword: K) {
  return (statement: Statement, context: ParseContext): Result<CommandOf<K>, Failure> => {
    const flags = checkFlags(statement, {});
    if (!flags.ok) return flags;
    return ok({ ...instructionBase({ ...statement, keyword }, context), command: commandLineOf(statement.arguments) });
  };
}
