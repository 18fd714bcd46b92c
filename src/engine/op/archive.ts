import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { detectArchive } from '../../layer/detect.ts';
import type { LayerInput } from '../../layer/pack.ts';
import { Tree } from '../../layer/tree.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import type { RunnerServices } from './runner-services.ts';

/**
 * Local archives that ADD unpacks. Their files are put on disk for the time of the step, since an archive can be read
 * only from front to back; owners and modes are those that the archive says.
 */
export class ArchiveUnpacker implements AsyncDisposable {
  readonly #services: RunnerServices;
  readonly #signal: AbortSignal;
  readonly #directories: string[] = [];

  constructor(services: RunnerServices, signal: AbortSignal) {
    this.#services = services;
    this.#signal = signal;
  }

  /** The archive's entries; undefined when the file is not an archive, whatever its name. */
  async open(file: string): Promise<readonly LayerInput[] | undefined> {
    const tar = await detectArchive(file, this.#signal);
    if (!tar) return undefined;
    const parent = join(this.#services.store.session.path, 'archives');
    await mkdir(parent, { recursive: true });
    const directory = await mkdtemp(join(parent, 'add-'));
    this.#directories.push(directory);
    const { index } = await unpackLayer(
      tar,
      directory,
      { whiteouts: 'apply', lower: Tree.empty, owner: 'ignore', xattrs: 'skip' },
      this.#signal,
    );
    return index.map((entry): LayerInput => {
      if (entry.type !== 'file') return entry;
      const { digest: _, ...rest } = entry;
      return { ...rest, open: () => createReadStream(join(directory, entry.path)) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#directories.map((directory) => rm(directory, { recursive: true, force: true })));
  }
}
