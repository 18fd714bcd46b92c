import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DiffID, type Digest, digestFromHex } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { paddingOf, type TarHeader } from '../tar/header.ts';
import { END_OF_ARCHIVE, encodeHeader } from '../tar/write.ts';
import { fileChanged, fileUnreadable, linkTargetMissing, reservedName } from './failure.ts';
import { READ_FILE } from './file-digest.ts';
import type { LayerEntry, LayerIndex } from './layer-entry.ts';
import type { FileInput, FileOnDisk, LayerInput, StreamedFile } from './layer-input.ts';
import { isCanonical } from './scoped-path.ts';
import { isReserved, whiteoutName } from './whiteout.ts';

/** A layer that was written as a tar, and what is in it. */
export interface PackedLayer {
  readonly diffID: DiffID;
  /** Bytes of the tar. */
  readonly size: number;
  readonly index: LayerIndex;
}

/**
 * Writes an uncompressed layer of these entries, in their order, and ends `out`. Digests of the tar and of each file
 * are taken in the same pass. The bytes depend on nothing but the entries. Throws FailureError: a file that cannot be
 * read, changed its size meanwhile, or has a name that means a deletion.
 */
export async function packLayer(
  entries: AsyncIterable<LayerInput> | Iterable<LayerInput>,
  out: Writable,
  signal: AbortSignal,
): Promise<PackedLayer> {
  const packing = new Packing(entries);
  await pipeline(packing.chunks(), out, { signal });
  return packing.result();
}

/** Bytes handed on at once. */
const CHUNK = 256 * 1024;
/** Up to here a file is read into the chunk at hand without waiting: the wait costs more than the read. */
const SMALL = 64 * 1024;

class Packing {
  readonly #entries: AsyncIterable<LayerInput> | Iterable<LayerInput>;
  readonly #tarHash = createHash('sha256');
  readonly #index: LayerEntry[] = [];
  /** Headers by path: for hard links, and so that no path is written twice. */
  readonly #headers = new Map<string, TarHeader>();
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #used = 0;
  #size = 0;

  constructor(entries: AsyncIterable<LayerInput> | Iterable<LayerInput>) {
    this.#entries = entries;
  }

  result(): PackedLayer {
    return { diffID: DiffID.parse(`sha256:${this.#tarHash.digest('hex')}`), size: this.#size, index: this.#index };
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for await (const entry of this.#entries) {
      const header = this.#headerOf(entry);
      yield* this.#put(encodeHeader(header));
      if (entry.type !== 'file') {
        this.#index.push(entry);
        continue;
      }
      const digest = yield* this.#content(entry);
      this.#index.push(indexed(entry, digest));
      const padding = paddingOf(entry.size);
      if (padding > 0) yield* this.#put(ZEROS.subarray(0, padding));
    }
    yield* this.#put(END_OF_ARCHIVE);
    if (this.#used > 0) yield this.#flush();
  }

  #headerOf(entry: LayerInput): TarHeader {
    const { path } = entry;
    if (!isCanonical(path)) throw new Error(`not a canonical path: ${JSON.stringify(path)}`);
    if (isReserved(path)) throw new FailureError(reservedName(path));
    if (this.#headers.has(path)) throw new Error(`${path} occurs twice in a layer`);
    const header = entry.type === 'hardlink' ? this.#linkHeader(path, entry.target) : headerOf(entry);
    this.#headers.set(path, header);
    return header;
  }

  /** Appliers set the metadata of a link's header on the file, so it has to be that of the file. */
  #linkHeader(path: string, target: string): TarHeader {
    const file = this.#headers.get(target);
    if (file === undefined || file.type === 'directory') throw new FailureError(linkTargetMissing(path, target));
    const { xattrs: _, ...metadata } = file;
    return { ...metadata, type: 'hardlink', name: path, linkName: target, size: 0, devMajor: 0, devMinor: 0 };
  }

  async *#content(file: FileInput): AsyncGenerator<Buffer, Digest, undefined> {
    if (file.sourcePath === undefined) return yield* this.#streamed(file, chunksOf(file));
    if (file.size > SMALL) return yield* this.#streamed(file, chunksOnDisk(file));
    // One byte more than there should be, to see whether the file grew.
    if (this.#used + file.size + 1 > CHUNK) yield this.#flush();
    const start = this.#used;
    const length = readSmall(file, this.#chunk, start);
    if (length !== file.size) throw new FailureError(fileChanged(file.sourcePath, changedSize(file.size, length)));
    this.#used += length;
    return digestFromHex(hash('sha256', this.#chunk.subarray(start, this.#used), 'hex'));
  }

  async *#streamed(file: FileInput, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, Digest, undefined> {
    const contentHash = createHash('sha256');
    let length = 0;
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > file.size) break;
      contentHash.update(chunk);
      yield* this.#put(chunk);
    }
    if (length !== file.size)
      throw new FailureError(fileChanged(file.sourcePath ?? file.path, changedSize(file.size, length)));
    return digestFromHex(contentHash.digest('hex'));
  }

  *#put(bytes: Buffer): Generator<Buffer, void, undefined> {
    const isBig = bytes.length >= CHUNK / 2;
    if (this.#used > 0 && (isBig || this.#used + bytes.length > CHUNK)) yield this.#flush();
    if (isBig) {
      this.#tarHash.update(bytes);
      this.#size += bytes.length;
      yield bytes;
      return;
    }
    bytes.copy(this.#chunk, this.#used);
    this.#used += bytes.length;
  }

  /** The consumer keeps what it is given, so each chunk has memory of its own. */
  #flush(): Buffer {
    const bytes = this.#chunk.subarray(0, this.#used);
    this.#tarHash.update(bytes);
    this.#size += bytes.length;
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK);
    this.#used = 0;
    return bytes;
  }
}

const ZEROS = Buffer.alloc(512);

/** How an entry of a layer stands in a tar; hard links have the header of their file. */
export function headerOf(entry: Exclude<LayerInput, { readonly type: 'hardlink' }>): TarHeader {
  if (entry.type === 'whiteout') return { ...PLAIN, type: 'file', name: whiteoutName(entry.path) };
  const { type, path, mode, uid, gid, mtime, xattrs } = entry;
  const owned = { mode, uid, gid, mtime, ...(xattrs && { xattrs }) };
  if (type === 'directory') return { ...PLAIN, ...owned, type, name: `${path}/` };
  if (type === 'symlink') return { ...PLAIN, ...owned, type, name: path, linkName: entry.target };
  if (type === 'file') return { ...PLAIN, ...owned, type, name: path, size: entry.size };
  if (type === 'fifo') return { ...PLAIN, ...owned, type, name: path };
  return { ...PLAIN, ...owned, type, name: path, devMajor: entry.major, devMinor: entry.minor };
}

const PLAIN = { linkName: '', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, devMajor: 0, devMinor: 0 } as const;

function indexed(file: FileInput, digest: Digest): LayerEntry {
  const { type, path, mode, uid, gid, mtime, xattrs, size } = file;
  return { type, path, mode, uid, gid, mtime, ...(xattrs && { xattrs }), size, digest };
}

/** Bytes read: up to one more than the size. */
function readSmall(file: FileOnDisk, chunk: Buffer, start: number): number {
  try {
    const descriptor = openSync(file.sourcePath, READ_FILE);
    try {
      let length = 0;
      while (length <= file.size) {
        const read = readSync(descriptor, chunk, start + length, file.size + 1 - length, null);
        if (read === 0) break;
        length += read;
      }
      return length;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Reads one chunk ahead, so that the disk works while the last one is hashed. */
async function* chunksOnDisk(file: FileOnDisk): AsyncGenerator<Buffer, void, undefined> {
  try {
    await using handle = await open(file.sourcePath, READ_FILE);
    const next = () => handle.read({ buffer: Buffer.allocUnsafeSlow(CHUNK), length: CHUNK });
    let ahead = next();
    for (;;) {
      const { buffer, bytesRead } = await ahead;
      if (bytesRead === 0) return;
      ahead = next();
      // If the consumer leaves first, nobody waits for this one: its failure is not to end the process.
      ahead.catch(() => {});
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof FailureError ? error : unreadable(file, error);
  }
}

async function* chunksOf(file: StreamedFile): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of file.open() as AsyncIterable<Uint8Array>)
    yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function unreadable(file: FileOnDisk, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  return code === undefined ? cause : new FailureError(fileUnreadable(file.sourcePath, code), { cause });
}

function changedSize(size: number, actual: number): string {
  return actual > size ? `it grew beyond ${size} bytes` : `it shrank from ${size} to ${actual} bytes`;
}
