import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FailureError } from '../result.ts';
import { explained, sessionMissing, systemErrorCode } from './failure.ts';
import type { StorePaths } from './paths.ts';
import { formatProcessIdentity, parseProcessIdentity, stateOf, thisProcess } from './process-identity.ts';
import { removeForcibly } from './trash.ts';

/** A file whose time of change is when the session began. It is never written again. */
const startedFile = 'started';
/** Of sessions that cannot be looked into; in milliseconds. */
const abandonedAfter = 7 * 24 * 60 * 60 * 1000;
/** In milliseconds. */
const lifeSignEvery = 12 * 60 * 60 * 1000;

/**
 * The directory of everything temporary of one running process, named for it, so that making the directory and
 * saying whose it is are one act. On the store's file system: what is finished here is renamed into place.
 */
export class Session {
  readonly path: string;
  /**
   * In milliseconds since 1970 by the clock of the file system, rounded down to a second. What the store was given or
   * asked for since then is not pruned while the session lives.
   */
  readonly startedAt: number;
  /** A process and its guests share the directory but not the counter. */
  readonly #prefix = randomBytes(4).toString('hex');
  #count = 0;
  readonly #end: () => Promise<void>;

  private constructor(path: string, startedAt: number, end: () => Promise<void>) {
    this.path = path;
    this.startedAt = startedAt;
    this.#end = end;
  }

  /** A session of this process. */
  static async open(paths: StorePaths): Promise<Session> {
    const path = join(paths.sessions, `${formatProcessIdentity(thisProcess())}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(path, { mode: 0o700 });
      await writeFile(join(path, startedFile), '', { flag: 'wx' });
    } catch (error) {
      throw explained(error, path);
    }
    const startedAt = await startOf(path);
    const lifeSigns = setInterval(() => void touch(path), lifeSignEvery).unref();
    return new Session(path, startedAt, async () => {
      clearInterval(lifeSigns);
      await discard(paths, path);
    });
  }

  /** The session of a parent process, which made it and will end it. */
  static async join(path: string): Promise<Session> {
    try {
      return new Session(path, await startOf(path), async () => {});
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') throw new FailureError(sessionMissing(path), { cause: error });
      throw explained(error, path);
    }
  }

  /** A path that nothing else uses; nothing is there yet. `purpose` is for people who look into the directory. */
  tempPath(purpose: string): string {
    this.#count += 1;
    return join(this.path, `${purpose}-${this.#prefix}-${this.#count}`);
  }

  /** What time the file system says it is, in milliseconds since 1970: comparable with the times of its files. */
  async now(): Promise<number> {
    const path = this.tempPath('now');
    await writeFile(path, '', { flag: 'wx' });
    const { mtimeMs } = await stat(path);
    await rm(path);
    return mtimeMs;
  }

  /** Removes the directory, as far as this user may; the rest waits in the trash. Nothing for a guest. */
  async close(): Promise<void> {
    await this.#end();
  }
}

/** Moves what dead processes have left to the trash. Returns the names of their sessions. `own` lends its clock. */
export async function sweep(paths: StorePaths, own: Session): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const { name, state } of await sessions(paths)) {
    if (state === 'alive') continue;
    if (state === 'unknown' && !(await isAbandoned(join(paths.sessions, name), own))) continue;
    if (await moveToTrash(paths, join(paths.sessions, name))) swept.push(name);
  }
  return swept;
}

/**
 * When the oldest session that may be alive began, in milliseconds since 1970; undefined when there is none. `but` is one
 * that has ended its work.
 */
export async function oldestStart(paths: StorePaths, but?: Session): Promise<number | undefined> {
  const starts: number[] = [];
  for (const { name, state } of await sessions(paths)) {
    if (state === 'dead' || (but !== undefined && name === basename(but.path))) continue;
    try {
      starts.push(await startOf(join(paths.sessions, name)));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error; // ended meanwhile
    }
  }
  return starts.length === 0 ? undefined : Math.min(...starts);
}

async function sessions(paths: StorePaths) {
  const names = await readdir(paths.sessions).catch((error: unknown) => {
    throw explained(error, paths.sessions);
  });
  return names.flatMap((name) => {
    const owner = parseProcessIdentity(name.slice(0, name.lastIndexOf('-')));
    return owner === undefined ? [] : [{ name, state: stateOf(owner) }];
  });
}

async function startOf(path: string): Promise<number> {
  const { mtimeMs } = await stat(join(path, startedFile)).catch((error: unknown) => {
    // Killed, or not yet come, between making the directory and the file.
    if (systemErrorCode(error) === 'ENOENT') return stat(path);
    throw error;
  });
  return Math.floor(mtimeMs / 1000) * 1000;
}

async function isAbandoned(path: string, own: Session): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return (await own.now()) - mtimeMs > abandonedAfter;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function touch(path: string): Promise<void> {
  const sign = join(path, 'alive');
  // Making and removing a file changes the time of the directory. A failure is made good by the next time.
  await writeFile(sign, '')
    .then(() => rm(sign, { force: true }))
    .catch(() => {});
}

/** By renaming, so that a kill while the tree is being removed leaves trash and no half session. */
async function discard(paths: StorePaths, path: string): Promise<void> {
  const moved = await moveToTrash(paths, path);
  if (moved !== undefined) await removeForcibly(moved);
}

async function moveToTrash(paths: StorePaths, path: string): Promise<string | undefined> {
  const target = join(paths.trash, `${basename(path)}-${randomBytes(4).toString('hex')}`);
  try {
    await rename(path, target);
    return target;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined; // another process was first
    throw explained(error, path);
  }
}
