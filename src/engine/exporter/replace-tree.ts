import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import { removeTree } from '../../remove-tree.ts';

/**
 * Puts what is in `from`, a directory in `to`, in the place of all else there. Where something cannot be moved away, a place that
 * something is mounted on, all is put back and the error of the system is thrown. The directory itself stays, with its mode.
 */
export async function replaceTree(from: string, to: string): Promise<void> {
  const old = `${from}-old`;
  mkdirSync(old);
  const own = new Set([basename(from), basename(old)]);
  // Names may be any bytes.
  const names = readdirSync(to, { encoding: 'buffer' }).sort(Buffer.compare);
  const others = names.filter((name) => !own.has(name.toString()));
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
  for (const name of readdirSync(from, { encoding: 'buffer' })) renameSync(within(from, name), within(to, name));
  await removeTree(old);
}

function within(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}
