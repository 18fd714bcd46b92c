import { lstat } from 'node:fs/promises';
import { relative } from 'node:path';

/**
 * Whether a directory below `rootfs` (both canonical once) can still be reached without following a link. A process
 * may have put one in the place of a directory: then the path leads somewhere else by now, and nothing is to be done there.
 */
export async function isInPlace(rootfs: string, dir: string): Promise<boolean> {
  let path = rootfs;
  for (const name of ['', ...relative(rootfs, dir).split('/')]) {
    if (name !== '') path = `${path}/${name}`;
    const stats = await lstat(path).catch(() => undefined);
    if (!stats?.isDirectory()) return false;
  }
  return true;
}
