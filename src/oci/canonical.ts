import { type Digest, digestOf } from './digest.ts';

/** What keys are made of. */
export type Canonical = string | undefined | readonly Canonical[];

/** Digest of a value in the form of `canonicalText()`. */
export function canonicalDigest(value: Canonical): Digest {
  return digestOf(canonicalText(value));
}

/**
 * Plain data in its only form: `-` for nothing, `s<bytes>:<text>` for text, `l<members>:` and the members for a list,
 * `o<members>:`, then each name and value by the code units of the names for an object, `j<bytes>:` and its JSON for all
 * else. Members of objects that are `undefined` are left out. Lengths come first, so that no two values share a form,
 * whatever characters they hold.
 */
export function canonicalText(value: unknown): string {
  const pieces: string[] = [];
  write(value, pieces);
  return pieces.join('');
}

/** The members of a record by the code units of their names, whatever order it was built in. */
export function sortedEntries<T>(record: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function write(value: unknown, pieces: string[]): void {
  if (value === undefined) {
    pieces.push('-');
  } else if (typeof value === 'string') {
    pieces.push(`s${Buffer.byteLength(value)}:`, value);
  } else if (Array.isArray(value)) {
    pieces.push(`l${value.length}:`);
    for (const member of value) write(member, pieces);
  } else if (typeof value === 'object' && value !== null) {
    const members = sortedEntries(value as Readonly<Record<string, unknown>>).filter(([, one]) => one !== undefined);
    pieces.push(`o${members.length}:`);
    for (const [name, member] of members) {
      write(name, pieces);
      write(member, pieces);
    }
  } else {
    const json = JSON.stringify(value);
    pieces.push(`j${json.length}:`, json);
  }
}
