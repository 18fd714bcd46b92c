import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { contextChanging } from '../../context/failure.ts';
import { type ArchiveRecord, readArchive } from '../../layer/archive-reader.ts';
import { type ArchiveCompression, decompressArchive, detectArchive } from '../../layer/detect.ts';
import { type Digest, digestFromHex } from '../../oci/digest.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { UnpackedRecord } from './archive-placement.ts';
import type { RunnerServices } from './runner-services.ts';

/**
 * Local archives that ADD unpacks. Their files are put on disk for the time of the step, since an archive can be read
 * only from front to back; owners and modes are those that the archive says.
 */
export class ArchiveUnpacker implements AsyncDisposable {
  readonly #services: RunnerServices;
  readonly #signal: AbortSignal;
  #directory: string | undefined;
  /** How many were written. */
  #files = 0;

  constructor(services: RunnerServices, signal: AbortSignal) {
    this.#services = services;
    this.#signal = signal;
  }

  /**
   * The archive's entries in their order, the bytes of each file on disk; undefined when the file is not an archive,
   * whatever its name. Fails with `context-changing` at the end unless the archive has the digest that was decided on.
   */
  async open(file: string, decided?: Digest): Promise<AsyncIterable<UnpackedRecord> | undefined> {
    const compression = await detectArchive(() => createReadStream(file), this.#signal);
    return compression && this.#unpack(file, compression, decided);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory !== undefined) await removeTree(this.#directory);
  }

  async *#unpack(
    file: string,
    compression: ArchiveCompression,
    decided: Digest | undefined,
  ): AsyncGenerator<UnpackedRecord, void, undefined> {
    const bytes = new HashedFile(file);
    for await (const { body, ...record } of readArchive(decompressArchive(bytes.chunks(), compression, this.#signal))) {
      this.#signal.throwIfAborted();
      yield record.entry.type === 'file' ? { ...record, sourcePath: await this.#write(body) } : record;
    }
    if (decided !== undefined && (await bytes.digest()) !== decided) throw new FailureError(contextChanging(file));
  }

  /** By number, in a directory of its own: no name of an archive ever comes to be on this machine. */
  async #write(body: ArchiveRecord['body']): Promise<string> {
    if (this.#directory === undefined) {
      this.#directory = this.#services.store.session.tempPath('add');
      await mkdir(this.#directory);
    }
    const path = join(this.#directory, String(this.#files++));
    const whole = body.bytesNow();
    if (whole !== undefined) writeFileSync(path, whole, { flag: 'wx', mode: 0o600 });
    else await pipeline(body, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: this.#signal });
    return path;
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
