import { randomBytes } from 'node:crypto';
import { lstat, opendir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../remove-tree.ts';
import {
  formatProcessIdentity,
  type ProcessIdentity,
  parseProcessIdentity,
  stateOf,
  thisProcess,
} from '../../store/process-identity.ts';

/** In milliseconds: nobody writes one output for longer without making or closing a file in it. */
const LONGEST_WRITE = 86_400_000;

const unfinished = /^\.cip-(.+)-[0-9a-f]{8}(-old|-gone)?$/;

/** What an output is called until it is complete; it says who makes it. */
export function unfinishedName(): string {
  return `.cip-${formatProcessIdentity(thisProcess())}-${randomBytes(4).toString('hex')}`;
}

/** Whether that is the name of an unfinished output, whoever makes it, or of what was moved away for one. */
export function isUnfinished(name: string): boolean {
  return parseProcessIdentity(unfinished.exec(name)?.[1] ?? '') !== undefined;
}

/** What is moved away for an output: `old` until all of it is, when nothing has come yet, and `gone` from then on. */
export function movedAway(unfinished: string): { readonly old: string; readonly gone: string } {
  return { old: `${unfinished}-old`, gone: `${unfinished}-gone` };
}

/**
 * Removes unfinished outputs from a directory in which something was just made: of processes that have ended without a word, and of those that
 * cannot be looked at from here (of a container, or of another machine that has the directory too) where nothing has happened for a
 * day. What they had only begun to move away is put back where nothing is by now. What cannot be removed stays: no output fails for it.
 */
export async function sweepUnfinished(directory: string): Promise<void> {
  try {
    // By the clock of the file system, as the other times.
    const now = (await stat(directory)).mtimeMs;
    for await (const { name } of await opendir(directory)) {
      const [, identity = '', end] = unfinished.exec(name) ?? [];
      const owner = parseProcessIdentity(identity);
      if (owner === undefined) continue;
      const path = join(directory, name);
      const state = stateHere(owner);
      const isLeft = state === 'dead' || (state === 'unknown' && now - (await lstat(path)).ctimeMs > LONGEST_WRITE);
      if (isLeft && end === '-old') await putBack(path, directory);
      if (isLeft) await removeTree(path).catch(() => {});
    }
  } catch {
    // It is somebody else's directory by now, or gone.
  }
}

/** Names may be any bytes. */
async function putBack(from: string, to: string): Promise<void> {
  const within = (directory: string, name: Buffer) => Buffer.concat([Buffer.from(`${directory}/`), name]);
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    const there = await lstat(within(to, name)).catch(() => undefined);
    if (there === undefined) await rename(within(from, name), within(to, name));
  }
}

/** Of an earlier boot of this machine, or of another machine: nobody can tell which. */
function stateHere(owner: ProcessIdentity): ReturnType<typeof stateOf> {
  return owner.boot === thisProcess().boot ? stateOf(owner) : 'unknown';
}
