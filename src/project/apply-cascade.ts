import { access, constants, copyFile, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { mapBounded } from '../map-bounded.ts';
import { type Failure, FailuresError } from '../result.ts';
import type { Cascade, FileChange } from './cascade.ts';
import { changedSincePlanning, conflictingLinks, unwritable } from './cascade-failure.ts';
import { commitJournal, type Replacement, recoverCascade } from './cascade-journal.ts';

/** Where `applyCascade` keeps copies of what it changes; no copies without it. */
export interface ApplyOptions {
  /** Absolute directory that the files are copied to before they are changed, under their paths in the project. */
  readonly backup?: string | undefined;
}

/**
 * Writes a cascade: all of its files or none of them, also when the process is killed in between. Every byte outside
 * of the edits stays, and so do permissions and symbolic links. Rejects with FailuresError, nothing written, if a file
 * is no longer what the plan was made from, or cannot be replaced. `signal` is heeded until the writing begins.
 */
export async function applyCascade(cascade: Cascade, options: ApplyOptions, signal: AbortSignal): Promise<void> {
  if (cascade.files.length === 0) return;
  const directory = await realpath(cascade.directory);
  await recoverCascade(directory);
  const prepared = await mapBounded(cascade.files, 32, prepare);
  const failures: Failure[] = prepared.flatMap((result) => ('reason' in result ? [result] : []));
  const replacements = new Map<string, Replacement>();
  for (const [index, result] of prepared.entries()) {
    if ('reason' in result) continue;
    const other = replacements.get(result.path);
    // Contexts that are links to each other: the same file, which is fine as long as they agree.
    if (other === undefined) replacements.set(result.path, result);
    else if (!Buffer.from(other.after).equals(result.after))
      failures.push(conflictingLinks(cascade.files[index]!.file));
  }
  if (failures.length > 0) throw new FailuresError(failures);

  signal.throwIfAborted();
  if (options.backup !== undefined) await backUp([...replacements.values()], directory, options.backup);
  await commitJournal(directory, [...replacements.values()]);
  await recoverCascade(directory);
}

async function prepare({ path, file, before, after }: FileChange): Promise<Replacement | Failure> {
  try {
    const target = await realpath(path);
    const [bytes, stats] = await Promise.all([readFile(target), stat(target)]);
    if (!bytes.equals(Buffer.from(before, 'utf8'))) return changedSincePlanning(file);
    await access(dirname(target), constants.W_OK);
    return {
      path: target,
      before: bytes,
      after: Buffer.from(after, 'utf8'),
      mode: stats.mode & 0o7777,
      owner: { uid: stats.uid, gid: stats.gid },
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? changedSincePlanning(file) : unwritable(file, message);
  }
}

async function backUp(replacements: readonly Replacement[], directory: string, backup: string): Promise<void> {
  await mapBounded(replacements, 32, async ({ path }) => {
    const copy = join(backup, relative(directory, path).replaceAll('../', ''));
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy);
  });
}
