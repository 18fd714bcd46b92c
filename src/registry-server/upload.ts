import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, type DigestAlgorithm, digestFromHex } from '../oci/digest.ts';

/** In bytes. */
const readSize = 256 * 1024;

/** A blob on its way in: the bytes received so far are in `file`. */
export class Upload {
  readonly id: string;
  /** Its name. */
  readonly repository: string;
  readonly file: string;
  #algorithm: DigestAlgorithm = 'sha256';
  #hash: Hash;
  #size: number;

  private constructor(of: { id: string; repository: string; file: string }, { hash, size }: Hashed) {
    this.id = of.id;
    this.repository = of.repository;
    this.file = of.file;
    this.#hash = hash;
    this.#size = size;
  }

  /** Continues with what is in the file already. */
  static async resume(of: { id: string; repository: string; file: string }): Promise<Upload> {
    return new Upload(of, await hashFile(of.file, 'sha256', Number.POSITIVE_INFINITY));
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Says which digest is wanted at the end. Bytes are hashed with sha256 as they come; what came before another
   * algorithm was named, which is with the last request, is read once more. Not while append() runs.
   */
  async hashWith(algorithm: DigestAlgorithm): Promise<void> {
    if (algorithm === this.#algorithm) return;
    this.#hash = (await hashFile(this.file, algorithm, this.#size)).hash;
    this.#algorithm = algorithm;
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

interface Hashed {
  readonly hash: Hash;
  readonly size: number;
}

/** The first `length` bytes of a file: what a failed write has left behind them was never counted. */
async function hashFile(path: string, algorithm: DigestAlgorithm, length: number): Promise<Hashed> {
  const hash = createHash(algorithm);
  let size = 0;
  if (length === 0) return { hash, size };
  for await (const chunk of createReadStream(path, { highWaterMark: readSize, end: length - 1 })) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { hash, size };
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
