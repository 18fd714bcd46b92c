import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decompressArchive, detectArchive } from '../../layer/detect.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import { removeTree } from '../../remove-tree.ts';
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
    const compression = await detectArchive(() => createReadStream(file), this.#signal);
    if (!compression) return undefined;
    const tar = decompressArchive(createReadStream(file), compression, this.#signal);
    const directory = this.#services.store.session.tempPath('add');
    await mkdir(directory);
    this.#directories.push(directory);
    const { index } = await unpackLayer(
      tar,
      directory,
      { whiteouts: 'apply', owner: 'ignore', xattrs: 'skip' },
      this.#signal,
    );
    return index.flatMap((entry): readonly LayerInput[] => {
      if (entry.type === 'opaque') return [];
      if (entry.type !== 'file') return [entry];
      const { digest: _, ...rest } = entry;
      return [{ ...rest, sourcePath: join(directory, entry.path) }];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#directories.map((directory) => removeTree(directory)));
  }
}
