import { FailureError } from '../result.ts';
import { tarTruncated } from './failure.ts';

const EMPTY = Buffer.alloc(0);

/** Reads exact counts of bytes from a stream of chunks, without copying where a chunk has them all. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** The next `length` bytes if they are at hand: the caller need not wait, which is what makes small entries cheap. */
  takeNow(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#chunk.length) return undefined;
    const bytes = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    this.#position += length;
    return bytes;
  }

  /** The next `length` bytes; undefined at the very end of the stream; throws where it ends in the midst of them. */
  async take(length: number, what: string): Promise<Buffer | undefined> {
    const whole = this.takeNow(length);
    if (whole !== undefined) return whole;
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === undefined) {
        if (missing === length) return undefined;
        throw new FailureError(tarTruncated(what));
      }
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts, length);
  }

  /** At least one byte and at most `limit`; undefined at the end of the stream. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.#at >= this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      const bytes = next.value;
      this.#chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#at = 0;
    }
    return this.takeNow(Math.min(limit, this.#chunk.length - this.#at));
  }

  async skip(length: number, what: string): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const part = await this.some(missing);
      if (part === undefined) throw new FailureError(tarTruncated(what));
      missing -= part.length;
    }
  }

  /** Reads to the end of the stream, so that who hashes or pipes it sees all of it. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Tells the stream that nobody reads on. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
