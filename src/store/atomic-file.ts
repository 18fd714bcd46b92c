import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Gives a file a new content: readers see the old or the new one whole, also after a power cut. `temp` is a path on
 * the same file system where nothing is.
 */
export async function replaceFile(file: {
  readonly path: string;
  readonly bytes: Uint8Array | string;
  readonly temp: string;
}): Promise<void> {
  try {
    const handle = await open(file.temp, 'wx');
    try {
      await handle.writeFile(file.bytes);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(file.temp, file.path);
  } catch (error) {
    await rm(file.temp, { force: true });
    throw error;
  }
  await syncDirectory(dirname(file.path));
}

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
