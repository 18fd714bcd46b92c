import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { throughProgram } from './through-program.ts';

/**
 * Zstandard of a stream at a level from 1 to 22, by Node where it can and else by the program `zstd`. Equal input gives equal
 * bytes with one version of either. Throws FailureError: `program-missing`.
 */
export async function* zstd(
  source: AsyncIterable<Uint8Array>,
  level: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (createZstdCompress === undefined) {
    const args = ['--quiet', '--stdout', '--single-thread', '--ultra', `-${level}`];
    yield* throughProgram(source, { program: 'zstd', args, purpose: 'compress layers' }, signal);
    return;
  }
  const codec = createZstdCompress({ params: { [COMPRESSION_LEVEL]: level } });
  const out = new PassThrough();
  const piping = pipeline(source, codec, out, { signal });
  // Its failure is that of `out`, which is read below.
  piping.catch(() => {});
  yield* out;
  await piping;
}

/** Of Node 22.15 and later. ZSTD_c_compressionLevel, zstd.h */
const createZstdCompress = (
  zlib as { readonly createZstdCompress?: (options: { readonly params: Record<number, number> }) => Transform }
).createZstdCompress;
const COMPRESSION_LEVEL = 100;
