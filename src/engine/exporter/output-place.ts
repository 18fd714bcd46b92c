import { mkdir, readdir, readlink, realpath, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FailureError } from '../../result.ts';
import { outputExists, outputUnwritable } from './failure.ts';
import { unfinishedName } from './unfinished-output.ts';

/** What an output is, and where it goes. */
export interface WantedOutput {
  /** Absolute. */
  readonly dest: string;
  /** One file, or a directory. */
  readonly tar: boolean;
  /** A directory that is there is not replaced, and may have something in it. */
  readonly isFilled?: boolean | undefined;
}

/**
 * Where an output is really written. A `file` or `directory` is made beside `path`, where links have been followed, and
 * takes its place when it is complete; a `pipe` or `device` is written to as it is, and `filled` is a directory that stays.
 */
export interface OutputPlace {
  readonly kind: 'file' | 'directory' | 'filled' | 'pipe' | 'device';
  readonly path: string;
}

/** As many as Linux follows. path_resolution(7) */
const LINKS = 40;

/**
 * Looks where an output is to go, and tries whether something can be made there. Throws FailureError: `output-exists` for
 * what must not be replaced, `output-unwritable` for what cannot be written.
 */
export async function outputPlace({ dest, tar, isFilled = false }: WantedOutput): Promise<OutputPlace> {
  try {
    const there = await statIfThere(dest);
    if (there?.isBlockDevice()) throw new FailureError(outputUnwritable(dest, 'it is a block device'));
    if (there?.isSocket()) throw new FailureError(outputUnwritable(dest, 'it is a socket'));
    if (there !== undefined && there.isDirectory() === tar)
      throw new FailureError(outputExists({ dest, tar, isFilled }));
    if (there?.isDirectory() && isFilled) {
      const path = await realpath(dest);
      await tryIn(path);
      return { kind: 'filled', path };
    }
    // A directory that is empty is replaced.
    if (there?.isDirectory() && (await readdir(dest)).length > 0) throw new FailureError(outputExists({ dest, tar }));
    if (there?.isFIFO()) return { kind: 'pipe', path: dest };
    if (there?.isCharacterDevice()) return { kind: 'device', path: dest };
    const path = there === undefined ? await endOfLinks(dest) : await realpath(dest);
    await tryIn(dirname(path));
    return { kind: tar ? 'file' : 'directory', path };
  } catch (error) {
    throw asUnwritable(dest, error);
  }
}

/** An error of the operating system, said of the output; any other as it is. */
export function asUnwritable(dest: string, error: unknown): unknown {
  const { code, syscall, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  // What Node adds is a path that nobody has named.
  return new FailureError(
    { ...outputUnwritable(dest, message.replace(/, [a-z]+(?: '.*)?$/, '')), code },
    { cause: error },
  );
}

async function statIfThere(path: string) {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Of a path that leads to nothing: what is to be made, so that it leads there. */
async function endOfLinks(path: string): Promise<string> {
  let at = path;
  for (let followed = 0; followed < LINKS; followed += 1) {
    const target = await readlink(at).catch(() => undefined);
    if (target === undefined) break;
    at = resolve(await realpath(dirname(at)), target);
  }
  return join(await realOf(dirname(at)), basename(at));
}

/** Without links, as far as something is there. */
async function realOf(directory: string): Promise<string> {
  const real = await realpath(directory).catch(() => undefined);
  return (
    real ?? (directory === dirname(directory) ? directory : join(await realOf(dirname(directory)), basename(directory)))
  );
}

/** Directories that are missing are made later: what counts is the nearest that is there. */
async function tryIn(directory: string): Promise<void> {
  let at = directory;
  while ((await statIfThere(at)) === undefined && dirname(at) !== at) at = dirname(at);
  const trial = join(at, unfinishedName());
  await mkdir(trial);
  await rmdir(trial);
}
