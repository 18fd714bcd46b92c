import { chmod, lstat, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../src/remove-tree.ts';

/** `await using dir = await tempDir()`: a fresh directory, removed at the end of the scope, whatever modes are in it, and however deep. */
export async function tempDir(parent = tmpdir()): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(parent, 'cip-test-'));
  return { path, [Symbol.asyncDispose]: () => removeAll(path) };
}

async function removeAll(path: string): Promise<void> {
  await removeTree(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error;
    await openDirectories(path);
    await removeTree(path);
  });
}

/** An ordinary user can remove nothing from a directory without write permission, even from one of their own. */
async function openDirectories(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await openDirectories(`${path}/${name}`);
}
