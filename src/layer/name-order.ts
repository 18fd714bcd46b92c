import { closeSync, mkdirSync, opendirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { childOf } from '../tree-path.ts';
import type { LayerIndex } from './layer-entry.ts';
import { comparePaths } from './path-order.ts';
import { scopedPath } from './scoped-path.ts';

/**
 * In which order the names of a directory are read that were made one after the other: in one that is the same whenever they
 * were made (`own`: ext4, by hash), in that order (`forwards`: xfs, btrfs) or its reverse (`backwards`: tmpfs), or in some other.
 */
export type NameOrder = 'own' | 'forwards' | 'backwards' | 'unknown';

const samples = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Of the file system that `directory` is on: absolute, new, and made here. */
export function nameOrderOf(directory: string): NameOrder {
  const forwards = orderAfter(directory, samples);
  const backwards = orderAfter(`${directory}-2`, samples.toReversed());
  if (forwards === backwards) return 'own';
  if (forwards === samples.join()) return 'forwards';
  return forwards === samples.toReversed().join() ? 'backwards' : 'unknown';
}

function orderAfter(directory: string, names: readonly string[]): string {
  mkdirSync(directory);
  for (const name of names) closeSync(openSync(join(directory, name), 'wx'));
  return namesAsRead(directory).join();
}

/**
 * Whether the names in the directories of a layer are read as they would be after unpacking it, which makes them as they come
 * in the index, and pipes at the end. `root` is absolute and has what is in `index`.
 */
export function isReadAsUnpacked(root: string, index: LayerIndex, order: NameOrder): boolean {
  if (order === 'own') return true;
  if (order === 'unknown' || index.some(({ type }) => type === 'fifo')) return false;
  const known = new Set(index.map(({ path }) => path));
  const directories = index.flatMap(({ type, path }) => (type === 'directory' ? [path] : []));
  return ['', ...directories].every((directory) => {
    const isOfLayer = (name: string) => known.has(childOf(directory, name));
    const names = namesAsRead(scopedPath(root, directory)).filter(isOfLayer);
    const made = order === 'forwards' ? names : names.toReversed();
    return made.every((name, at) => at === 0 || comparePaths(made[at - 1]!, name) < 0);
  });
}

/** `readdir` would sort them. */
function namesAsRead(directory: string): readonly string[] {
  const names: string[] = [];
  const reading = opendirSync(directory);
  try {
    for (let entry = reading.readSync(); entry !== null; entry = reading.readSync()) names.push(entry.name);
  } finally {
    reading.closeSync();
  }
  return names;
}
