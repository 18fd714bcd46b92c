import { lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { removeTreeSync } from '../remove-tree.ts';
import { childOf } from '../tree-path.ts';
import type { LayerIndex } from './layer-entry.ts';
import { scopedPath } from './scoped-path.ts';
import { fileTime } from './unpack.ts';

/**
 * Makes an overlay's upper directory, of which the layer with this index was made, what unpacking the layer gives. What
 * was copied up and is as it was below, and sockets, are in no layer: left here they would be seen in every image that has
 * an equal layer, and an empty layer equals all others. Times are what the layer says: the kernel's are finer, and files of
 * an equal layer may have been made in another order.
 *
 * Returns false where that cannot be: a directory that was removed and made again hides what is below by an attribute,
 * where a layer has a whiteout for each name. The directory is of no use then.
 */
export function trimUpper(upper: string, index: LayerIndex): boolean {
  const entries = new Map(index.flatMap((entry) => (isMark(entry) ? [] : [[entry.path, entry] as const])));
  const marks = new Set(index.flatMap((entry) => (isMark(entry) ? [entry.path] : [])));
  const ahead = [''];
  for (let directory = ahead.pop(); directory !== undefined; directory = ahead.pop()) {
    for (const name of readdirSync(scopedPath(upper, directory))) {
      const path = childOf(directory, name);
      const entry = entries.get(path);
      if (entry?.type === 'directory') ahead.push(path);
      else if (marks.has(path) && isWhiteout(scopedPath(upper, path))) marks.delete(path);
      else if (entry === undefined) removeTreeSync(scopedPath(upper, path));
    }
  }
  for (const entry of entries.values()) {
    if (!('mtime' in entry)) continue;
    lutimesSync(scopedPath(upper, entry.path), fileTime(entry.mtime), fileTime(entry.mtime));
  }
  return marks.size === 0;
}

function isMark({ type }: LayerIndex[number]): boolean {
  return type === 'whiteout' || type === 'opaque';
}

function isWhiteout(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isCharacterDevice() && stat.rdev === 0;
}
