import type { Readable } from 'node:stream';

/** Reads bytes that come as a stream in pieces of a wanted length, one after the other. */
export class ChunkReader {
  readonly #open: () => Promise<Readable>;
  #stream: Readable | undefined;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  /** Read from the stream and not taken yet. */
  #rest: Uint8Array = new Uint8Array();
  /** Offset of the next byte that will be taken. */
  #position = 0;

  constructor(open: () => Promise<Readable>) {
    this.#open = open;
  }

  /** `length` bytes from `offset` on, fewer at the end. What lies before `offset` is read and thrown away. */
  async *take(offset: number, length: number): AsyncGenerator<Uint8Array> {
    if (offset < this.#position) throw new Error(`take() cannot go back from ${this.#position} to ${offset}`);
    while (this.#position < offset) {
      if ((await this.#next(offset - this.#position)) === undefined) return;
    }
    let left = length;
    while (left > 0) {
      const piece = await this.#next(left);
      if (piece === undefined) return;
      left -= piece.length;
      yield piece;
    }
  }

  close(): void {
    this.#stream?.destroy();
  }

  /** At most `limit` bytes; undefined at the end. */
  async #next(limit: number): Promise<Uint8Array | undefined> {
    if (this.#chunks === undefined) {
      this.#stream = await this.#open();
      this.#chunks = (this.#stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    }
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.length);
    this.#position += piece.length;
    return piece;
  }
}
