import { createHash } from 'node:crypto';
import { type Digest, digestFromHex } from './digest.ts';

/**
 * Digest of a list of fields. Each is preceded by its length in bytes, so that no two different lists have the same
 * text: `["ab", "c"]` and `["a", "bc"]` differ.
 */
export function digestOfFields(fields: Iterable<string>): Digest {
  const hash = createHash('sha256');
  for (const field of fields) {
    hash.update(`${Buffer.byteLength(field)}:`);
    hash.update(field);
  }
  return digestFromHex(hash.digest('hex'));
}
