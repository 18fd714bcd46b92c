import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from './failure.ts';

/** Bytes of a block as stat(2) counts them. */
const BLOCK = 512;
/** What is gone meanwhile, and what other users have shut, counts nothing. */
const passedOver = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'ENAMETOOLONG']);

/** What a file or a directory with all below it takes on disk, in bytes; a file with several names counts once. */
export async function treeSize(path: string, signal: AbortSignal): Promise<number> {
  const seen = new Set<string>();
  const todo = [path];
  let size = 0;
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    signal.throwIfAborted();
    try {
      const found = await lstat(next);
      if (found.nlink > 1 && !found.isDirectory()) {
        const file = `${found.dev} ${found.ino}`;
        if (seen.has(file)) continue;
        seen.add(file);
      }
      size += found.blocks * BLOCK;
      if (!found.isDirectory()) continue;
      for await (const { name } of await opendir(next)) todo.push(join(next, name));
    } catch (error) {
      if (!passedOver.has(systemErrorCode(error) ?? '')) throw error;
    }
  }
  return size;
}
