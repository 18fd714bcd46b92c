import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { removeTree } from '../../remove-tree.ts';
import { isUnfinished, movedAway } from './unfinished-output.ts';

/**
 * Puts what is in `from`, a directory in `to`, in the place of all else there. Where something cannot be moved away, a place that
 * something is mounted on, all is put back and the error of the system is thrown. The directory itself stays, with its mode.
 */
export async function replaceTree(from: string, to: string): Promise<void> {
  const { old, gone } = movedAway(from);
  mkdirSync(old);
  // Names may be any bytes.
  const names = readdirSync(to, { encoding: 'buffer' }).sort(Buffer.compare);
  // Those of others, too, who are at work, or have left it for the next one to take away.
  const others = names.filter((name) => !isUnfinished(name.toString()));
  const moved: Buffer[] = [];
  try {
    for (const name of others) {
      renameSync(within(to, name), within(old, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) renameSync(within(old, name), within(to, name));
    await removeTree(old);
    throw error;
  }
  renameSync(old, gone);
  for (const name of readdirSync(from, { encoding: 'buffer' })) renameSync(within(from, name), within(to, name));
  await removeTree(gone);
}

function within(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}
