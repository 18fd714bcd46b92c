import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `await using dir = await tempDir()`: a fresh directory, removed at the end of the scope, whatever modes are in it. */
export async function tempDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'cip-test-'));
  return { path, [Symbol.asyncDispose]: () => removeAll(path) };
}

async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error;
    await openDirectories(path);
    await rm(path, { recursive: true, force: true });
  });
}

/** An ordinary user can remove nothing from a directory without write permission, even from one of their own. */
async function openDirectories(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await openDirectories(`${path}/${name}`);
}
