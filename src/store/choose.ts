import type { EntryKind, Inventory, StoreEntry } from './inventory.ts';

/** How much a store may keep. */
export interface StoreLimits {
  /** In bytes: of all that it keeps, images with names included. */
  readonly maxSize?: number | undefined;
  /** In milliseconds: what was not used for longer is taken away. */
  readonly maxAge?: number | undefined;
  /** In bytes: what of its disk is to be free. */
  readonly minFree?: number | undefined;
}

/** What is to be taken away from a store. */
export interface Wish {
  /** Without any of them: as if all were exceeded. */
  readonly limits: StoreLimits;
  /** Whether what was made for images with names is taken too, where it can be made again. */
  readonly takesNeeded: boolean;
  /** Those alone; all that can be taken unless given. */
  readonly kinds?: ReadonlySet<EntryKind> | undefined;
}

/** Least recently used first; of equal ones what is made again at the least cost. */
const ranks: Partial<Record<EntryKind, number>> = {
  unpacked: 0,
  index: 1,
  layer: 2,
  'cache-mount': 3,
  'failed-step': 4,
};

const HOUR = 60 * 60 * 1000;
/** In milliseconds: what nobody uses goes after this, whatever limit there is … */
const FAILED_STEP_AGE = 7 * 24 * HOUR;
/** … and a person has this long to look at it, however full the store is. */
const FAILED_STEP_RESPITE = HOUR;

/**
 * The entries to take away, in order, so that the limits are kept as far as they can be. Never what is in use or an image.
 * `free`: bytes of the disk.
 */
export function choose({ entries, now }: Inventory, free: number, wish: Wish): readonly StoreEntry[] {
  const { maxSize, maxAge, minFree } = wish.limits;
  const isUnlimited = maxSize === undefined && maxAge === undefined && minFree === undefined;
  const candidates = entries
    .filter(({ kind }) => ranks[kind] !== undefined && (wish.kinds?.has(kind) ?? true))
    .filter(({ isInUse, isNeeded }) => !isInUse && (wish.takesNeeded || !isNeeded))
    .sort((a, b) => a.lastUse - b.lastUse || ranks[a.kind]! - ranks[b.kind]! || (a.path < b.path ? -1 : 1));
  let total = sizeOf(entries);
  let available = free;
  return candidates.filter(({ kind, size, lastUse }) => {
    const age = now - lastUse;
    const isFull = (maxSize !== undefined && total > maxSize) || (minFree !== undefined && available < minFree);
    const isFailedStep = kind === 'failed-step';
    const isOver =
      isUnlimited ||
      (maxAge !== undefined && age > maxAge) ||
      (isFull && !(isFailedStep && age <= FAILED_STEP_RESPITE)) ||
      (isFailedStep && age > FAILED_STEP_AGE);
    if (!isOver) return false;
    total -= size;
    available += size;
    return true;
  });
}

/** In bytes: what counts for `maxSize`. What is temporary goes by itself. */
export function sizeOf(entries: readonly StoreEntry[]): number {
  return entries.reduce((sum, { kind, size }) => (kind === 'temporary' ? sum : sum + size), 0);
}
