import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { WordInstruction, WordOf } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { missingArguments } from '../value-failure.ts';

/** A keyword that takes the rest of the line as one value, which `expected` names for people. */
export function parseWord<K extends WordInstruction['keyword']>(keyword: K, expected: string) {
  return (statement: Statement, context: ParseContext): Result<WordOf<K>, Failure> => {
    const { line, start, end } = statement;
    const flags = checkFlags(statement, {});
    if (!flags.ok) return flags;
    if (statement.arguments.kind !== 'text') return failed(missingArguments(keyword, expected, line.span(start, end)));
    return ok({ ...instructionBase({ ...statement, keyword }, context), value: statement.arguments.text.text });
  };
}
