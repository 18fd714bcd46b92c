import { type Failure, ok, type Result } from '../../result.ts';
import type { CopyInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { parsePaths } from './transfer.ts';

const FLAGS = {
  from: 'one',
  chown: 'one',
  chmod: 'one',
  link: 'boolean',
  parents: 'boolean',
  exclude: 'many',
} as const;

/** `COPY [--from=…] [--chown=…] … source… destination`, or sources and destination as a JSON array. */
export function parseCopy(statement: Statement, context: ParseContext): Result<CopyInstruction, Failure> {
  const flags = checkFlags(statement, FLAGS);
  if (!flags.ok) return flags;
  const paths = parsePaths(statement, context);
  if (!paths.ok) return paths;
  const { from, chown, chmod, link = false, parents = false, exclude } = flags.value;
  return ok({
    ...instructionBase({ ...statement, keyword: 'COPY' }, context),
    ...paths.value,
    // An empty value means what no flag means.
    from: from?.text ? { value: from.text, at: from.at(statement.line) } : undefined,
    chown: chown?.text || undefined,
    chmod: chmod?.text || undefined,
    link,
    parents,
    // Nothing is left out by nothing, as where a variable was meant to say more.
    exclude: exclude.flatMap(({ text }) => (text.trim() === '' ? [] : [text])),
  });
}
