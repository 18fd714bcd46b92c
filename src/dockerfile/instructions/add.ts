import { type Failure, ok, type Result } from '../../result.ts';
import type { AddInstruction } from '../dockerfile.ts';
import { checkFlags } from '../flags.ts';
import { instructionBase, type ParseContext } from '../instruction-parser.ts';
import type { Statement } from '../statement.ts';
import { parsePaths } from './transfer.ts';

const FLAGS = {
  chown: 'one',
  chmod: 'one',
  link: 'boolean',
  checksum: 'one',
  'keep-git-dir': 'boolean',
  unpack: 'boolean',
  exclude: 'many',
} as const;

/** `ADD [--checksum=…] [--chown=…] … source… destination`, or sources and destination as a JSON array. */
export function parseAdd(statement: Statement, context: ParseContext): Result<AddInstruction, Failure> {
  const flags = checkFlags(statement, FLAGS);
  if (!flags.ok) return flags;
  const paths = parsePaths(statement, context);
  if (!paths.ok) return paths;
  const { chown, chmod, link = false, checksum, 'keep-git-dir': keepGitDir, unpack, exclude } = flags.value;
  return ok({
    ...instructionBase({ ...statement, keyword: 'ADD' }, context),
    ...paths.value,
    // An empty value means what no flag means.
    chown: chown?.text || undefined,
    chmod: chmod?.text || undefined,
    link,
    checksum: checksum?.text || undefined,
    keepGitDir,
    unpack,
    // Nothing is left out by nothing, as where a variable was meant to say more.
    exclude: exclude.flatMap(({ text }) => (text.trim() === '' ? [] : [text])),
  });
}
