import type { DirectoryEntry, HardlinkEntry, NodeEntry } from './layer-entry.ts';
import { comparePaths } from './path-order.ts';

/** What is at a path of a tree. A second name of a file has the file's own entry: its `path` is the first name. */
export interface TreeNode {
  readonly entry: Exclude<NodeEntry, HardlinkEntry>;
  /** Index of the layer that `entry` is in, counted from the bottom; -1 for the root. */
  readonly layer: number;
}

/** All names that the files with several of them were given. */
export type Names = ReadonlyMap<NodeEntry, readonly string[]>;

/** Mutable only for the edit that made it, known by its token. */
export interface Node extends TreeNode {
  entry: TreeNode['entry'];
  layer: number;
  /** Of directories only. */
  children: Map<string, Node> | undefined;
  sorted: readonly string[] | undefined;
  readonly edit: object | undefined;
}

/** A new tree with nothing in it but `/`, which no layer has written yet. */
export function rootNode(): Node {
  const entry = implicitDirectory('');
  return { entry, layer: -1, children: new Map(), sorted: undefined, edit: undefined };
}

/** What a directory is that no layer has an entry for. */
export function implicitDirectory(path: string): DirectoryEntry {
  return { type: 'directory', path, mode: 0o755, uid: 0, gid: 0, mtime: 0 };
}

/** By a canonical path, without following links; undefined where no layer has it. */
export function find(root: Node, path: string): Node | undefined {
  if (path === '') return root;
  let node: Node | undefined = root;
  for (let start = 0; node !== undefined; ) {
    const slash = path.indexOf('/', start);
    if (slash === -1) return node.children?.get(path.slice(start));
    node = node.children?.get(path.slice(start, slash));
    start = slash + 1;
  }
  return undefined;
}

/** In the order in which layers are written; kept until the directory changes. */
export function sortedNames(node: Node | undefined): readonly string[] {
  if (node?.children === undefined) return [];
  node.sorted ??= [...node.children.keys()].sort(comparePaths);
  return node.sorted;
}
