import { FailureError } from '../result.ts';
import { baseOf, parentOf } from '../tree-path.ts';
import { linkTargetMissing } from './failure.ts';
import type { HardlinkEntry, LayerIndex, NodeEntry } from './layer-entry.ts';
import { requireFewImplicit } from './layer-limits.ts';
import { components } from './scoped-path.ts';
import { find, implicitDirectory, type Names, type Node, type TreeNode } from './tree-node.ts';

/** Layers on their way onto a tree: nodes of the tree below are copied on the way to a change, and only once. */
export class TreeEdit {
  readonly root: Node;
  names: Names;
  #layer = 0;
  #entries = 0;
  #implicit = 0;
  readonly #token = {};
  /** Own copy of `names`, made when the first link comes, and which of its lists are copies too. */
  #ownNames: Map<NodeEntry, readonly string[]> | undefined;
  readonly #ownLists = new Map<NodeEntry, string[]>();
  /** Entries come directory by directory: the last one need not be looked for again. */
  #lastPath = '';
  #lastDirectory: Node;

  constructor(root: Node, names: Names) {
    this.root = this.#copy(root);
    this.names = names;
    this.#lastDirectory = this.root;
  }

  apply(index: LayerIndex, layer: number): void {
    this.#layer = layer;
    this.#entries = index.length;
    this.#implicit = 0;
    // Marks speak of the layers below only, wherever they stand in this one.
    for (const entry of index) {
      if (entry.type === 'whiteout') this.#remove(entry.path);
      else if (entry.type === 'opaque') this.#clear(entry.path);
    }
    for (const entry of index) {
      if (entry.type === 'hardlink') this.#link(entry);
      else if (entry.type !== 'whiteout' && entry.type !== 'opaque') this.#put(entry);
    }
  }

  #remove(path: string): void {
    const parent = this.#existingDirectory(parentOf(path));
    if (parent === undefined) return;
    parent.children!.delete(baseOf(path));
    parent.sorted = undefined;
    this.#forget();
  }

  #clear(path: string): void {
    const directory = this.#existingDirectory(path);
    if (directory === undefined) return;
    directory.children = new Map();
    directory.sorted = undefined;
    this.#forget();
  }

  #put(entry: TreeNode['entry']): void {
    const { path } = entry;
    const parent = this.#directory(parentOf(path));
    const name = baseOf(path);
    const existing = parent.children!.get(name);
    const isMerge = entry.type === 'directory' && existing?.children !== undefined;
    if (isMerge) {
      const own = this.#own(parent, name, existing);
      own.entry = entry;
      own.layer = this.#layer;
      return;
    }
    const children = entry.type === 'directory' ? new Map<string, Node>() : undefined;
    this.#set(parent, name, { entry, layer: this.#layer, children, sorted: undefined, edit: this.#token });
  }

  #link({ path, target }: HardlinkEntry): void {
    const file = find(this.root, target);
    if (file === undefined || file.children !== undefined) throw new FailureError(linkTargetMissing(path, target));
    const { entry, layer } = file;
    this.#set(this.#directory(parentOf(path)), baseOf(path), {
      entry,
      layer,
      children: undefined,
      sorted: undefined,
      edit: this.#token,
    });
    this.#namesOf(entry).push(path);
  }

  #namesOf(entry: NodeEntry): string[] {
    let names = this.#ownLists.get(entry);
    if (names === undefined) {
      names = [...(this.names.get(entry) ?? [entry.path])];
      this.#ownLists.set(entry, names);
      this.#ownNames ??= new Map(this.names);
      this.#ownNames.set(entry, names);
      this.names = this.#ownNames;
    }
    return names;
  }

  /** The directory at `path`, with those above it: made where there is none, in place of whatever is there instead. */
  #directory(path: string): Node {
    if (path === this.#lastPath) return this.#lastDirectory;
    let node = this.root;
    for (const [name, upTo] of components(path)) {
      const existing = node.children!.get(name);
      if (existing?.children !== undefined) {
        node = this.#own(node, name, existing);
        continue;
      }
      this.#implicit += 1;
      requireFewImplicit(this.#implicit, this.#entries);
      const entry = implicitDirectory(upTo);
      const made: Node = { entry, layer: this.#layer, children: new Map(), sorted: undefined, edit: this.#token };
      this.#set(node, name, made);
      node = made;
    }
    this.#lastPath = path;
    this.#lastDirectory = node;
    return node;
  }

  #existingDirectory(path: string): Node | undefined {
    const existing = find(this.root, path);
    return existing?.children === undefined ? undefined : this.#directory(path);
  }

  #set(parent: Node, name: string, node: Node): void {
    const existing = parent.children!.get(name);
    if (existing?.children !== undefined) this.#forget();
    if (existing === undefined) parent.sorted = undefined;
    parent.children!.set(name, node);
  }

  /** What was replaced or removed may be, or hold, the directory remembered. */
  #forget(): void {
    this.#lastPath = '';
    this.#lastDirectory = this.root;
  }

  #own(parent: Node, name: string, node: Node): Node {
    if (node.edit === this.#token) return node;
    const own = this.#copy(node);
    parent.children!.set(name, own);
    return own;
  }

  #copy(node: Node): Node {
    return { ...node, children: node.children && new Map(node.children), edit: this.#token };
  }
}
