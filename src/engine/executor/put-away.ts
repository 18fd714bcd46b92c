import { mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import { sandboxFailed } from './failure.ts';
import type { ExecutorTools } from './tools.ts';

/**
 * Files and directories of a root that a process is not to see, kept in a directory beside the root until it has ended.
 * They are moved there; an overlay is a file system of its own, of which they are copied with all that they have.
 */
export class PutAway implements AsyncDisposable {
  readonly #rootfs: string;
  readonly #tools: Pick<ExecutorTools, 'cp'>;
  readonly #places = new Map<string, string>();
  #directory: string | undefined;
  #count = 0;

  constructor(rootfs: string, tools: Pick<ExecutorTools, 'cp'>) {
    this.#rootfs = rootfs;
    this.#tools = tools;
  }

  /** `path` is canonical but for its last name, and nothing is there afterwards. */
  async take(path: string): Promise<void> {
    this.#directory ??= await mkdtemp(`${this.#rootfs}-away-`);
    this.#count += 1;
    const place = join(this.#directory, `${this.#count}`);
    await this.#move(path, place);
    this.#places.set(path, place);
  }

  /** In place of whatever is there by now; where nothing was taken, nothing is there afterwards. */
  async giveBack(path: string): Promise<void> {
    await removeTree(path);
    const place = this.#places.get(path);
    this.#places.delete(path);
    if (place !== undefined) await this.#move(place, path);
  }

  /** What was not given back is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory !== undefined) await removeTree(this.#directory);
  }

  async #move(from: string, to: string): Promise<void> {
    try {
      await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      const copied = await runProgram(this.#tools.cp, { args: ['-a', '--', from, to], env: 'inherited' });
      if (!succeeded(copied)) throw new FailureError(sandboxFailed(complaintOf(copied)), { cause: error });
      await removeTree(from);
    }
  }
}
