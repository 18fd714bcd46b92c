import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import fastGlob from 'fast-glob';
import { failed, failuresOf, ok, type Result } from '../result.ts';
import { recoverCascade } from './cascade-journal.ts';
import { type ContextContents, contextFiles } from './context.ts';
import { parseContextDirectory } from './context-directory.ts';
import { danglingLink, finishedCascade, missingContexts, notAFile, unreadable } from './failure.ts';
import { mapBounded } from './map-bounded.ts';
import { parseProject } from './parse-project.ts';
import type { Notice, Project } from './project.ts';

export interface LoadOptions {
  /** What paths in messages start with; by default they are relative to the project's directory. */
  readonly shownAs?: string | undefined;
}

/** How many contexts are read at a time, with four files each. */
const parallel = 32;

/**
 * Reads a whole project: every directory (or link to one) under `contexts/` of the absolute `directory`. Fails with
 * all problems of all contexts at once. A cascade that was interrupted while writing is finished first.
 */
export async function loadProject(directory: string, { shownAs = '' }: LoadOptions = {}): Promise<Result<Project>> {
  const contextsDirectory = join(directory, 'contexts');
  if (!(await isDirectory(contextsDirectory))) return failed([missingContexts(shownAs || directory)]);
  const recovered = await finishCascade(directory, shownAs);
  if (!recovered.ok) return recovered;

  const path = join(shownAs, 'contexts');
  const { directories, dangling } = await entriesOf(contextsDirectory);
  const contexts = await mapBounded(directories, parallel, (name) =>
    readContext({ directory: join(contextsDirectory, name), path: join(path, name), name }),
  );
  const project = parseProject({ directory, path, contexts });
  if (!project.ok) return project;
  const links = dangling.map((name) => danglingLink(join(path, name)));
  return ok({ ...project.value, notices: [...recovered.value, ...links, ...project.value.notices] });
}

async function readContext(place: Omit<ContextContents, 'files'>): Promise<ContextContents> {
  const isIgnored = parseContextDirectory(place.name).kind === 'ignored';
  const read = async (name: string): Promise<readonly [string, Result<Uint8Array | undefined>]> => [
    name,
    isIgnored ? ok(undefined) : await readIfThere(join(place.directory, name), join(place.path, name)),
  ];
  const files = Object.fromEntries(await Promise.all(contextFiles.map(read))) as ContextContents['files'];
  return { ...place, files };
}

async function readIfThere(path: string, file: string): Promise<Result<Uint8Array | undefined>> {
  try {
    return ok(await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return ok(undefined);
    return failed([code === 'EISDIR' ? notAFile(file) : unreadable(file, message)]);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Names of directories and of links to directories, and of links that lead nowhere. */
async function entriesOf(directory: string) {
  const entries = await fastGlob('*', { cwd: directory, deep: 1, dot: true, onlyFiles: false, objectMode: true });
  return {
    directories: entries.filter(({ dirent }) => dirent.isDirectory()).map(({ name }) => name),
    // Links that lead somewhere have been followed: what is still a link is broken.
    dangling: entries.filter(({ dirent }) => dirent.isSymbolicLink()).map(({ name }) => name),
  };
}

async function finishCascade(directory: string, shownAs: string): Promise<Result<readonly Notice[]>> {
  try {
    const paths = await recoverCascade(directory);
    return ok(paths.length > 0 ? [finishedCascade(paths.map((path) => join(shownAs, relative(directory, path))))] : []);
  } catch (error) {
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    return failed(failures);
  }
}
