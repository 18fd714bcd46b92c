import { type Failure, failed, ok, type Result } from '../../result.ts';
import type { VolumeInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { emptyPath, missingArguments } from '../value-failure.ts';

/** `VOLUME path …` or the paths as a JSON array. */
export function parseVolume(statement: Statement, context: ParseContext): Result<VolumeInstruction, Failure> {
  const { line, start, end, arguments: written } = statement;
  const flags = checkFlags(statement, {});
  if (!flags.ok) return flags;
  const strings =
    written.kind === 'json' ? written.strings : written.kind === 'words' ? written.words.map(({ text }) => text) : [];
  if (strings.length === 0) return failed(missingArguments('VOLUME', 'at least one path', line.span(start, end)));
  const paths = strings.map((path) => path.trim());
  if (paths.includes('')) return failed(emptyPath('VOLUME', line.span(start, end)));
  return ok({ ...instructionBase({ ...statement, keyword: 'VOLUME' }, context), paths });
}
