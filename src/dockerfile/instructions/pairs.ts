import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { KeyValue } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import type { Statement } from '../statement.ts';
import { missingArguments } from '../value-failure.ts';

/** The keys and values of ENV and LABEL. */
export function parsePairs(statement: Statement): Result<readonly (KeyValue & { readonly value: string })[], Failure> {
  const { keyword, line, start, end } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  if (statement.arguments.kind !== 'pairs') {
    return failed(missingArguments(keyword, 'at least one name=value', line.span(start, end)));
  }
  return ok(
    statement.arguments.pairs.map(({ word, key, value }) => ({
      key: key.text,
      value: value.text,
      at: line.span(word.start, word.end),
      valueAt: line.span(value.start, value.end),
    })),
  );
}
