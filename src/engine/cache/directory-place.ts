import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, type Digest, hexOf } from '../../oci/digest.ts';
import { verifyStream } from '../../oci/verify-stream.ts';
import { FailureError } from '../../result.ts';
import { replaceFile } from '../../store/atomic-file.ts';
import { BlobWriter } from '../../store/blob-writer.ts';
import { blobMissing, systemErrorCode } from '../../store/failure.ts';
import type { CacheAddress } from './cache-address.ts';
import { sharedDirectoryUnusable } from './failure.ts';
import { RESULTS } from './records.ts';
import { readSharedResult, type SharedPlace, type SharedResult } from './shared-place.ts';

/** Milliseconds after which a file that is not whole was left by somebody who was killed. */
const ABANDONED = 24 * 60 * 60 * 1000;

/**
 * Results in a directory that a CI system keeps, or that several machines mount: a file for each key, and blobs by digest.
 * Each file is put in place whole, so that a copy made at any moment can be used; what it lacks is a miss.
 */
export class DirectoryPlace implements SharedPlace {
  readonly name: string;
  readonly #directory: string;
  readonly #writer: string;
  #files = 0;
  #own: Promise<string> | undefined;

  /** `writer`: a name that no other process has, on any machine, with files that are not whole yet. */
  constructor({ directory }: CacheAddress & { readonly type: 'local' }, writer: string) {
    this.#directory = directory;
    this.#writer = writer;
    this.name = `the cache ${directory}`;
  }

  async resultOf(key: Digest, signal: AbortSignal): Promise<SharedResult | undefined> {
    const path = this.#pathOf(key);
    try {
      return readSharedResult(await readFile(path, { encoding: 'utf8', signal }));
    } catch (error) {
      signal.throwIfAborted();
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw unusable(error, path);
    }
  }

  async keep(key: Digest, result: SharedResult, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const path = this.#pathOf(key);
    await this.#make(path);
    try {
      await replaceFile({ path, bytes: JSON.stringify(result), temp: await this.#temp() });
    } catch (error) {
      throw unusable(error, path);
    }
  }

  async has({ digest, size }: Descriptor, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const path = this.#blob(digest);
    try {
      return (await stat(path)).size === size;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw unusable(error, path);
    }
  }

  async open(descriptor: Descriptor, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const path = this.#blob(descriptor.digest);
    const file = await open(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') throw new FailureError(blobMissing(descriptor.digest, path));
      throw unusable(error, path);
    });
    const verified = verifyStream(descriptor, this.name);
    // Whoever reads `verified` hears of it.
    pipeline(file.createReadStream(), verified, () => {});
    return verified;
  }

  async put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    if (await this.has(descriptor, signal)) return;
    const path = this.#blob(descriptor.digest);
    await this.#make(path);
    const writer = new BlobWriter(await this.#temp(), (temp) => rename(temp, path), descriptor);
    try {
      await pipe(await bytes(), writer, { signal });
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw unusable(error, path);
    }
  }

  async #make(path: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw unusable(error, dirname(path));
    }
  }

  #pathOf(key: Digest): string {
    return join(this.#directory, RESULTS, `${hexOf(key)}.json`);
  }

  #blob(digest: Digest): string {
    return join(this.#directory, 'blobs', algorithmOf(digest), hexOf(digest));
  }

  /** A new name on the file system of what is to have another in the end. */
  async #temp(): Promise<string> {
    this.#own ??= this.#openOwn();
    this.#files += 1;
    const name = String(this.#files);
    return join(await this.#own, name);
  }

  /** A directory of this process, younger than all that others have left. */
  async #openOwn(): Promise<string> {
    const all = join(this.#directory, 'tmp');
    const own = join(all, this.#writer);
    try {
      await mkdir(own, { recursive: true });
      const { mtimeMs: now } = await stat(own);
      for (const name of await readdir(all)) {
        const path = join(all, name);
        // Others may be at it, too.
        const age = await stat(path).then(
          ({ mtimeMs }) => now - mtimeMs,
          () => 0,
        );
        if (age > ABANDONED) await rm(path, { recursive: true, force: true });
      }
      return own;
    } catch (error) {
      throw unusable(error, all);
    }
  }
}

/** Whatever the system refuses is a failure of this cache and of nothing else. */
function unusable(error: unknown, path: string): unknown {
  if (systemErrorCode(error) === undefined) return error;
  return new FailureError(sharedDirectoryUnusable(path, (error as Error).message), { cause: error });
}
