import { mkdir, open, rename, rm } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import type { ContentSink, ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest, type DigestAlgorithm, digestOf } from '../oci/digest.ts';
import type { Document } from '../oci/document.ts';
import { blobSizeMismatch } from '../oci/failure.ts';
import { verifyStream } from '../oci/verify-stream.ts';
import { FailureError } from '../result.ts';
import { syncDirectory } from './atomic-file.ts';
import { BlobWriter, type Written } from './blob-writer.ts';
import type { Claims } from './claims.ts';
import { blobMissing, damagedHint, explained, systemErrorCode } from './failure.ts';
import type { StorePaths } from './paths.ts';
import type { Session } from './session.ts';

/** In bytes. Fewer, larger reads: the thread pool costs more than the copy. */
const readSize = 256 * 1024;

/**
 * Blobs by digest: layers, configs, manifests, indexes. A blob that was put or asked for is not pruned while this
 * session lives.
 */
export class BlobStore implements ContentSource, ContentSink {
  readonly #paths: StorePaths;
  readonly #session: Session;
  readonly #claims: Claims;
  /** Under way in this process: a second put of the same digest waits rather than fetch the bytes again. */
  readonly #puts = new Map<Digest, Promise<void>>();

  constructor(paths: StorePaths, session: Session, claims: Claims) {
    this.#paths = paths;
    this.#session = session;
    this.#claims = claims;
  }

  /** False too for a file of another size, such as a power cut leaves: a put replaces it. */
  async has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return (await this.size(descriptor.digest)) === descriptor.size;
  }

  /** In bytes; undefined where the store has no such blob. */
  async size(digest: Digest): Promise<number | undefined> {
    return this.#claims.claim(this.#paths.blob(digest));
  }

  /** The path of a blob that is there, for programs and calls that take a path. Its bytes are not verified. */
  async openPath(digest: Digest): Promise<string> {
    const path = this.#paths.blob(digest);
    if ((await this.size(digest)) === undefined) throw new FailureError(blobMissing(digest, path));
    return path;
  }

  /** A blob whose bytes turn out to have changed is removed, so that the next put brings good ones. */
  async open(descriptor: Descriptor, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const { digest } = descriptor;
    const path = this.#paths.blob(digest);
    const file = await open(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') throw new FailureError(blobMissing(digest, path), { cause: error });
      throw explained(error, path);
    });
    const where = `the store (${path})`;
    const { size, mtimeMs } = await file.stat();
    // What is being read is in use, and with it what it names.
    if (mtimeMs < this.#session.startedAt) await this.#claims.claim(path);
    if (size !== descriptor.size) {
      await file.close();
      throw new FailureError({ ...blobSizeMismatch(where, descriptor, `${size} bytes`), hint: damagedHint });
    }
    const verified = verifyStream(descriptor, where, damagedHint);
    pipeline(file.createReadStream({ highWaterMark: readSize }), verified, (error) => {
      // The reader hears of it from `verified`. Where removing is not allowed, the next reader does too.
      if (error instanceof FailureError) void rm(path).catch(() => {});
    });
    return addAbortSignal(signal, verified);
  }

  async put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (await this.has(descriptor, signal)) return;
      const other = this.#puts.get(descriptor.digest);
      if (other === undefined) break;
      await endOf(other, signal);
    }
    const put = this.#put(descriptor, bytes, signal);
    this.#puts.set(descriptor.digest, put);
    try {
      await put;
    } finally {
      this.#puts.delete(descriptor.digest);
    }
  }

  async #put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    const source = await bytes();
    const writer = this.#writer(descriptor);
    try {
      await pipe(source, writer, { signal });
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** For bytes whose digest shows at their end. */
  writer(): BlobWriter {
    return this.#writer();
  }

  #writer(expected?: Written): BlobWriter {
    return new BlobWriter(this.#session.tempPath('blob'), (temp, written) => this.#place(temp, written), expected);
  }

  async putBytes(mediaType: string, bytes: Uint8Array, algorithm?: DigestAlgorithm): Promise<Descriptor> {
    const descriptor = { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length };
    await this.put(descriptor, async () => Readable.from([bytes], { objectMode: false }), never);
    return descriptor;
  }

  async putDocument(document: Document<unknown>): Promise<Descriptor> {
    const { descriptor, bytes } = document;
    await this.put(descriptor, async () => Readable.from([bytes], { objectMode: false }), never);
    return descriptor;
  }

  /** Takes over a finished file from elsewhere on the same file system, whose digest and size the caller has computed. */
  async adopt(path: string, written: Written): Promise<void> {
    const file = await open(path);
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#place(path, written);
  }

  /** Replaces a blob that is there: the bytes are the same, and if they are not any more, these are good. */
  async #place(temp: string, { digest }: Written): Promise<void> {
    const path = this.#paths.blob(digest);
    try {
      if (algorithmOf(digest) === 'sha512') await this.#placeSha512(temp, path);
      else await rename(temp, path);
      // Whoever was about to take the one that was there sees that this is another.
      await this.#claims.settled();
    } catch (error) {
      throw explained(error, path);
    }
  }

  /** Few stores ever see one: the directory is made when it is needed, and synced here rather than by every writer of names. */
  async #placeSha512(temp: string, path: string): Promise<void> {
    await mkdir(this.#paths.blobsSha512, { recursive: true });
    await rename(temp, path);
    await syncDirectory(this.#paths.blobsSha512);
  }
}

/** For what is in memory already and too short to be interrupted. */
const never = new AbortController().signal;

/** Resolves at the end of another's work, however it ends; rejects when `signal` aborts before. */
async function endOf(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let stop = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      work.then(
        () => resolve(),
        () => resolve(),
      );
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
