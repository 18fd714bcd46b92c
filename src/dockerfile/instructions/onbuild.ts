import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { OnbuildInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { withBodies } from '../heredoc.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { invalidTrigger, missingArguments } from '../value-failure.ts';

/** `ONBUILD instruction`. */
export function parseOnbuild(statement: Statement, context: ParseContext): Result<OnbuildInstruction, Failure> {
  const { line, start, end, arguments: written } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  if (written.kind !== 'statement') return failed(missingArguments('ONBUILD', 'an instruction', line.span(start, end)));
  const inner = written.statement;
  if (inner.keyword === 'FROM' || inner.keyword === 'MAINTAINER') {
    return failed(invalidTrigger(inner.keyword, line.span(inner.start, inner.end)));
  }
  const instruction = context.parse(inner);
  if (!instruction.ok) return instruction;
  if (instruction.value.keyword === 'FROM') throw new Error(`${inner.keyword} was parsed as FROM`);
  return ok({
    ...instructionBase({ ...statement, keyword: 'ONBUILD' }, context),
    trigger: withBodies(line.text.slice(inner.start, inner.end), context.heredocs),
    instruction: instruction.value,
  });
}
