import type { Hash } from 'node:crypto';

/** The same chunks, each added to `hash` on its way. */
export async function* digesting(
  chunks: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
