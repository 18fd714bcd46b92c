import { type Failure, ok, type Result } from '../../result.ts';
import type { LabelInstruction } from '../dockerfile.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { parsePairs } from './pairs.ts';

/** `LABEL key=value …` or the old `LABEL key value`. */
export function parseLabel(statement: Statement, context: ParseContext): Result<LabelInstruction, Failure> {
  const pairs = parsePairs(statement);
  return pairs.ok ? ok({ ...instructionBase({ ...statement, keyword: 'LABEL' }, context), pairs: pairs.value }) : pairs;
}
