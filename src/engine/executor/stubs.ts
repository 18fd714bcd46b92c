import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, rmdir, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

interface Touched {
  readonly dir: string;
  /** As they were before the first stub was put in. */
  readonly before: BigIntStats;
  /** Last modification after the last stub was put in. */
  after: bigint;
}

/**
 * Files and directories that exist in a root only to be mounted over. `remove()` takes away exactly those that are
 * still empty, and gives the directories they were in their times back.
 */
export class Stubs {
  readonly #rootfs: string;
  readonly #made: { readonly path: string; readonly directory: boolean }[] = [];
  readonly #touched = new Map<string, Touched>();

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#make(path, true);
  }

  makeFile(path: string): Promise<void> {
    return this.#make(path, false);
  }

  /** May be called more than once. What the process has put to use stays. */
  async remove(): Promise<void> {
    for (const { path, directory } of this.#made.splice(0).reverse()) {
      const parent = dirname(path);
      if (!(await this.#isInPlace(parent))) continue;
      const now = await lstat(parent, { bigint: true });
      const touched = this.#touched.get(parent);
      const removed = await (directory ? removeEmptyDirectory(path) : removeEmptyFile(path));
      if (!removed || touched === undefined) continue;
      // What the process itself did to the directory is to be seen: then its own time is kept.
      const mtimeNs = now.mtimeNs === touched.after ? touched.before.mtimeNs : now.mtimeNs;
      await utimes(parent, seconds(touched.before.atimeNs), seconds(mtimeNs));
      touched.after = (await lstat(parent, { bigint: true })).mtimeNs;
    }
    this.#touched.clear();
  }

  async #make(path: string, directory: boolean): Promise<void> {
    const parent = dirname(path);
    const touched = this.#touched.get(parent);
    const before = touched?.before ?? (await lstat(parent, { bigint: true }));
    if (directory) await mkdir(path);
    else await writeFile(path, '', { flag: 'wx' });
    this.#made.push({ path, directory });
    await chmod(path, directory ? 0o755 : 0o644);
    const after = (await lstat(parent, { bigint: true })).mtimeNs;
    this.#touched.set(parent, { dir: parent, before, after });
  }

  /** The process may have put a link in the place of a directory: then the path leads somewhere else. */
  async #isInPlace(dir: string): Promise<boolean> {
    let path = this.#rootfs;
    for (const name of ['', ...relative(this.#rootfs, dir).split('/')]) {
      if (name !== '') path = `${path}/${name}`;
      const stats = await lstat(path).catch(() => undefined);
      if (!stats?.isDirectory()) return false;
    }
    return true;
  }
}

async function removeEmptyDirectory(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

async function removeEmptyFile(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isFile() || stats.size > 0) return false;
  await unlink(path);
  return true;
}

/** The microsecond is the finest that utimes() takes; what came out of an archive has whole seconds. */
function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1e6;
}
