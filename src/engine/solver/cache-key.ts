import type { Digest } from '../../oci/digest.ts';
import { digestOfFields } from '../../oci/fields-digest.ts';

/**
 * Bumped whenever the same operation on the same inputs would give other bytes than the last version of cip gave, so
 * that old records are not found any more.
 */
const CACHE_SCHEMA = '2';

/** Key of a vertex by how its inputs were made: known before anything has run. */
export function definitionKey(op: Digest, inputKeys: readonly Digest[]): Digest {
  return digestOfFields([CACHE_SCHEMA, 'definition', op, ...inputKeys]);
}

/** Key of a vertex by what its inputs contain, for those that can be keyed so: known when the inputs are. */
export function contentKey(
  op: Digest,
  inputs: readonly { readonly content: boolean; readonly digest: Digest }[],
): Digest {
  const fields = inputs.flatMap((input) => [input.content ? 'content' : 'definition', input.digest]);
  return digestOfFields([CACHE_SCHEMA, 'content', op, ...fields]);
}
