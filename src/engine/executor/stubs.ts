import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, rmdir, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isInPlace } from './root-view.ts';

type Kind = 'directory' | 'file' | 'device';

const modes = { directory: 0o755, file: 0o644, device: 0o666 } satisfies Record<Kind, number>;

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
  readonly #made: { readonly path: string; readonly kind: Kind }[] = [];
  readonly #touched = new Map<string, Touched>();

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#make(path, 'directory', () => mkdir(path));
  }

  makeFile(path: string): Promise<void> {
    return this.#make(path, 'file', () => writeFile(path, '', { flag: 'wx' }));
  }

  /** For roots that nothing can be mounted on: a device of its own, made by `create`. */
  makeDevice(path: string, create: () => Promise<unknown>): Promise<void> {
    return this.#make(path, 'device', create);
  }

  /** May be called more than once. What the process has put to use stays. */
  async remove(): Promise<void> {
    for (const { path, kind } of this.#made.splice(0).reverse()) {
      const parent = dirname(path);
      if (!(await isInPlace(this.#rootfs, parent))) continue;
      const now = await lstat(parent, { bigint: true });
      const touched = this.#touched.get(parent);
      const removed = await (kind === 'directory' ? removeEmptyDirectory(path) : removeFile(path, kind));
      if (!removed || touched === undefined) continue;
      // What the process itself did to the directory is to be seen: then its own time is kept.
      const mtimeNs = now.mtimeNs === touched.after ? touched.before.mtimeNs : now.mtimeNs;
      await utimes(parent, seconds(touched.before.atimeNs), seconds(mtimeNs));
      touched.after = (await lstat(parent, { bigint: true })).mtimeNs;
    }
    this.#touched.clear();
  }

  async #make(path: string, kind: Kind, create: () => Promise<unknown>): Promise<void> {
    const parent = dirname(path);
    const before = this.#touched.get(parent)?.before ?? (await lstat(parent, { bigint: true }));
    await create();
    this.#made.push({ path, kind });
    // With what a directory has of the one above it: the set-group-ID bit.
    await chmod(path, ((await lstat(path)).mode & 0o7000) | modes[kind]);
    const after = (await lstat(parent, { bigint: true })).mtimeNs;
    this.#touched.set(parent, { before, after });
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

async function removeFile(path: string, kind: Kind): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  const isOurs = kind === 'device' ? stats?.isCharacterDevice() : stats?.isFile() && stats.size === 0;
  if (!isOurs) return false;
  await unlink(path);
  return true;
}

/**
 * The microsecond is the finest that utimes() takes; what came out of an archive has whole seconds. Half of one more
 * keeps the rounding of a floating-point number from making it the one before.
 */
function seconds(nanoseconds: bigint): number {
  const microseconds = Number(nanoseconds / 1000n);
  return (microseconds % 1e6 === 0 ? microseconds : microseconds + 0.5) / 1e6;
}
