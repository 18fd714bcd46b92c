import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, digestFromHex } from '../oci/digest.ts';

/** In bytes. */
const readSize = 256 * 1024;

/** A blob on its way in: the bytes received so far are in `file`. */
export class Upload {
  readonly id: string;
  /** Its name. */
  readonly repository: string;
  readonly file: string;
  readonly #hash: Hash;
  #size: number;

  private constructor(of: { id: string; repository: string; file: string }, hash: Hash, size: number) {
    this.id = of.id;
    this.repository = of.repository;
    this.file = of.file;
    this.#hash = hash;
    this.#size = size;
  }

  /** Goes on with what is in the file already. */
  static async resume(of: { id: string; repository: string; file: string }): Promise<Upload> {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of createReadStream(of.file, { highWaterMark: readSize })) {
      hash.update(chunk);
      size += chunk.length;
    }
    return new Upload(of, hash, size);
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  /** Of the bytes received so far. */
  digest(): Digest {
    return digestFromHex(this.#hash.copy().digest('hex'));
  }

  /** Adds bytes at the end. Those received before an error stay. One call at a time. */
  async append(bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const file = await open(this.file, 'r+');
    try {
      await file.truncate(this.#size); // what a failed write has left was never counted
      await pipeline(bytes, new Appender((chunks) => this.#append(file, chunks)), { signal });
    } finally {
      await file.close();
    }
  }

  /** Counts and hashes only what is in the file, so that size and digest are right whatever happens next. */
  async #append(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    for (let written = 0; written < bytes.length; ) {
      written += (await file.write(bytes, written, bytes.length - written, this.#size + written)).bytesWritten;
    }
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }
}

/** Gathers what comes while the disk is busy. */
class Appender extends Writable {
  readonly #append: (chunks: readonly Buffer[]) => Promise<void>;

  constructor(append: (chunks: readonly Buffer[]) => Promise<void>) {
    super({ highWaterMark: readSize });
    this.#append = append;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#append([chunk]).then(() => done(), done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#append(chunks.map(({ chunk }) => chunk)).then(() => done(), done);
  }
}
