import type { NodeEntry } from './layer-entry.ts';
import { comparePaths } from './path-order.ts';
import type { Tree, WalkedNode } from './tree.ts';
import type { TreeNode } from './tree-node.ts';
import { sameXattrs } from './xattr.ts';

/** What two trees can have at one path that differs. `owner` is user and group; `link`, which names are one file. */
export type NodeProperty =
  | 'type'
  | 'mode'
  | 'owner'
  | 'size'
  | 'content'
  | 'target'
  | 'device'
  | 'link'
  | 'xattrs'
  | 'time';

/** What a tree has at a path. */
export interface TreeState {
  readonly entry: TreeNode['entry'];
  /** The first of its other names that come before it: one file is told of once. */
  readonly link?: string | undefined;
}

/** A path at which two trees are not the same. */
export interface TreeDifference {
  readonly path: string;
  /** Absent where it was added. */
  readonly before?: TreeState;
  /** Absent where it was removed. */
  readonly after?: TreeState;
  /** Empty where it was added or removed. */
  readonly differs: readonly NodeProperty[];
}

/** What counts as a difference. */
export interface ComparisonOptions {
  /** Whether the times of files do. */
  readonly times: boolean;
}

/** Where two trees differ, in the order of `comparePaths`; that a directory has other entries is told of these alone. */
export function* compareTrees(
  before: Tree,
  after: Tree,
  options: ComparisonOptions,
): Generator<TreeDifference, void, undefined> {
  const links = { before: new FirstNames(before, after), after: new FirstNames(after, before) };
  for (const [path, one, other] of side(before.walk(), after.walk())) {
    if (other === undefined) yield { path, before: { entry: one!, link: firstName(before, path) }, differs: [] };
    else if (one === undefined) yield { path, after: { entry: other, link: firstName(after, path) }, differs: [] };
    else {
      const from = { entry: one, link: links.before.of(path, one) };
      const to = { entry: other, link: links.after.of(path, other) };
      const differs = differing(from, to, options);
      if (differs.length > 0) yield { path, before: from, after: to, differs };
    }
  }
}

type Entry = TreeNode['entry'];

/** Both walks side by side: each path once, with what stands there. */
function* side(
  before: Iterator<WalkedNode, void>,
  after: Iterator<WalkedNode, void>,
): Generator<readonly [path: string, before: Entry | undefined, after: Entry | undefined], void, undefined> {
  let one = before.next().value;
  let other = after.next().value;
  while (one !== undefined || other !== undefined) {
    const order = one === undefined ? 1 : other === undefined ? -1 : comparePaths(one.path, other.path);
    yield [(order > 0 ? other! : one!).path, order > 0 ? undefined : one!.entry, order < 0 ? undefined : other!.entry];
    if (order <= 0) one = before.next().value;
    if (order >= 0) other = after.next().value;
  }
}

function differing(before: TreeState, after: TreeState, { times }: ComparisonOptions): readonly NodeProperty[] {
  const one = before.entry;
  const other = after.entry;
  if (one === other && before.link === after.link) return [];
  const differs: NodeProperty[] = [];
  if (one.type !== other.type) differs.push('type');
  // Linux has no modes of symbolic links: what a tar says of them, nobody gets to see.
  if (one.mode !== other.mode && one.type !== 'symlink' && other.type !== 'symlink') differs.push('mode');
  if (one.uid !== other.uid || one.gid !== other.gid) differs.push('owner');
  differs.push(...(one.type === other.type ? ofOneType(one, other) : []));
  if (one.type === other.type && before.link !== after.link) differs.push('link');
  if (!sameXattrs(one.xattrs, other.xattrs)) differs.push('xattrs');
  if (times && one.mtime !== other.mtime) differs.push('time');
  return differs;
}

function* ofOneType(one: Entry, other: Entry): Generator<NodeProperty, void, undefined> {
  if (one.type === 'file' && other.type === 'file') {
    if (one.size !== other.size) yield 'size';
    if (one.digest !== other.digest) yield 'content';
  }
  if (one.type === 'symlink' && other.type === 'symlink' && one.target !== other.target) yield 'target';
  if ('major' in one && 'major' in other && (one.major !== other.major || one.minor !== other.minor)) yield 'device';
}

/** Which name a file of several is told by, of those that it could have in another tree as well. */
class FirstNames {
  readonly #tree: Tree;
  readonly #other: Tree;
  readonly #known = new Map<NodeEntry, string | undefined>();

  constructor(tree: Tree, other: Tree) {
    this.#tree = tree;
    this.#other = other;
  }

  of(path: string, entry: Entry): string | undefined {
    const names = this.#tree.names(path);
    if (names.length === 1) return undefined;
    if (!this.#known.has(entry))
      this.#known.set(
        entry,
        names.find((name) => this.#other.lookup(name)?.entry.type === entry.type),
      );
    const first = this.#known.get(entry);
    return first === path ? undefined : first;
  }
}

function firstName(tree: Tree, path: string): string | undefined {
  const [first] = tree.names(path);
  return first === path ? undefined : first;
}
