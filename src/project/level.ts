import type { ImageName } from './image-name.ts';

/** What levels are told from: the whole graph, or the part of it that is looked at. */
export interface Leveled {
  /** Parents before children. */
  readonly order: readonly ImageName[];
  /** Names that are not in `order` count as not there. */
  readonly parents: ReadonlyMap<ImageName, readonly ImageName[]>;
}

/**
 * The batch of each image: 0 for what needs no other, else one more than its highest parent. Images of one level may be
 * built at once.
 */
export function levelsOf({ order, parents }: Leveled): ReadonlyMap<ImageName, number> {
  const levels = new Map<ImageName, number>();
  for (const name of order) {
    const above = (parents.get(name) ?? []).flatMap((parent) => levels.get(parent) ?? []);
    levels.set(name, Math.max(-1, ...above) + 1);
  }
  return levels;
}
