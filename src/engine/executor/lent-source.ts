import { type BigIntStats, constants } from 'node:fs';
import { chmod, type FileHandle, lchown, lstat, mkdir, open, readlink, stat, writeFile } from 'node:fs/promises';
import { removeTree } from '../../remove-tree.ts';
import { moveFile } from './moved-file.ts';
import type { ExecutorTools } from './tools.ts';

/**
 * A directory or file that is moved into a root for a while: however large it is, nothing of it is read or copied. It is held
 * open, so that it is found wherever a process has moved it meanwhile.
 */
export class LentSource {
  /** Canonical path of where it is from. */
  readonly source: string;
  readonly #before: BigIntStats;
  readonly #handle: FileHandle;
  readonly #tools: Pick<ExecutorTools, 'cp'>;
  #isBack = false;

  private constructor(source: string, before: BigIntStats, { handle, tools }: { handle: FileHandle; tools: CopyTool }) {
    this.source = source;
    this.#before = before;
    this.#handle = handle;
    this.#tools = tools;
  }

  /** `source` is canonical; nothing is at `to`. */
  static async lend(source: string, to: string, tools: CopyTool): Promise<LentSource> {
    const before = await stat(source, { bigint: true });
    await moveFile(source, to, tools);
    const kind = before.isDirectory() ? constants.O_DIRECTORY : constants.O_NONBLOCK;
    const handle = await open(to, constants.O_RDONLY | constants.O_NOFOLLOW | kind);
    return new LentSource(source, before, { handle, tools });
  }

  /** Puts it back with what has become of it; what the process removed is empty. Does nothing when it is back. */
  async giveBack(): Promise<void> {
    if (this.#isBack) return;
    this.#isBack = true;
    try {
      const place = await this.#place();
      if (place === undefined) return await this.#makeEmpty();
      await moveFile(place, this.source, this.#tools).catch(async (error: NodeJS.ErrnoException) => {
        // Somebody cleans up, and it is no longer wanted.
        if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
        await removeTree(place);
      });
    } finally {
      await this.#handle.close();
    }
  }

  /** Where it is by now; undefined if it is nowhere. */
  async #place(): Promise<string | undefined> {
    const now = await readlink(`/proc/self/fd/${this.#handle.fd}`);
    const [there, it] = await Promise.all([
      lstat(now, { bigint: true }).catch(() => undefined),
      this.#handle.stat({ bigint: true }),
    ]);
    return there?.ino === it.ino && there.dev === it.dev ? now : undefined;
  }

  async #makeEmpty(): Promise<void> {
    const { source } = this;
    const { uid, gid, mode } = this.#before;
    await (this.#before.isDirectory() ? mkdir(source) : writeFile(source, '', { flag: 'wx' }));
    await lchown(source, Number(uid), Number(gid));
    await chmod(source, Number(mode & 0o7777n));
  }
}

type CopyTool = Pick<ExecutorTools, 'cp'>;
