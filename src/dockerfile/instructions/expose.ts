import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { ExposeInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { missingArguments } from '../value-failure.ts';

/** `EXPOSE port[/protocol] …`; sorted, as the history of the image shows them. */
export function parseExpose(statement: Statement, context: ParseContext): Result<ExposeInstruction, Failure> {
  const { line, start, end } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  const words = statement.arguments.kind === 'words' ? statement.arguments.words : [];
  if (words.length === 0) return failed(missingArguments('EXPOSE', 'at least one port', line.span(start, end)));
  return ok({
    ...instructionBase({ ...statement, keyword: 'EXPOSE' }, context),
    ports: words.map(({ text }) => text).sort(),
  });
}
