import { randomBytes } from 'node:crypto';
import { lstat, lutimes, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../result.ts';
import { explained, lockTimeout, systemErrorCode } from './failure.ts';
import { formatProcessIdentity, parseProcessIdentity, stateOf, thisProcess } from './process-identity.ts';

/** How patient `Lock.acquire` is. */
export interface LockOptions {
  /** How long to wait for the holder, in milliseconds. */
  readonly timeout?: number;
}

const defaultTimeout = 120_000;
/** A holder shows a life sign this often, in milliseconds … */
const heartbeat = 5_000;
/** … and loses the lock when one that cannot be looked at has shown none for this long while somebody waited. */
const silence = 30_000;

/**
 * A lock between processes: a symbolic link that says who made it. Making a link is atomic, exclusive and carries its
 * content, so a process that is killed at any moment leaves either no lock or one whose owner is known to be dead.
 *
 * Each taking has a token of its own, used once. To remove the lock of a dead owner one must hold the lock
 * `<path>.<token>`, named for that very taking, and find the token unchanged: of several that judged the owner dead only
 * one removes it, and none removes the lock of a successor. Should that remover die too, the same rule applies to it.
 */
export class Lock {
  readonly #path: string;
  readonly #timeout: number;
  /** Those of this process queue here instead of polling. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: LockOptions = {}) {
    this.#path = path;
    this.#timeout = options.timeout ?? defaultTimeout;
  }

  /** Runs `work` while nobody else holds the lock. Fails with `lock-timeout` when the holder does not let go. */
  async hold<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const release = await this.acquire(signal);
    try {
      return await work();
    } finally {
      await release();
    }
  }

  /** Like `hold`; the lock is held until the returned function is called. */
  async acquire(signal: AbortSignal): Promise<() => Promise<void>> {
    const before = this.#last;
    let leave = (): void => {};
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    try {
      await before;
      const target = await this.#take(signal);
      const beat = setInterval(() => void lifeSign(this.#path), heartbeat).unref();
      return async () => {
        clearInterval(beat);
        await release(this.#path, target).finally(leave);
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Removes the lock where the process that held it is known to be dead. */
  async clear(): Promise<void> {
    const target = await read(this.#path);
    if (target !== undefined && isDead(target)) await this.#removeStale(this.#path, target);
  }

  /** Removes what removers that were killed have left. Only for who holds the lock: nobody can be at work on it then. */
  async tidy(): Promise<void> {
    const prefix = `${basename(this.#path)}.`;
    for (const name of await readdir(dirname(this.#path))) {
      const path = join(dirname(this.#path), name);
      const target = name.startsWith(prefix) ? await read(path) : undefined;
      if (target !== undefined && isDead(target)) await gone(unlink(path));
    }
  }

  async #take(signal: AbortSignal): Promise<string> {
    const start = performance.now();
    let seen = { sign: '', since: start };
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      signal.throwIfAborted();
      const mine = await tryTake(this.#path);
      if (mine !== undefined) return mine;

      const target = await read(this.#path);
      if (target === undefined) continue;
      const now = performance.now();
      const sign = `${target} ${await lastSign(this.#path)}`;
      if (sign !== seen.sign) seen = { sign, since: now };
      if (isDead(target) || (!isAlive(target) && now - seen.since > silence)) {
        await this.#removeStale(this.#path, target);
      } else if (now - start > this.#timeout) {
        throw new FailureError(lockTimeout(this.#path, describe(target), this.#timeout));
      }
      await delay(pause * (0.5 + Math.random()), undefined, { signal });
    }
  }

  async #removeStale(path: string, target: string): Promise<void> {
    const remover = `${this.#path}.${tokenOf(target)}`;
    const mine = await tryTake(remover);
    if (mine !== undefined) {
      if ((await read(path)) === target) await gone(unlink(path));
      await gone(unlink(remover));
      return;
    }
    const other = await read(remover);
    if (other !== undefined && isDead(other)) await this.#removeStale(remover, other);
  }
}

/** Returns the link's target: its identity. */
async function tryTake(path: string): Promise<string | undefined> {
  const target = `${formatProcessIdentity(thisProcess())}:${randomBytes(8).toString('hex')}`;
  try {
    await symlink(target, path);
    return target;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return undefined;
    throw explained(error, path);
  }
}

async function release(path: string, target: string): Promise<void> {
  // Another's, if we were taken for dead while the machine slept.
  if ((await read(path)) === target) await gone(unlink(path));
}

async function read(path: string): Promise<string | undefined> {
  return gone(readlink(path));
}

async function lastSign(path: string): Promise<number | undefined> {
  return (await gone(lstat(path)))?.mtimeMs;
}

async function lifeSign(path: string): Promise<void> {
  const now = new Date();
  await lutimes(path, now, now).catch(() => {}); // the next one may succeed
}

async function gone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isDead(target: string): boolean {
  const owner = ownerOf(target);
  return owner !== undefined && stateOf(owner) === 'dead';
}

function isAlive(target: string): boolean {
  const owner = ownerOf(target);
  return owner !== undefined && stateOf(owner) === 'alive';
}

function ownerOf(target: string) {
  return parseProcessIdentity(target.slice(0, target.lastIndexOf(':')));
}

function tokenOf(target: string): string {
  return target.slice(target.lastIndexOf(':') + 1).replaceAll('/', '-');
}

function describe(target: string): string {
  const owner = ownerOf(target);
  if (owner === undefined) return `an unknown process (${target})`;
  return stateOf(owner) === 'unknown' ? `process ${owner.pid} of another container` : `process ${owner.pid}`;
}
