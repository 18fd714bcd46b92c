import type { LayerCompression } from '../oci/media-type.ts';
import { FailureError } from '../result.ts';
import { checksumMatches } from '../tar/checksum.ts';
import { BLOCK } from '../tar/header.ts';
import { decompress } from './compression.ts';
import { throughProgram } from './through-program.ts';

/** What a local archive that ADD unpacks may be compressed with. */
export type ArchiveCompression = LayerCompression | 'bzip2' | 'xz';

const magics = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
] as const satisfies readonly (readonly [ArchiveCompression, readonly number[]])[];

/** By the first bytes of a file, of which six suffice. */
export function detectCompression(head: Uint8Array): ArchiveCompression {
  return magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0] ?? 'none';
}

/**
 * How the tar in this file is compressed; undefined if it is no tar, whatever its name. Opens it once or twice, and
 * reads little. What is compressed but damaged is no tar. Throws FailureError where bzip2 or xz is not installed.
 */
export async function detectArchive(
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ArchiveCompression | undefined> {
  const head = await firstBlock(open());
  const compression = detectCompression(head);
  const block = compression === 'none' ? head : await firstBlockInside(open(), compression, signal);
  return block.length === BLOCK && block.some((byte) => byte !== 0) && checksumMatches(block) ? compression : undefined;
}

/** The tar inside an archive. */
export function decompressArchive(
  source: AsyncIterable<Uint8Array>,
  compression: ArchiveCompression,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return compression === 'bzip2' || compression === 'xz'
    ? throughProgram(
        source,
        { program: compression, args: ['-dc'], purpose: `unpack a ${compression} archive` },
        signal,
      )
    : decompress(source, compression);
}

async function firstBlockInside(
  source: AsyncIterable<Uint8Array>,
  compression: ArchiveCompression,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await firstBlock(decompressArchive(source, compression, signal));
  } catch (error) {
    const reason = error instanceof FailureError ? error.failure.reason : undefined;
    if (reason === 'corrupt-compression' || reason === 'program-failed') return new Uint8Array(0);
    throw error;
  }
}

/** As much of it as there is. */
async function firstBlock(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= BLOCK) break;
  }
  return Buffer.concat(parts).subarray(0, BLOCK);
}
