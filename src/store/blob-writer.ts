import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { algorithmOf, type Digest, digestFromHex } from '../oci/digest.ts';
import { blobDigestMismatch, blobSizeMismatch } from '../oci/failure.ts';
import { FailureError } from '../result.ts';
import { explained } from './failure.ts';

/** What was written. `size` in bytes. */
export interface Written {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * A new blob on its way to disk. Pipe the bytes in, then `commit()`; or `abort()`, also after an error. Nobody sees the
 * blob before the commit. A file in the session is all that one forgotten leaves.
 */
export class BlobWriter extends Writable {
  readonly #temp: string;
  readonly #place: (temp: string, written: Written) => Promise<void>;
  readonly #expected: Written | undefined;
  readonly #hash: Hash;
  #file: FileHandle | undefined;
  #size = 0;
  #written: Written | undefined;
  #committed: Promise<Written> | undefined;

  /** `place` moves the finished file to where it belongs. Other bytes than `expected` make the stream fail. */
  constructor(temp: string, place: (temp: string, written: Written) => Promise<void>, expected?: Written) {
    super({ highWaterMark: 256 * 1024 });
    this.#temp = temp;
    this.#place = place;
    this.#expected = expected;
    this.#hash = createHash(expected === undefined ? 'sha256' : algorithmOf(expected.digest));
  }

  /** Ends the stream if that was not done, and puts the blob into the store; it is there when this resolves. */
  commit(): Promise<Written> {
    this.#committed ??= this.#commit();
    return this.#committed;
  }

  async #commit(): Promise<Written> {
    if (!this.writableEnded) this.end();
    await finished(this);
    const written = this.#written;
    if (written === undefined) throw new Error('_final() comes before the end');
    await this.#place(this.#temp, written);
    return written;
  }

  /** Removes what was written. Nothing after a commit. */
  async abort(): Promise<void> {
    if (
      this.#committed !== undefined &&
      (await this.#committed.then(
        () => true,
        () => false,
      ))
    )
      return;
    if (!this.closed) {
      this.destroy();
      await finished(this).catch(() => {}); // that it ended early is what was asked for
    }
    await rm(this.#temp, { force: true });
  }

  override _construct(done: (error?: Error | null) => void): void {
    this.#settle(
      open(this.#temp, 'wx').then((file) => {
        this.#file = file;
      }),
      done,
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#append([chunk], done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#append(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    const written = { digest: digestFromHex(this.#hash.digest('hex')), size: this.#size };
    this.#written = written;
    const { digest, size } = this.#expected ?? written;
    if (size !== written.size) done(this.#sizeMismatch(`${written.size} bytes`));
    else if (digest !== written.digest) {
      done(new FailureError(blobDigestMismatch('the source', digest, written.digest)));
    } else this.#settle(this.#open().datasync(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const removed = this.writableFinished ? undefined : rm(this.#temp, { force: true });
    Promise.all([this.#file?.close(), removed]).then(
      () => done(error),
      (failure) => done(error ?? failure),
    );
  }

  /** The disk writes while the processor hashes. */
  #append(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    this.#size += lengthOf(chunks);
    if (this.#expected !== undefined && this.#size > this.#expected.size) {
      done(this.#sizeMismatch(`more than ${this.#expected.size} bytes`));
      return;
    }
    this.#settle(writeAll(this.#open(), chunks), done);
    for (const chunk of chunks) this.#hash.update(chunk);
  }

  #sizeMismatch(got: string): Error {
    return new FailureError(blobSizeMismatch('the source', this.#expected ?? { digest: '', size: 0 }, got));
  }

  #settle(work: Promise<unknown>, done: (error?: Error | null) => void): void {
    work.then(
      () => done(),
      (error) => done(explained(error, this.#temp) as Error),
    );
  }

  #open(): FileHandle {
    if (this.#file === undefined) throw new Error('_construct() comes before _write()');
    return this.#file;
  }
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  const [first] = chunks;
  const { bytesWritten } = chunks.length === 1 && first ? await file.write(first) : await file.writev([...chunks]);
  // Seldom, and the disk is probably full: writing the rest says so.
  if (bytesWritten < lengthOf(chunks)) await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
