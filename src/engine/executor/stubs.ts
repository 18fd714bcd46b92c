import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, rmdir, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { restoreTimes } from './file-times.ts';
import type { PutAway } from './put-away.ts';
import { isInPlace } from './root-view.ts';

interface Stub {
  readonly path: string;
  /** Absent where `create` sees to it. */
  readonly mode?: number;
  readonly create: () => Promise<unknown>;
  /** False where it stays, since the process has put it to use. */
  readonly remove: () => Promise<boolean>;
}

interface Touched {
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
  readonly #made: Stub[] = [];
  readonly #touched = new Map<string, Touched>();

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#make({ path, mode: 0o755, create: () => mkdir(path), remove: () => removeEmptyDirectory(path) });
  }

  makeFile(path: string): Promise<void> {
    return this.#make({ path, mode: 0o644, create: () => makeFile(path, ''), remove: () => removeEmptyFile(path) });
  }

  /**
   * For roots that nothing can be mounted on: a file in place of what is there, if anything is, which is away meanwhile.
   * Whatever the process makes of it is taken away.
   */
  lendFile(path: string, text: string, away: PutAway): Promise<void> {
    const make = async () => {
      await makeFile(path, text);
      await chmod(path, 0o644);
    };
    return this.lend(path, away, { make });
  }

  /** The same of what `make` makes, which is given its mode there; `takeBack` is called before it is taken away. */
  lend(
    path: string,
    away: PutAway,
    { make, takeBack }: { readonly make: () => Promise<unknown>; readonly takeBack?: () => Promise<void> },
  ): Promise<void> {
    return this.#make({
      path,
      create: async () => {
        if ((await lstat(path).catch(() => undefined)) !== undefined) await away.take(path);
        await make();
      },
      remove: async () => {
        await takeBack?.();
        await away.giveBack(path);
        return true;
      },
    });
  }

  /** May be called more than once. What the process has put to use stays. */
  async remove(): Promise<void> {
    for (const { path, remove } of this.#made.splice(0).reverse()) {
      const parent = dirname(path);
      if (!(await isInPlace(this.#rootfs, parent))) continue;
      const now = await lstat(parent, { bigint: true });
      const touched = this.#touched.get(parent);
      const removed = await remove();
      if (!removed || touched === undefined) continue;
      // What the process itself did to the directory is to be seen: then its own time is kept.
      const mtimeNs = now.mtimeNs === touched.after ? touched.before.mtimeNs : now.mtimeNs;
      await restoreTimes(parent, { atimeNs: touched.before.atimeNs, mtimeNs });
      touched.after = (await lstat(parent, { bigint: true })).mtimeNs;
    }
    this.#touched.clear();
  }

  async #make(stub: Stub): Promise<void> {
    const { path, mode, create } = stub;
    const parent = dirname(path);
    const before = this.#touched.get(parent)?.before ?? (await lstat(parent, { bigint: true }));
    await create();
    this.#made.push(stub);
    // With what a directory has of the one above it: the set-group-ID bit.
    if (mode !== undefined) await chmod(path, ((await lstat(path)).mode & 0o7000) | mode);
    const after = (await lstat(parent, { bigint: true })).mtimeNs;
    this.#touched.set(parent, { before, after });
  }
}

async function makeFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' });
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
