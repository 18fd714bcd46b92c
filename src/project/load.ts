import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { mapBounded } from '../map-bounded.ts';
import { readRegularFile } from '../read-regular-file.ts';
import { failed, failuresOf, ok, type Result } from '../result.ts';
import { finishedCascade } from './cascade-failure.ts';
import { recoverCascade } from './cascade-journal.ts';
import type { ContextContents, ContextFile } from './context.ts';
import { parseContextDirectory } from './context-directory.ts';
import { danglingLink, missingContexts, notAFile, submoduleNotFetched, unreadable } from './failure.ts';
import { parseProject } from './parse-project.ts';
import type { Notice, Problem, Project } from './project.ts';
import { submoduleFailures, unfetchedSubmodules } from './submodules.ts';

/** How a project is shown that is not in the current directory. */
export interface LoadOptions {
  /** What paths in messages start with; by default they are relative to the project's directory. */
  readonly shownAs?: string | undefined;
}

/** How many contexts are read at a time, with two files each. */
const parallel = 32;

/**
 * Reads a whole project: every directory (or link to one) under `contexts/` of the absolute `directory`. What is wrong with
 * its contexts is among its problems; fails where there are none to read. A cascade that was interrupted while writing is
 * finished first.
 */
export async function loadProject(directory: string, { shownAs = '' }: LoadOptions = {}): Promise<Result<Project>> {
  const contextsDirectory = join(directory, 'contexts');
  if ((await kindOf(contextsDirectory)) !== 'directory') {
    const has = (await kindOf(join(directory, 'Dockerfile'))) === 'other' ? 'has-dockerfile' : 'directory';
    const what = (await kindOf(directory)) === 'directory' ? has : 'not-a-directory';
    return failed([missingContexts(shownAs || directory, what)]);
  }
  const recovered = await finishCascade(directory, shownAs);
  if (!recovered.ok) return recovered;

  const path = join(shownAs, 'contexts');
  const [{ directories, links, dangling }, unfetched, real] = await Promise.all([
    entriesOf(contextsDirectory),
    unfetchedSubmodules(directory),
    realpath(contextsDirectory),
  ]);
  const isFetched = (name: string) => !unfetched.includes(join(real, name));
  const contexts = await mapBounded(directories.filter(isFetched), parallel, async (name) => {
    const directory = join(contextsDirectory, name);
    return await readContext({
      directory: links.has(name) ? await realpath(directory) : directory,
      path: join(path, name),
      name,
    });
  });
  const project = parseProject({ directory, path, contexts });
  const absent = directories.filter((name) => !isFetched(name)).map((name) => absentContext(name, join(path, name)));
  const lacking = await mapBounded([...project.contexts.values()], parallel, async (context) => {
    const failures = await submoduleFailures(context, unfetched);
    return failures.map((failure): Problem => ({ images: [context.name], failure }));
  });
  const broken = dangling.map((name) => danglingLink(join(path, name)));
  return ok({
    ...project,
    unread: new Map([...project.unread, ...absent.flatMap(({ unread }) => unread)]),
    problems: [...project.problems, ...absent.map(({ problem }) => problem), ...lacking.flat()],
    notices: [...recovered.value, ...broken, ...project.notices],
  });
}

/** A submodule that nobody has fetched is an image as its name says. */
function absentContext(basename: string, path: string) {
  const parsed = parseContextDirectory(basename);
  const images = parsed.kind === 'context' ? [parsed.name] : [];
  const problem: Problem = { images, failure: submoduleNotFetched(path) };
  return { problem, unread: images.map((name) => [name, { name, path }] as const) };
}

async function readContext(context: Omit<ContextContents, 'files'>): Promise<ContextContents> {
  if (parseContextDirectory(context.name).kind === 'ignored') return { ...context, files: {} };
  const [dockerfile, info] = await Promise.all([readIn(context, 'Dockerfile'), readIn(context, 'info.edn')]);
  if (info !== undefined) return { ...context, files: { Dockerfile: dockerfile, 'info.edn': info } };
  const [version, platforms] = await Promise.all([readIn(context, 'VERSION'), readIn(context, 'PLATFORMS_OVERRIDE')]);
  return { ...context, files: { Dockerfile: dockerfile, VERSION: version, PLATFORMS_OVERRIDE: platforms } };
}

/** Undefined for a file that is not there. */
async function readIn(
  context: Omit<ContextContents, 'files'>,
  name: ContextFile,
): Promise<Result<Uint8Array> | undefined> {
  try {
    return ok(await readRegularFile(join(context.directory, name)));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const file = join(context.path, name);
    return failed([code === 'EISDIR' || code === 'ENOTREG' ? notAFile(file) : unreadable(file, code ?? message)]);
  }
}

/** Names of directories and of links to directories, of all links, and of those that lead nowhere. */
async function entriesOf(directory: string) {
  const entries = await readdir(directory, { withFileTypes: true });
  const named = (isWanted: (entry: Dirent) => boolean) => entries.filter(isWanted).map(({ name }) => name);
  // A context is what its link leads to: COPY would take the link for all that there is.
  const links = named((entry) => entry.isSymbolicLink());
  const leadsTo = await mapBounded(links, parallel, async (name) => await kindOf(join(directory, name)));
  const linksTo = (kind: string) => links.filter((_, index) => leadsTo[index] === kind);
  return {
    links: new Set(links),
    directories: [...named((entry) => entry.isDirectory()), ...linksTo('directory')].sort(),
    dangling: linksTo('nothing').sort(),
  };
}

/** What is at a path, links followed. A link to itself, or into what may not be searched, leads to nothing as well. */
async function kindOf(path: string): Promise<'directory' | 'nothing' | 'other'> {
  return stat(path).then(
    (stats) => (stats.isDirectory() ? 'directory' : 'other'),
    () => 'nothing',
  );
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
