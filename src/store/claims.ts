import { lstat, stat, utimes } from 'node:fs/promises';
import { explained, systemErrorCode } from './failure.ts';
import { Lock, type LockOptions } from './lock.ts';
import type { StorePaths } from './paths.ts';
import type { Session } from './session.ts';

/**
 * What a session relies on, so that nobody takes it away. The time of a file or directory of the store is when it was last
 * made or claimed; whoever takes things away holds the lock `taking` meanwhile, and leaves all that is as new as the oldest
 * session that lives. A claim is made first and `taking` looked at then: either the taker sees the new time, or the claim
 * sees the taker, waits until it is done, and looks again.
 */
export class Claims {
  readonly #paths: StorePaths;
  readonly #session: Session;
  readonly #taking: Lock;

  constructor(paths: StorePaths, session: Session, options: LockOptions = {}) {
    this.#paths = paths;
    this.#session = session;
    this.#taking = new Lock(paths.taking, options);
  }

  /** Its size in bytes; undefined where nothing is. From then on it stays until the session ends. */
  async claim(path: string): Promise<number | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      if (mtimeMs < this.#session.startedAt) await this.#keep(path);
      return (await this.settled()) ? (await stat(path)).size : size;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw explained(error, path);
    }
  }

  /** Waits for whoever is taking things away just now; false where nobody is. */
  async settled(): Promise<boolean> {
    try {
      await lstat(this.#paths.taking);
    } catch {
      return false;
    }
    // Taking the lock itself is how one that was killed is found out.
    await this.#taking.hold(async () => {}, never);
    return true;
  }

  /** Runs `take` while no claim is answered. */
  async whileTaking<T>(take: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#taking.hold(take, signal);
  }

  /** A directory where that may not be written cannot be taken from either. */
  async #keep(path: string): Promise<void> {
    const seconds = this.#session.startedAt / 1000;
    try {
      await utimes(path, seconds, seconds);
    } catch (error) {
      if (!['EPERM', 'EACCES', 'EROFS'].includes(systemErrorCode(error) ?? '')) throw error;
    }
  }
}

const never = new AbortController().signal;
