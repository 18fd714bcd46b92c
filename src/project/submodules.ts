import { access, readdir, realpath } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';
import type { Instruction } from '../dockerfile/dockerfile.ts';
import { type IgnoreMatcher, ignoreMatcher, parseIgnoreFile } from '../dockerfile/dockerignore.ts';
import { matchPattern, pathPattern } from '../dockerfile/path-pattern.ts';
import { readRegularFile } from '../read-regular-file.ts';
import { assertNever, type Failure } from '../result.ts';
import { submoduleNotFetched } from './failure.ts';
import type { Context } from './project.ts';

/**
 * Submodules that nobody has fetched: what `.gitmodules` of the repository around `directory` names and is an empty
 * directory, or none at all. Absolute, links resolved. `git clone` without `--recurse-submodules` leaves them so.
 */
export async function unfetchedSubmodules(directory: string): Promise<readonly string[]> {
  const root = await repositoryOf(await realpath(directory));
  if (root === undefined) return [];
  const text = await readRegularFile(join(root, '.gitmodules')).then(String, () => '');
  const paths = submodulePaths(text).map((path) => join(root, path));
  const empty = await Promise.all(paths.map(isEmpty));
  return paths.filter((_, index) => empty[index]);
}

/** What instructions of a context would take from an unfetched submodule: it would be missing in the image. */
export async function submoduleFailures(
  { directory, path, dockerfile }: Context,
  unfetched: readonly string[],
): Promise<readonly Failure[]> {
  if (unfetched.length === 0) return [];
  const real = await realpath(directory);
  const inside = unfetched.filter((submodule) => submodule.startsWith(`${real}${sep}`));
  if (inside.length === 0) return [];
  const ignored = await ignoredIn(directory);
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions);
  return inside.flatMap((submodule) => {
    const below = relative(real, submodule);
    if (ignored.excludes(below)) return [];
    const reader = instructions.find((each) => sourcesOf(each).some((source) => reaches(source, below)));
    return reader === undefined ? [] : [submoduleNotFetched(posix.join(path, below), reader.text, reader.at)];
  });
}

/** The nearest directory with a `.git`, which is a file in a submodule and in a worktree. */
async function repositoryOf(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    if (await exists(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** https://git-scm.com/docs/gitmodules: a `path` in each section, in quotes where it has special characters. */
function submodulePaths(text: string): readonly string[] {
  return [...text.matchAll(/^[ \t]*path[ \t]*=[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|([^\n]*?))[ \t]*\r?$/gim)].flatMap(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/g, '$1') || bare || [],
  );
}

async function isEmpty(directory: string): Promise<boolean> {
  return readdir(directory).then(
    (names) => names.length === 0,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

/** By the ignore file that a build reads; one that is wrong ignores nothing here, and is reported when it is read. */
async function ignoredIn(directory: string): Promise<IgnoreMatcher> {
  for (const name of ['Dockerfile.dockerignore', '.dockerignore']) {
    const text = await readRegularFile(join(directory, name)).then(String, () => undefined);
    const patterns = text === undefined ? undefined : parseIgnoreFile(text);
    if (patterns !== undefined) return ignoreMatcher(patterns.ok ? patterns.value : []);
  }
  return ignoreMatcher([]);
}

/** Of the context. */
function sourcesOf(instruction: Instruction): readonly string[] {
  switch (instruction.keyword) {
    case 'COPY':
      return instruction.from === undefined ? instruction.sources : [];
    case 'ADD':
      return instruction.sources;
    case 'RUN':
      return instruction.mounts.flatMap(({ type, from, source = '.' }) =>
        type === 'bind' && from === undefined ? [source] : [],
      );
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'ENV':
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'ONBUILD':
    case 'SHELL':
    case 'STOPSIGNAL':
    case 'USER':
    case 'VOLUME':
    case 'WORKDIR':
      return [];
    default:
      return assertNever(instruction);
  }
}

/** Whether a source names the directory, what is above it, or something in it. A variable may stand for anything else. */
function reaches(source: string, directory: string): boolean {
  const names = posix
    .normalize(`/${source}`)
    .split('/')
    .filter((name) => name !== '');
  return directory.split(sep).every((name, index) => names[index] === undefined || isNamed(names[index], name));
}

function isNamed(pattern: string, name: string): boolean {
  if (/^\$(?:\w+|\{[^}]*\})$/.test(pattern)) return false;
  const wild = pattern.replace(/\$(?:\w+|\{[^}]*\})/g, '*');
  return pathPattern(wild).ok && matchPattern(wild, name);
}
