import { randomBytes } from 'node:crypto';
import { lstat, opendir, stat } from 'node:fs/promises';
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

const unfinished = /^\.cip-(.+)-[0-9a-f]{8}(?:-old)?$/;

/** What an output is called until it is complete; it says who makes it. */
export function unfinishedName(): string {
  return `.cip-${formatProcessIdentity(thisProcess())}-${randomBytes(4).toString('hex')}`;
}

/**
 * Removes unfinished outputs from a directory in which something was just made: of processes that have ended without a word, and of those that
 * cannot be looked at from here (of a container, or of another machine that has the directory too) where nothing has happened for a
 * day. What cannot be removed stays: no output fails for it.
 */
export async function sweepUnfinished(directory: string): Promise<void> {
  try {
    // By the clock of the file system, as the other times.
    const now = (await stat(directory)).mtimeMs;
    for await (const { name } of await opendir(directory)) {
      const owner = parseProcessIdentity(unfinished.exec(name)?.[1] ?? '');
      if (owner === undefined) continue;
      const path = join(directory, name);
      const state = stateHere(owner);
      const isLeft = state === 'dead' || (state === 'unknown' && now - (await lstat(path)).mtimeMs > LONGEST_WRITE);
      if (isLeft) await removeTree(path).catch(() => {});
    }
  } catch {
    // It is somebody else's directory by now, or gone.
  }
}

/** Of an earlier boot of this machine, or of another machine: nobody can tell which. */
function stateHere(owner: ProcessIdentity): ReturnType<typeof stateOf> {
  return owner.boot === thisProcess().boot ? stateOf(owner) : 'unknown';
}
