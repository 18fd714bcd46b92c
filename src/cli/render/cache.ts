import type { Freed } from '../../store/care.ts';
import { type EntryKind, entryKinds, type Inventory, type StoreEntry } from '../../store/inventory.ts';
import { ago } from './age.ts';
import { aligned } from './aligned.ts';
import { byteSize } from './byte-size.ts';

/** One kind of content: how much there is of it. */
export interface KindTotal {
  readonly kind: EntryKind;
  readonly count: number;
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970; absent where there is nothing. */
  readonly lastUse?: number | undefined;
}

/** Of every kind, in the order of the table. */
export function totalsOf(entries: readonly StoreEntry[]): readonly KindTotal[] {
  return entryKinds.map((kind) => {
    const own = entries.filter((entry) => entry.kind === kind);
    const size = own.reduce((sum, entry) => sum + entry.size, 0);
    const lastUse = own.length === 0 ? undefined : own.reduce((last, entry) => Math.max(last, entry.lastUse), 0);
    return { kind, count: own.length, size, lastUse };
  });
}

/** A row per kind, and what they come to. */
export function cacheTable({ entries, now }: Inventory): string {
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  const rows = totalsOf(entries).map(({ kind, count, size: own, lastUse }) => [
    kind,
    String(count),
    byteSize(own),
    lastUse === undefined ? '' : ago(now - lastUse),
  ]);
  return aligned([
    ['kind', 'count', 'size', 'last used'],
    ...rows,
    ['total', String(entries.length), byteSize(size), ''],
  ]);
}

/** A row per entry, those that were not used for longest first. */
export function entryTable(entries: readonly StoreEntry[], now: number): string {
  const sorted = [...entries].sort((a, b) => a.lastUse - b.lastUse);
  const rows = sorted.map((entry) => [
    entry.kind,
    byteSize(entry.size),
    ago(now - entry.lastUse),
    entry.isInUse ? 'in use' : entry.isNeeded ? 'of an image' : '',
    entry.id,
  ]);
  return aligned([['kind', 'size', 'last used', '', 'what'], ...rows]);
}

/** `1.2 GB: 14 unpacked, 3 layer`. */
export function freedText({ entries, bytes }: Freed): string {
  const counts = totalsOf(entries).flatMap(({ kind, count }) => (count > 0 ? [`${count} ${kind}`] : []));
  return [byteSize(bytes), ...(counts.length > 0 ? [counts.join(', ')] : [])].join(': ');
}

/** As in the documents of `--json`. */
export function entryJson({ kind, id, size, lastUse, isNeeded, isInUse }: StoreEntry): object {
  return { kind, id, size, lastUse: new Date(lastUse).toISOString(), needed: isNeeded, inUse: isInUse };
}
