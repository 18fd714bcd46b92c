import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { contextChanging } from '../../context/failure.ts';
import { decompressArchive, detectArchive } from '../../layer/detect.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import { type Digest, digestFromHex } from '../../oci/digest.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
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

  /**
   * The archive's entries; undefined when the file is not an archive, whatever its name. Fails with `context-changing`
   * unless its bytes have the digest that was decided on.
   */
  async open(file: string, decided?: Digest): Promise<readonly LayerInput[] | undefined> {
    const compression = await detectArchive(() => createReadStream(file), this.#signal);
    if (!compression) return undefined;
    const bytes = new HashedFile(file);
    const tar = decompressArchive(bytes.chunks(), compression, this.#signal);
    const directory = this.#services.store.session.tempPath('add');
    await mkdir(directory);
    this.#directories.push(directory);
    const { index } = await unpackLayer(
      tar,
      directory,
      { whiteouts: 'apply', owner: 'ignore', xattrs: 'skip' },
      this.#signal,
    );
    if (decided !== undefined && (await bytes.digest()) !== decided) throw new FailureError(contextChanging(file));
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

/** A file that is read once, from front to back, and the digest of what was read. */
class HashedFile {
  readonly #file: string;
  readonly #hash = createHash('sha256');
  #read = 0;
  #isLeft = false;

  constructor(file: string) {
    this.#file = file;
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of this.#open()) {
      // Who decompresses reads ahead, and may be told to stop only while the next chunk is on its way.
      if (this.#isLeft) return;
      this.#add(chunk);
      yield chunk;
    }
  }

  /** Of all of it: an archive may end before its file does. Nothing is read by `chunks` any more. */
  async digest(): Promise<Digest> {
    this.#isLeft = true;
    for await (const chunk of this.#open()) this.#add(chunk);
    return digestFromHex(this.#hash.digest('hex'));
  }

  #open(): AsyncIterable<Buffer> {
    return createReadStream(this.#file, { start: this.#read });
  }

  #add(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#read += chunk.length;
  }
}
