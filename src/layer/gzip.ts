import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

/** How to compress; equal `level` and input give equal bytes on every machine. */
export interface GzipOptions {
  /** 1 (fast) to 9 (small); 6 unless given. Part of what the bytes depend on. */
  readonly level?: number;
  /** Blocks compressed at a time; never part of what the bytes depend on. */
  readonly concurrency?: number;
}

/** Uncompressed bytes per block. Changing it changes every digest. */
const BLOCK = 1024 * 1024;
/** How far back deflate looks. */
const WINDOW = 32 * 1024;
/** Deflate, no flags, no time, no hint of the level, an unknown system. RFC 1952, section 2.3 */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty last block of fixed codes: ends the deflate stream. */
const END = Buffer.from([0x03, 0x00]);

const deflateBlock = promisify<Uint8Array, object, Buffer>(deflateRaw);

/**
 * Gzip of a stream, on all processors, as a stage of `pipeline()`: blocks of fixed size are compressed apart, each
 * with the end of the one before as its dictionary, and joined to one member. The same bytes for any concurrency and
 * any division of the input into chunks.
 */
export async function* gzip(
  source: AsyncIterable<Uint8Array>,
  { level = 6, concurrency = availableParallelism() }: GzipOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  let crc = 0;
  let size = 0;
  let dictionary: Buffer | undefined;
  const inFlight: Promise<Buffer>[] = [];
  yield HEADER;
  for await (const block of blocks(source)) {
    crc = crc32(block, crc);
    size = (size + block.length) % 2 ** 32;
    const compressed = deflateBlock(block, { ...settings(level), ...(dictionary && { dictionary }) });
    // Awaited in its turn; a failure meanwhile is not to end the process.
    compressed.catch(() => {});
    inFlight.push(compressed);
    dictionary = block.subarray(Math.max(0, block.length - WINDOW));
    if (inFlight.length >= concurrency) yield await inFlight.shift()!;
  }
  for (const compressed of inFlight) yield await compressed;
  yield Buffer.concat([END, trailer(crc, size)]);
}

/** A flush ends each block at a byte without ending the stream. The output buffer holds what does not compress, too. */
function settings(level: number): object {
  return { level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: BLOCK + BLOCK / 64 };
}

function trailer(crc: number, size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size, 4);
  return bytes;
}

/** All of the same length but the last. */
async function* blocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let used = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BLOCK - used);
      block.set(part, used);
      used += part.length;
      at += part.length;
      if (used < BLOCK) continue;
      yield block;
      block = Buffer.allocUnsafeSlow(BLOCK);
      used = 0;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}
