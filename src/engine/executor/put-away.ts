import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../remove-tree.ts';
import { moveFile } from './moved-file.ts';
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
    await moveFile(path, place, this.#tools);
    this.#places.set(path, place);
  }

  /** In place of whatever is there by now; where nothing was taken, nothing is there afterwards. */
  async giveBack(path: string): Promise<void> {
    await removeTree(path);
    const place = this.#places.get(path);
    this.#places.delete(path);
    if (place !== undefined) await moveFile(place, path, this.#tools);
  }

  /** What was not given back is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory !== undefined) await removeTree(this.#directory);
  }
}
