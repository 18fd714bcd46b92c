import { createHash } from 'node:crypto';
import { z } from 'zod';

const SHA256 = /^sha256:[0-9a-f]{64}$/;

/**
 * A content identifier: `sha256:` and 64 lower-case hex digits.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export const Digest = z.string().regex(SHA256).brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** Digest of a layer's *uncompressed* tar. Never the key of a blob; confusing the two does not compile. */
export const DiffID = z.string().regex(SHA256).brand<'DiffID'>();
export type DiffID = z.infer<typeof DiffID>;

/**
 * Identity of a stack of layers: sha256(ChainID of all but the top + " " + DiffID of the top).
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 */
export const ChainID = z.string().regex(SHA256).brand<'ChainID'>();
export type ChainID = z.infer<typeof ChainID>;

export function digestOf(bytes: Uint8Array | string): Digest {
  return digestFromHex(createHash('sha256').update(bytes).digest('hex'));
}

/** For the end of a streaming hash: 64 hex digits to a Digest. */
export function digestFromHex(hex: string): Digest {
  return Digest.parse(`sha256:${hex}`);
}

/** The 64 hex digits. */
export function hexOf(digest: Digest | DiffID | ChainID): string {
  return digest.slice('sha256:'.length);
}
