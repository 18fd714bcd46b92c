import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { type LayerCompression, mediaTypes } from '../oci/media-type.ts';
import { FailureError } from '../result.ts';
import { corruptCompression } from './failure.ts';

/** The media type a layer of ours has under each compression; for the other way see `layerCompression`. */
export const layerMediaTypes = {
  none: mediaTypes.layerTar,
  gzip: mediaTypes.layerTarGzip,
  zstd: mediaTypes.layerTarZstd,
} as const satisfies Record<LayerCompression, string>;

/**
 * The bytes inside. Reading throws FailureError where they are damaged or cut short, and what the source throws as it
 * is. Leaving before the end closes the source.
 */
export function decompress(
  source: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
): AsyncIterable<Uint8Array> {
  return decompressors[compression](source);
}

const decompressors = {
  none: (source) => source,
  gzip: (source) => through(source, zlib.createGunzip({ chunkSize: CHUNK }), 'gzip'),
  zstd: (source) => {
    const native = createZstdDecompress?.({ chunkSize: CHUNK });
    return native === undefined ? fzstd(source) : through(source, native, 'zstd');
  },
} satisfies Record<LayerCompression, (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>>;

/** Every chunk is a trip to the thread pool and back: the default of 16 KiB makes too many. */
const CHUNK = 128 * 1024;

/** Node 22.15 and later. */
const createZstdDecompress: ((options: object) => Transform) | undefined = Reflect.get(zlib, 'createZstdDecompress');

async function* through(
  source: AsyncIterable<Uint8Array>,
  codec: Transform,
  compression: LayerCompression,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceError: unknown;
  const chunks = noting(source, (error) => {
    sourceError = error;
  });
  const piping = pipeline(Readable.from(chunks, { objectMode: false }), codec);
  // Its failure is that of the codec, which the loop below meets.
  piping.catch(() => {});
  try {
    yield* codec;
  } catch (error) {
    throw sourceError ?? new FailureError(corruptCompression(compression, (error as Error).message), { cause: error });
  }
}

/** A codec that fails throws into its source: what comes of the source itself has to be told apart. */
async function* noting(
  source: AsyncIterable<Uint8Array>,
  note: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        note(error);
        throw error;
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}

async function* fzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let ready: Uint8Array[] = [];
  const codec = new Decompress((chunk) => void ready.push(chunk));
  const push = (chunk: Uint8Array, isLast: boolean) => {
    ready = [];
    try {
      codec.push(chunk, isLast);
    } catch (error) {
      throw new FailureError(corruptCompression('zstd', (error as Error).message), { cause: error });
    }
    return ready;
  };
  for await (const chunk of source) yield* push(chunk, false);
  yield* push(new Uint8Array(0), true);
}
