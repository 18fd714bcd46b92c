import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { ignoreMatcher } from '../dockerfile/dockerignore.ts';

/**
 * The patterns of an ignore file, with a line behind them that leaves cip's own store out where it lies strictly below the
 * context: it changes while a build reads it, and keys would count it. Both paths are absolute, and need not be there.
 */
export async function ignoringStore(
  ignore: readonly string[],
  { context, store }: { readonly context: string; readonly store: string },
): Promise<readonly string[]> {
  const [from, to] = await Promise.all([context, store].map((path) => realpath(path).catch(() => path)));
  const below = relative(from!, to!);
  if (below === '' || below === '..' || below.startsWith(`..${sep}`)) return ignore;
  const pattern = below.replaceAll(/[*?[\]\\]/g, '\\$&');
  // A `!` in front would be the mark of an exception.
  const excluding = pattern.replace(/^!/, '\\!');
  const matcher = ignoreMatcher(ignore);
  if (!matcher.excludes(below)) return [...ignore, excluding];
  // A line for what is left out already counts for nothing below it, where exceptions may take files in again.
  return matcher.mayContainIncluded(below) ? [...ignore, `!${pattern}`, excluding] : ignore;
}
