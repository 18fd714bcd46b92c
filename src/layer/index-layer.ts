import { createHash, type Hash, hash } from 'node:crypto';
import { DiffID, type Digest, digestFromHex } from '../oci/digest.ts';
import type { LayerCompression } from '../oci/media-type.ts';
import { FailureError } from '../result.ts';
import type { TarBody } from '../tar/read.ts';
import { decompress } from './compression.ts';
import { digestMismatch } from './failure.ts';
import type { LayerEntry, LayerIndex } from './layer-entry.ts';
import { readLayer } from './layer-reader.ts';

/** What the blob of a layer is known to be. */
export interface IndexOptions {
  /** 'none' unless given. */
  readonly compression?: LayerCompression | undefined;
  /** What the tar inside has to be. */
  readonly diffID?: DiffID | undefined;
}

/** What a layer holds, entry by entry, without its contents. */
export interface IndexedLayer {
  readonly diffID: DiffID;
  readonly index: LayerIndex;
}

/**
 * Reads a layer for its index alone; nothing is written. The blob's own digest is for its source to verify. Throws
 * FailureError for a layer that is damaged, not safe, or not the one expected.
 */
export async function indexLayer(
  blob: AsyncIterable<Uint8Array>,
  options: IndexOptions,
  signal: AbortSignal,
): Promise<IndexedLayer> {
  const tarHash = createHash('sha256');
  const index: LayerEntry[] = [];
  const tar = digesting(decompress(blob, options.compression ?? 'none'), tarHash);
  for await (const { entry, body } of readLayer(tar)) {
    signal.throwIfAborted();
    index.push(entry.type === 'file' ? { ...entry, digest: await digestOfBody(body) } : entry);
  }
  return { diffID: verifiedDiffID(tarHash, options.diffID), index };
}

/** Throws FailureError where the tar is not the one expected. */
export function verifiedDiffID(tarHash: Hash, want: DiffID | undefined): DiffID {
  const diffID = DiffID.parse(`sha256:${tarHash.digest('hex')}`);
  if (want !== undefined && diffID !== want) throw new FailureError(digestMismatch('the layer', want, diffID));
  return diffID;
}

async function digestOfBody(body: TarBody): Promise<Digest> {
  const whole = body.bytesNow();
  if (whole !== undefined) return digestFromHex(hash('sha256', whole, 'hex'));
  const contentHash = createHash('sha256');
  for await (const chunk of body) contentHash.update(chunk);
  return digestFromHex(contentHash.digest('hex'));
}

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
