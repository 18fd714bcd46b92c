import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree as removeTreeOf } from '../remove-tree.ts';
import { explained, systemErrorCode } from './failure.ts';

/**
 * Removes what lies in the directory `trash`, as far as this process may, and returns the paths that are left.
 * Trees with files of mapped users are left to a process that is root in a user namespace with the same mapping: the
 * engine's worker calls this function there.
 */
export async function emptyTrash(trash: string): Promise<readonly string[]> {
  const left: string[] = [];
  const names = await readdir(trash).catch((error: unknown) => {
    throw explained(error, trash);
  });
  for (const name of names) {
    const path = join(trash, name);
    if (!(await removeForcibly(path))) left.push(path);
  }
  return left;
}

/** False where rights are missing for some of it. What is gone already is no failure. */
export async function removeForcibly(path: string): Promise<boolean> {
  if (await remove(path)) return true;
  // Removing from a directory takes write and search permission on it, which its owner can give himself.
  await makeWritable(path);
  return remove(path);
}

const lacksRights = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY']);

async function remove(path: string): Promise<boolean> {
  try {
    await removeTreeOf(path);
    return true;
  } catch (error) {
    if (lacksRights.has(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

async function makeWritable(directory: string): Promise<void> {
  try {
    await chmod(directory, 0o700);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
    }
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    const isHarmless = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
    if (!lacksRights.has(code) && !isHarmless) throw error;
  }
}
