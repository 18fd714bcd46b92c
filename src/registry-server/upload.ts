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
      await pipeline(
        bytes,
        new Appender(
          (chunk) => this.#write(file, chunk),
          (chunk) => this.#hash.update(chunk),
        ),
        { signal },
      );
    } finally {
      await file.close();
    }
  }

  /** Counts only what is in the file, so that the size is right whatever happens next. */
  async #write(file: FileHandle, bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      written += (await file.write(bytes, written, bytes.length - written, this.#size + written)).bytesWritten;
    }
    this.#size += bytes.length;
  }
}

/** Gathers what comes while the disk is busy. */
class Appender extends Writable {
  readonly #append: (bytes: Buffer) => Promise<void>;
  readonly #appended: (bytes: Buffer) => void;

  /** `appended` gets what is in the file now, while the disk may be busy with what follows. */
  constructor(append: (bytes: Buffer) => Promise<void>, appended: (bytes: Buffer) => void) {
    super({ highWaterMark: readSize });
    this.#append = append;
    this.#appended = appended;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#append(chunk).then(() => {
      done(); // begins with the next chunk
      this.#appended(chunk);
    }, done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done);
  }
}
