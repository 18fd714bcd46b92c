import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { decodeDockerfile } from '../dockerfile/decode.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { Source } from '../dockerfile/source.ts';
import { type Failure, failed, failuresOf, ok, type Result } from '../result.ts';
import { recoverCascade } from './cascade-journal.ts';
import { type ContextDirectory, parseContextDirectory } from './context-directory.ts';
import type { ContextInfo } from './context-info.ts';
import {
  danglingLink,
  duplicateImageName,
  finishedCascade,
  ignoredDirectory,
  invalidImageName,
  missingContexts,
  missingDockerfile,
  missingMetadata,
  noContexts,
  notAFile,
  prefixesOfMixedWidth,
  unreadable,
} from './failure.ts';
import type { ImageName } from './image-name.ts';
import { parseInfoEdn } from './info-edn.ts';
import { mapBounded } from './map-bounded.ts';
import type { Context, Notice, Project } from './project.ts';

import { parseVersionFile } from './version-file.ts';

export interface LoadOptions {
  /** What paths in messages start with; by default they are relative to the project's directory. */
  readonly shownAs?: string | undefined;
}

/** How many contexts are read at a time. Each has at most three files open. */
const parallel = 32;

/**
 * Reads a whole project: every directory (or link to one) under `contexts/` of the absolute `directory`. Fails with
 * all problems of all contexts at once. A cascade that was interrupted while writing is finished first.
 */
export async function loadProject(directory: string, { shownAs = '' }: LoadOptions = {}): Promise<Result<Project>> {
  const shown = join(shownAs, 'contexts');
  const contextsDirectory = join(directory, 'contexts');
  if (!(await isDirectory(contextsDirectory))) return failed([missingContexts(shownAs || directory)]);

  const recovered = await recover(directory);
  if (!recovered.ok) return recovered;
  const { found, dangling } = await directoriesIn(contextsDirectory);
  const candidates = found.map((name) => ({
    directory: join(contextsDirectory, name),
    path: join(shown, name),
    parsed: parseContextDirectory(name),
  }));
  const loaded = await mapBounded(candidates, parallel, loadContext);

  const failures = [...duplicates(candidates), ...loaded.flatMap((result) => (result.ok ? [] : result.failure))];
  if (failures.length > 0) return failed(failures);
  const all = loaded.flatMap((result) => (result.ok ? [result.value] : []));
  const contexts = all.flatMap(({ context }) => (context ? [context] : [])).sort(byPrefixThenName);
  return ok({
    directory,
    contexts: new Map(contexts.map((context) => [context.name, context])),
    notices: [
      ...recovered.value,
      ...(contexts.length === 0 ? [noContexts(shown)] : []),
      ...dangling.map((name) => danglingLink(join(shown, name))),
      ...all.flatMap(({ notices }) => notices),
      ...mixedWidths(contexts),
    ],
  });
}

interface Candidate {
  readonly directory: string;
  readonly path: string;
  readonly parsed: ContextDirectory;
}

interface Loaded {
  /** Absent for a directory that is not a context. */
  readonly context?: Context | undefined;
  readonly notices: readonly Notice[];
}

async function loadContext({ directory, path, parsed }: Candidate): Promise<Result<Loaded>> {
  if (parsed.kind === 'ignored') return ok({ notices: [ignoredDirectory(path)] });
  const [dockerfile, info] = await Promise.all([loadDockerfile(directory, path), loadInfo(directory, path)]);
  const name = parsed.kind === 'invalid' ? failed([invalidImageName(path, parsed.name)]) : ok(parsed);
  if (!name.ok || !dockerfile.ok || !info.ok) {
    return failed([name, dockerfile, info].flatMap((result) => (result.ok ? [] : result.failure)));
  }
  const { notices, ...rest } = info.value;
  const { order, name: imageName } = name.value;
  return ok({ context: { directory, path, order, name: imageName, ...rest, ...dockerfile.value }, notices });
}

async function loadDockerfile(
  directory: string,
  path: string,
): Promise<Result<{ readonly dockerfile: Dockerfile; readonly dockerfileText: string }>> {
  const file = join(path, 'Dockerfile');
  const bytes = await readIfThere(join(directory, 'Dockerfile'), file);
  if (!bytes.ok) return bytes;
  if (bytes.value === undefined) return failed([missingDockerfile(path)]);
  const text = decodeDockerfile(bytes.value, file);
  if (!text.ok) return text;
  const dockerfile = parseDockerfile(text.value, file);
  return dockerfile.ok ? ok({ dockerfile: dockerfile.value, dockerfileText: text.value }) : dockerfile;
}

async function loadInfo(directory: string, path: string): Promise<Result<ContextInfo>> {
  const read = (name: string) => readText(join(directory, name), join(path, name));
  const edn = await read('info.edn');
  if (!edn.ok) return edn;
  if (edn.value !== undefined) return parseInfoEdn(edn.value);

  const [version, platforms] = await Promise.all([read('VERSION'), read('PLATFORMS_OVERRIDE')]);
  if (!version.ok || !platforms.ok) {
    return failed([version, platforms].flatMap((result) => (result.ok ? [] : result.failure)));
  }
  if (version.value === undefined) return failed([missingMetadata(path)]);
  return parseVersionFile(version.value, platforms.value);
}

async function readText(path: string, file: string): Promise<Result<Source | undefined>> {
  const bytes = await readIfThere(path, file);
  if (!bytes.ok) return bytes;
  if (bytes.value === undefined) return ok(undefined);
  const text = decodeDockerfile(bytes.value, file);
  return text.ok ? ok(new Source(file, text.value)) : text;
}

async function readIfThere(path: string, file: string): Promise<Result<Buffer | undefined>> {
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

/** Names of directories and of links to directories, and of links that lead nowhere, each in string order. */
async function directoriesIn(directory: string) {
  const entries = await fastGlob('*', { cwd: directory, deep: 1, dot: true, onlyFiles: false, objectMode: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    found: entries.filter(({ dirent }) => dirent.isDirectory()).map(({ name }) => name),
    // Links that lead somewhere have been followed: what is still a link is broken.
    dangling: entries.filter(({ dirent }) => dirent.isSymbolicLink()).map(({ name }) => name),
  };
}

async function recover(directory: string): Promise<Result<readonly Notice[]>> {
  try {
    const finished = await recoverCascade(directory);
    return ok(finished.length > 0 ? [finishedCascade(finished)] : []);
  } catch (error) {
    const failures = failuresOf(error);
    if (failures === undefined) throw error;
    return failed(failures);
  }
}

function duplicates(candidates: readonly Candidate[]): readonly Failure[] {
  const paths = new Map<ImageName, string[]>();
  for (const { parsed, path } of candidates) {
    if (parsed.kind === 'context') paths.set(parsed.name, [...(paths.get(parsed.name) ?? []), path]);
  }
  return [...paths].filter(([, same]) => same.length > 1).map(([name, same]) => duplicateImageName(name, same));
}

function byPrefixThenName(a: Context, b: Context): number {
  const [left, right] = [a.order ?? Number.POSITIVE_INFINITY, b.order ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left - right;
  return a.name < b.name ? -1 : 1;
}

/** A tool that sorts names as text builds `10-x` before `2-y`. `contexts` are in numeric order. */
function mixedWidths(contexts: readonly Context[]): readonly Notice[] {
  const prefixed = contexts.filter(({ order }) => order !== undefined);
  const index = prefixed.findIndex((context, index) => {
    const next = prefixed[index + 1];
    return next !== undefined && next.order !== context.order && next.path < context.path;
  });
  const [earlier, later] = [prefixed[index], prefixed[index + 1]];
  return index >= 0 && earlier && later ? [prefixesOfMixedWidth(earlier.path, later.path)] : [];
}
