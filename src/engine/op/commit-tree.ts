import { contextFiles } from '../../context/context-files.ts';
import { DiskTree } from '../../context/disk-tree.ts';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import { describeRemote, type GitSource } from '../../dockerfile/remote-source.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Checkout } from './checkouts.ts';

/** The files of a commit as ADD sees them: they belong to 0:0, and are as old as the commit. */
export class CommitTree implements SourceTree {
  readonly description: string;
  readonly #disk: DiskTree;
  readonly #time: number;

  /** Nothing that is committed is called `.git`: whatever is belongs to git, and is there only where that is wanted. */
  constructor(source: GitSource, { directory, time }: Checkout, signal: AbortSignal) {
    this.description = describeRemote(source);
    this.#time = time;
    const ignore = source.keepsGitDir && source.subdir === '' ? [] : ['**/.git'];
    this.#disk = new DiskTree({ directory, ignore, files: contextFiles, digestOf: () => undefined, signal });
  }

  async lookup(path: string): Promise<SourceNode | undefined> {
    const node = await this.#disk.lookup(path);
    return node && { ...node, mtime: this.#time };
  }

  children(path: string): Promise<readonly string[]> {
    return this.#disk.children(path);
  }

  digest(node: SourceNode): Promise<Digest> {
    return this.#disk.digest(node);
  }

  fileOf(node: SourceNode): Promise<string> {
    return this.#disk.fileOf(node);
  }
}
