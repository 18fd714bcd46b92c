import { type Failure, ok, type Result } from '../../result.ts';
import type { EnvInstruction } from '../dockerfile.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { parsePairs } from './pairs.ts';

/** `ENV name=value …` or the old `ENV name value`. */
export function parseEnv(statement: Statement, context: ParseContext): Result<EnvInstruction, Failure> {
  const pairs = parsePairs(statement);
  return pairs.ok ? ok({ ...instructionBase({ ...statement, keyword: 'ENV' }, context), pairs: pairs.value }) : pairs;
}
