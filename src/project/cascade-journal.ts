import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { readRegularFile } from '../read-regular-file.ts';
import { FailureError } from '../result.ts';
import { cascadeInProgress, cascadeInterrupted, journalDamaged } from './cascade-failure.ts';

/**
 * What makes a cascade all or nothing. A journal is written aside, with the new bytes of every file, and comes into
 * force when its directory gets its name; from then on the cascade will be finished, now or by who comes next.
 *
 *     <project>/.cip
 *     ├── cascade-<pid>-<uuid>   being written, or being removed: means nothing
 *     └── cascade-journal        in force
 *         ├── journal.json
 *         ├── 0                  new bytes of the first file, moved from here into place
 *         └── 1
 *
 * Nothing of it is in a build context. Only where a context is a link to another file system, the bytes have to be
 * copied beside their file first, under a name that finishing takes away again.
 */
const Journal = z.strictObject({
  schema: z.literal('cip.cascade-journal/v1'),
  /** Tells this cascade from a later one. */
  id: z.string(),
  files: z.array(
    z.strictObject({
      /** Relative to the project, or absolute outside of it. Not a symbolic link. */
      path: z.string(),
      /** Sha-256 of the whole file, in hex. */
      before: z.string(),
      after: z.string(),
    }),
  ),
});
type Journal = z.infer<typeof Journal>;
type JournalFile = Journal['files'][number];

/** One file to replace. */
export interface Replacement {
  /** Absolute, and not a symbolic link. */
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Permission bits to give the new file. */
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** Puts a journal into force: once this resolves, the cascade survives whatever happens to the process. */
export async function commitJournal(directory: string, replacements: readonly Replacement[]): Promise<void> {
  await removeAbandoned(directory);
  const aside = asideIn(directory);
  await mkdir(aside, { recursive: true });
  try {
    for (const [index, replacement] of replacements.entries()) await writeNew(join(aside, `${index}`), replacement);
    await writeDurably(join(aside, 'journal.json'), journalOf(directory, replacements));
    await syncDirectory(aside);
    await rename(aside, journalIn(directory));
    await syncDirectory(dirname(aside));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    await rmdir(dirname(aside)).catch(() => {});
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw new FailureError(cascadeInProgress(), { cause: error });
    throw error;
  }
}

/**
 * Finishes a cascade whose journal is in force: the absolute paths of the files that it is about, none if there is no
 * journal. Several processes may do so at once. Rejects with `cascade-interrupted`, and writes nothing, if somebody
 * changed one of the files since.
 */
export async function recoverCascade(directory: string): Promise<readonly string[]> {
  await removeAbandoned(directory);
  const journal = await readJournal(directory);
  if (journal === undefined) return [];
  const targets = journal.files.map((file) => ({ file, path: resolve(directory, file.path) }));
  const digests = await Promise.all(targets.map(({ path }) => digestOf(path)));
  const changed = targets.filter(({ file }, index) => digests[index] !== file.before && digests[index] !== file.after);
  if (changed.length > 0 && (await readJournal(directory)) !== undefined) {
    throw new FailureError(
      cascadeInterrupted(
        changed.map(({ path }) => path),
        journalIn(directory),
      ),
    );
  }
  for (const [index, { file, path }] of targets.entries()) {
    if (digests[index] !== file.after) await moveIntoPlace(join(journalIn(directory), `${index}`), path, file);
  }
  await Promise.all(targets.map(({ path }) => rm(beside(path), { force: true })));
  await Promise.all([...new Set(targets.map(({ path }) => dirname(path)))].map(syncDirectory));
  await removeJournal(directory, journal);
  return targets.map(({ path }) => path);
}

/** A rename where possible; what another process has moved already is fine. */
async function moveIntoPlace(from: string, to: string, file: JournalFile): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EXDEV') return moveAcross(from, to);
    if (code === 'ENOENT' && (await digestOf(to)) === file.after) return;
    throw error;
  }
}

async function moveAcross(from: string, to: string): Promise<void> {
  const temporary = beside(to);
  await copyFile(from, temporary);
  const handle = await open(temporary, 'r+');
  try {
    const stats = await open(from, 'r').then((source) => source.stat().finally(() => source.close()));
    await handle.chmod(stats.mode & 0o7777);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, to);
}

async function writeNew(path: string, { after, mode, owner }: Replacement): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(after);
    // Only root can give files away; somebody who may write another's file gets one of their own with the same bytes.
    await handle.chown(owner.uid, owner.gid).catch(() => {});
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function journalOf(directory: string, replacements: readonly Replacement[]): string {
  const journal: Journal = {
    schema: 'cip.cascade-journal/v1',
    id: randomUUID(),
    files: replacements.map(({ path, before, after }) => ({
      path: pathInJournal(directory, path),
      before: sha256(before),
      after: sha256(after),
    })),
  };
  return `${JSON.stringify(journal, null, 2)}\n`;
}

/** A journal in force was complete when it got its name, so one that cannot be read was damaged by somebody. */
async function readJournal(directory: string): Promise<Journal | undefined> {
  const path = join(journalIn(directory), 'journal.json');
  try {
    return Journal.parse(JSON.parse((await readRegularFile(path)).toString()));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new FailureError(journalDamaged(path), { cause: error });
  }
}

/** Takes the name away first: a journal that is half removed must not be read. */
async function removeJournal(directory: string, finished: Journal): Promise<void> {
  // Another process may have finished it as well, removed it, and begun a new one.
  if ((await readJournal(directory))?.id !== finished.id) return;
  const aside = asideIn(directory);
  await rename(journalIn(directory), aside).catch(ignoreMissing);
  await rm(aside, { recursive: true, force: true });
  await rmdir(dirname(aside)).catch(() => {});
}

/** Removes what a killed process was still writing, or no longer removing. */
async function removeAbandoned(directory: string): Promise<void> {
  const entries = await readdir(join(directory, '.cip')).catch(() => undefined);
  if (entries === undefined) return;
  const abandoned = entries.filter((name) => {
    const pid = /^cascade-(\d+)-[0-9a-f-]+$/.exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
  await Promise.all(abandoned.map((name) => rm(join(directory, '.cip', name), { recursive: true, force: true })));
  if (entries.length === abandoned.length) await rmdir(join(directory, '.cip')).catch(() => {});
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function journalIn(directory: string): string {
  return join(directory, '.cip', 'cascade-journal');
}

function asideIn(directory: string): string {
  return join(directory, '.cip', `cascade-${process.pid}-${randomUUID()}`);
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.cip-cascade`);
}

function pathInJournal(directory: string, path: string): string {
  const inside = relative(directory, path);
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}

async function digestOf(path: string): Promise<string | undefined> {
  try {
    return sha256(await readRegularFile(path));
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
