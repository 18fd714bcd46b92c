import { isDeepStrictEqual } from 'node:util';
import { compareBytes } from '../../context/source-tree.ts';
import type { NodeEntry } from '../../layer/layer-entry.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import type { Tree } from '../../layer/tree.ts';
import { defaultXattrs, wantedXattrs } from '../../layer/xattr.ts';
import { childOf, parentOf } from '../../tree-path.ts';

type Nameless<T> = T extends unknown ? Omit<T, 'path'> : never;

/** What a name can stand for, without the name: several names may stand for one. */
export type DraftContent = Nameless<Extract<LayerInput, { readonly mode: number }>>;

/** A file, directory or other node of a draft. Names that share it are hard links of each other. */
export interface DraftNode {
  content: DraftContent;
}

/** What is at a path: a node of the draft, or else the entry that the base has there. */
export type Found =
  | { readonly node: DraftNode; readonly type: DraftContent['type']; readonly below?: undefined }
  | { readonly node?: undefined; readonly type: DraftContent['type']; readonly below: BaseEntry };

type BaseEntry = Exclude<NodeEntry, { readonly type: 'hardlink' }>;

/** The bit of a directory that hands on its group, and itself. */
export const SET_GROUP_ID = 0o2000;

/**
 * A layer in the making over a base of which only the index is looked at. Paths are canonical, '' is the root; links are
 * never followed. Costs what is put in, whatever the base has.
 */
export class LayerDraft {
  readonly #base: Tree;
  readonly #nodes = new Map<string, DraftNode>();
  /** Directory → names below it that the draft has, or that lead to such. */
  readonly #names = new Map<string, Set<string>>();
  /** Paths whose content in the base is gone, whatever stands there now. */
  readonly #removed = new Set<string>();

  constructor(base: Tree) {
    this.#base = base;
  }

  at(path: string): Found | undefined {
    const node = this.#nodes.get(path);
    if (node !== undefined) return { node, type: node.content.type };
    const below = this.#isRemoved(path) ? undefined : this.#base.lookup(path)?.entry;
    return below && { type: below.type, below };
  }

  /** Where links of the base lead that are on the way to an absolute path; missing components are kept. */
  resolve(path: string): string {
    return this.#base.resolve(path, { followLast: true }).path;
  }

  /**
   * The group that the kernel gives to what is made in a directory with the set-group-ID bit, which directories then have as
   * well; undefined where the bit is not set. inode(7)
   */
  inheritedGroup(directory: string): number | undefined {
    const found = this.at(directory);
    const content = found?.node?.content ?? found?.below;
    return content?.type === 'directory' && (content.mode & SET_GROUP_ID) !== 0 ? content.gid : undefined;
  }

  /** Gives the path a new node, or one that other names have. What was there is no longer; what is below it stays. */
  set(path: string, node: DraftNode): void {
    // In the order of the last time: the first name of a node carries its content.
    this.#nodes.delete(path);
    this.#nodes.set(path, node);
    for (let at = path; at !== ''; at = parentOf(at)) {
      const parent = parentOf(at);
      const names = this.#names.get(parent);
      if (names?.has(at)) return;
      if (names === undefined) this.#names.set(parent, new Set([at]));
      else names.add(at);
    }
  }

  /** Takes away what is at the path and all below it, of the draft and of the base. */
  remove(path: string): void {
    this.#forget(path);
    this.#names.get(parentOf(path))?.delete(path);
    this.#removed.add(path);
  }

  /**
   * All entries, each after the directories it is in: those of the base come along as they are. What is gone of the base
   * from a directory that is there again is a whiteout. The time of a directory alone is in no layer, as in BuildKit.
   */
  entries(): LayerInput[] {
    const entries = new Map<string, LayerInput>();
    const names = new Map<DraftNode, string>();
    for (const [path, node] of this.#nodes) {
      const first = names.get(node);
      if (first === undefined) names.set(node, path);
      entries.set(
        path,
        first === undefined ? packable({ ...node.content, path }) : { type: 'hardlink', path, target: first },
      );
    }
    for (const path of this.#removed) this.#addWhiteouts(path, entries);
    for (const path of [...entries.keys()]) this.#addParents(path, entries);
    this.#leaveOutUnchanged(entries);
    return [...entries.values()].toSorted((a, b) => orderOf(a) - orderOf(b) || compareBytes(a.path, b.path));
  }

  #leaveOutUnchanged(entries: Map<string, LayerInput>): void {
    const inside = new Map<string, number>();
    for (const path of entries.keys()) inside.set(parentOf(path), (inside.get(parentOf(path)) ?? 0) + 1);
    // What is inside comes before what it is in.
    for (const path of [...entries.keys()].toSorted((a, b) => b.length - a.length)) {
      if ((inside.get(path) ?? 0) > 0 || this.#isRemoved(path)) continue;
      const [entry, below] = [entries.get(path)!, this.#base.lookup(path)?.entry];
      if (entry.type !== 'directory' || below?.type !== 'directory') continue;
      const { mtime: _, ...before } = packable(below);
      const { mtime: __, ...now } = entry;
      if (!isDeepStrictEqual(before, now)) continue;
      entries.delete(path);
      inside.set(parentOf(path), inside.get(parentOf(path))! - 1);
    }
  }

  #forget(path: string): void {
    this.#nodes.delete(path);
    for (const name of this.#names.get(path) ?? []) this.#forget(name);
    this.#names.delete(path);
  }

  #isRemoved(path: string): boolean {
    if (this.#removed.size === 0) return false;
    for (let at = path; at !== ''; at = parentOf(at)) if (this.#removed.has(at)) return true;
    return false;
  }

  #addWhiteouts(path: string, entries: Map<string, LayerInput>): void {
    if (entries.get(path)?.type !== 'directory') return;
    for (const name of this.#base.children(path)) {
      const child = childOf(path, name);
      if (entries.has(child)) this.#addWhiteouts(child, entries);
      else entries.set(child, { type: 'whiteout', path: child });
    }
  }

  #addParents(path: string, entries: Map<string, LayerInput>): void {
    const parent = parentOf(path);
    if (parent === '' || entries.has(parent)) return;
    const found = this.at(parent);
    if (found?.below?.type === 'directory') entries.set(parent, packable({ ...found.below, path: parent }));
    this.#addParents(parent, entries);
  }
}

/** With the extended attributes that layers have, and no others. */
function packable<T extends { readonly xattrs?: Readonly<Record<string, string>> | undefined }>(entry: T): T {
  const { xattrs, ...rest } = entry;
  const wanted = wantedXattrs(xattrs, defaultXattrs);
  return { ...rest, ...(wanted ? { xattrs: wanted } : {}) } as T;
}

/** Hard links come last: their target is then always there, whatever the names. */
function orderOf(input: LayerInput): number {
  return input.type === 'hardlink' ? 1 : 0;
}
