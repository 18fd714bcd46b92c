import { type Digest, digestOf } from '../../oci/digest.ts';

/** What can be brought into the one form that is hashed. */
export type Canonical = string | undefined | readonly Canonical[];

/**
 * Digest of a value in its only form: `-` for nothing, `s<bytes>:<text>` for text, `l<members>:` and the members for a
 * list. Lengths come first, so that no two values share a form, whatever characters they hold.
 */
export function canonicalDigest(value: Canonical): Digest {
  const pieces: string[] = [];
  write(value, pieces);
  return digestOf(pieces.join(''));
}

/** The members of a record by the code units of their names, whatever order it was built in. */
export function sortedEntries(record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function write(value: Canonical, pieces: string[]): void {
  if (value === undefined) {
    pieces.push('-');
  } else if (typeof value === 'string') {
    pieces.push(`s${Buffer.byteLength(value)}:`, value);
  } else {
    pieces.push(`l${value.length}:`);
    for (const member of value) write(member, pieces);
  }
}
