import { createHash } from 'node:crypto';
import { z } from 'zod';

const SHA256 = /^sha256:[0-9a-f]{64}$/;
const SHA256_OR_SHA512 = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * A content identifier: `sha256:` and 64 lower-case hex digits, or `sha512:` and 128, the two registered algorithms.
 * cip writes sha256; it reads and keeps both.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#registered-algorithms
 */
export const Digest = z.string().regex(SHA256_OR_SHA512).brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/**
 * The registered algorithms of image-spec v1.1.1, descriptor.md#registered-algorithms; sha512 is read and never
 * written.
 */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** Digest of a layer's *uncompressed* tar. Never the key of a blob; confusing the two does not compile. */
export const DiffID = z.string().regex(SHA256).brand<'DiffID'>();
export type DiffID = z.infer<typeof DiffID>;

/**
 * Identity of a stack of layers: sha256(ChainID of all but the top + " " + DiffID of the top).
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 */
export const ChainID = z.string().regex(SHA256).brand<'ChainID'>();
export type ChainID = z.infer<typeof ChainID>;

/** Hashes what is in memory; text as UTF-8. Streams go through `verifyStream`. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFromHex(createHash(algorithm).update(bytes).digest('hex'));
}

/** For the end of a streaming hash: 64 hex digits of a sha256, or 128 of a sha512. */
export function digestFromHex(hex: string): Digest {
  return Digest.parse(`${hex.length === 128 ? 'sha512' : 'sha256'}:${hex}`);
}

/** The hex digits. */
export function hexOf(digest: Digest | DiffID | ChainID): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Total, because a `Digest` that was parsed has one of the two prefixes. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
