import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { ArgInstruction, KeyValue } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { blankName, missingArguments } from '../value-failure.ts';

/** `ARG NAME[=default] …`. */
export function parseArg(statement: Statement, context: ParseContext): Result<ArgInstruction, Failure> {
  const { line, start, end } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  const words = statement.arguments.kind === 'words' ? statement.arguments.words : [];
  if (words.length === 0) return failed(missingArguments('ARG', 'at least one name', line.span(start, end)));
  const args: KeyValue[] = [];
  for (const word of words) {
    const at = line.span(word.start, word.end);
    const equals = word.text.indexOf('=');
    if (equals === 0) return failed(blankName('ARG', at));
    if (equals === -1) args.push({ key: word.text, at });
    else {
      const valueAt = line.span(word.start + equals + 1, word.end);
      args.push({ key: word.text.slice(0, equals), value: word.text.slice(equals + 1), at, valueAt });
    }
  }
  return ok({ ...instructionBase({ ...statement, keyword: 'ARG' }, context), args });
}
