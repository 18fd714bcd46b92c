import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, open, readlink, truncate, unlink } from 'node:fs/promises';
import { FailureError } from '../../result.ts';
import type { FileMount } from './executor.ts';
import { mountOwnerRefused } from './failure.ts';

/**
 * A file that is written into a root for one process. It is held open: wherever the process moves it, and whatever names it
 * gives it besides, nothing of what was in it is left.
 */
export class LentFile {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Nothing is at `path` yet. Throws FailureError where it cannot have its owner, and leaves none of it then. */
  static async write(path: string, { target, content, mode, uid, gid }: Omit<FileMount, 'type'>): Promise<LentFile> {
    const writing = await open(path, 'wx', 0o600);
    try {
      await writing.writeFile(content);
      await writing.chown(uid, gid);
    } catch (error) {
      await unlink(path);
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EINVAL' && code !== 'EPERM') throw error;
      throw new FailureError(mountOwnerRefused(target, `${uid}:${gid}`), { cause: error });
    } finally {
      await writing.close();
    }
    await chmod(path, mode);
    // What is open for writing cannot be executed.
    return new LentFile(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  }

  /** All of its names, those that the process made as well, have nothing in them from here on. */
  async empty(): Promise<void> {
    await truncate(`/proc/self/fd/${this.#handle.fd}`);
  }

  /** From where the process has moved it, if it is anywhere. */
  async remove(): Promise<void> {
    try {
      const now = await readlink(`/proc/self/fd/${this.#handle.fd}`);
      const [there, it] = await Promise.all([
        lstat(now, { bigint: true }).catch(() => undefined),
        this.#handle.stat({ bigint: true }),
      ]);
      if (there?.ino === it.ino && there.dev === it.dev) await unlink(now);
    } finally {
      await this.#handle.close();
    }
  }
}
