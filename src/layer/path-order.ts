/**
 * Order of entries in a layer: bytewise by UTF-8, component by component, so that a directory comes right before all
 * below it (`a`, `a/z`, `a-b`). For `sort`.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Entries in that order. */
export function sortEntries<T extends { readonly path: string }>(entries: Iterable<T>): T[] {
  return [...entries].sort((a, b) => comparePaths(a.path, b.path));
}

/** A slash ends a component, so it is less than all else; surrogates stand for what UTF-8 orders last. */
function rank(unit: number): number {
  if (unit === 0x2f) return -1;
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}
