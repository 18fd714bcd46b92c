import { FailureError } from '../result.ts';
import { linkTargetMissing, notADirectory, tooManyLinks } from './failure.ts';
import type { DirectoryEntry, HardlinkEntry, LayerIndex, NodeEntry } from './layer-entry.ts';
import { LINK_LIMIT } from './link-limit.ts';
import { comparePaths } from './path-order.ts';
import { baseOf, childOf, parentOf } from './scoped-path.ts';

/** What is at a path of a tree. A second name of a file has the file's own entry: its `path` is the first name. */
export interface TreeNode {
  readonly entry: Exclude<NodeEntry, HardlinkEntry>;
  /** Index of the layer that `entry` is in, counted from the bottom; -1 for the root. */
  readonly layer: number;
}

export interface WalkedNode extends TreeNode {
  /** Where it is. */
  readonly path: string;
}

export interface Resolved {
  /** Free of links. What is missing of it is as it was given. */
  readonly path: string;
  /** Absent where nothing exists at `path`. */
  readonly entry?: TreeNode['entry'];
  readonly layer?: number;
}

/**
 * What a stack of layers looks like when it is mounted, without mounting it. Immutable: `apply` shares all it does
 * not change, so that a small layer on a big tree costs little.
 */
export class Tree {
  static readonly empty: Tree = new Tree(rootNode(), 0, new Map());

  /** How many layers it is made of. */
  readonly layers: number;
  readonly #root: Node;
  /** All names that the files with several of them were given; some may be other files by now. */
  readonly #names: ReadonlyMap<NodeEntry, readonly string[]>;

  private constructor(root: Node, layers: number, names: ReadonlyMap<NodeEntry, readonly string[]>) {
    this.#root = root;
    this.layers = layers;
    this.#names = names;
  }

  static of(layers: Iterable<LayerIndex>): Tree {
    let tree = Tree.empty;
    for (const layer of layers) tree = tree.apply(layer);
    return tree;
  }

  /** The tree with one more layer on top. Throws FailureError for a hard link to what does not exist. */
  apply(index: LayerIndex): Tree {
    const edit = new Edit(this.#root, this.layers, this.#names);
    // Marks speak of the layers below only, wherever they stand in this one.
    for (const entry of index) {
      if (entry.type === 'whiteout') edit.remove(entry.path);
      else if (entry.type === 'opaque') edit.clear(entry.path);
    }
    for (const entry of index) {
      if (entry.type === 'hardlink') edit.link(entry);
      else if (entry.type !== 'whiteout' && entry.type !== 'opaque') edit.put(entry);
    }
    return new Tree(edit.root, this.layers + 1, edit.names);
  }

  /** Follows no links; '' is the root. */
  lookup(path: string): TreeNode | undefined {
    return find(this.#root, path);
  }

  /** Names in the directory at `path`, bytewise sorted; none where there is no directory. */
  children(path: string): readonly string[] {
    return sortedNames(find(this.#root, path));
  }

  /** All paths that share the file at `path`, this one included, sorted; none where nothing is. */
  names(path: string): readonly string[] {
    const node = this.lookup(path);
    if (node === undefined) return [];
    const given = this.#names.get(node.entry) ?? [path];
    return given.filter((name) => this.lookup(name)?.entry === node.entry).sort(comparePaths);
  }

  /** All that is below the directory at `path`, parents first, in the order of `comparePaths`. */
  *walk(path = ''): Generator<WalkedNode, void, undefined> {
    const start = find(this.#root, path);
    if (start === undefined) return;
    const ahead: { path: string; node: Node }[] = [];
    const push = (directory: string, node: Node) => {
      for (const name of sortedNames(node).toReversed())
        ahead.push({ path: childOf(directory, name), node: node.children!.get(name)! });
    };
    push(path, start);
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      yield { path: next.path, entry: next.node.entry, layer: next.node.layer };
      push(next.path, next.node);
    }
  }

  /**
   * `path` with links followed as a process would whose root this tree is: `..` and absolute targets stay inside.
   * Slashes at both ends mean nothing. What is missing is taken as it is named, so that it can be created there;
   * with `create`, a file in the way of that is a failure. Throws FailureError also for loops.
   */
  resolve(path: string, options: { readonly followLast: boolean; readonly create?: boolean }): Resolved {
    const ahead = path.split('/').reverse();
    const walked: { readonly name: string; readonly node: Node | undefined }[] = [];
    for (let hops = 0; ahead.length > 0; ) {
      const name = ahead.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        walked.pop();
        continue;
      }
      const parent = walked.length === 0 ? this.#root : walked.at(-1)!.node;
      if (options.create === true && parent !== undefined && parent.children === undefined)
        throw new FailureError(notADirectory(path, joined(walked)));
      const node = parent?.children?.get(name);
      const isLast = ahead.every((rest) => rest === '' || rest === '.');
      if (node?.entry.type !== 'symlink' || (isLast && !options.followLast)) {
        walked.push({ name, node });
        continue;
      }
      hops += 1;
      if (hops > LINK_LIMIT) throw new FailureError(tooManyLinks(path));
      if (node.entry.target.startsWith('/')) walked.length = 0;
      ahead.push(...node.entry.target.split('/').reverse());
    }
    const node = walked.length === 0 ? this.#root : walked.at(-1)!.node;
    return { path: joined(walked), ...(node && { entry: node.entry, layer: node.layer }) };
  }
}

/** Mutable only for the edit that made it, known by its token. */
interface Node extends TreeNode {
  entry: TreeNode['entry'];
  layer: number;
  /** Of directories only. */
  children: Map<string, Node> | undefined;
  sorted: readonly string[] | undefined;
  readonly edit: object | undefined;
}

function rootNode(): Node {
  const entry = implicitDirectory('');
  return { entry, layer: -1, children: new Map(), sorted: undefined, edit: undefined };
}

/** What a directory is that no layer has an entry for. */
export function implicitDirectory(path: string): DirectoryEntry {
  return { type: 'directory', path, mode: 0o755, uid: 0, gid: 0, mtime: 0 };
}

function find(root: Node, path: string): Node | undefined {
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

function sortedNames(node: Node | undefined): readonly string[] {
  if (node?.children === undefined) return [];
  node.sorted ??= [...node.children.keys()].sort(comparePaths);
  return node.sorted;
}

function joined(walked: readonly { readonly name: string }[]): string {
  return walked.map(({ name }) => name).join('/');
}

/** One `apply`: nodes of the tree below are copied on the way to a change, and only once. */
class Edit {
  readonly root: Node;
  names: ReadonlyMap<NodeEntry, readonly string[]>;
  readonly #layer: number;
  readonly #token = {};
  /** Own copy of `names`, made when the first link comes. */
  #ownNames: Map<NodeEntry, readonly string[]> | undefined;
  /** Entries come directory by directory: the last one need not be looked for again. */
  #lastPath = '';
  #lastDirectory: Node;

  constructor(root: Node, layer: number, names: ReadonlyMap<NodeEntry, readonly string[]>) {
    this.root = this.#copy(root);
    this.names = names;
    this.#layer = layer;
    this.#lastDirectory = this.root;
  }

  remove(path: string): void {
    const parent = this.#existingDirectory(parentOf(path));
    if (parent === undefined) return;
    parent.children!.delete(baseOf(path));
    parent.sorted = undefined;
    this.#forget();
  }

  clear(path: string): void {
    const directory = this.#existingDirectory(path);
    if (directory === undefined) return;
    directory.children = new Map();
    directory.sorted = undefined;
    this.#forget();
  }

  put(entry: TreeNode['entry']): void {
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

  link({ path, target }: HardlinkEntry): void {
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
    this.#ownNames ??= new Map(this.names);
    this.#ownNames.set(entry, [...(this.#ownNames.get(entry) ?? [entry.path]), path]);
    this.names = this.#ownNames;
  }

  /** The directory at `path`, with those above it: made where there is none, in place of whatever is there instead. */
  #directory(path: string): Node {
    if (path === this.#lastPath) return this.#lastDirectory;
    let node = this.root;
    if (path !== '') {
      const names = path.split('/');
      for (const [depth, name] of names.entries()) {
        const existing = node.children!.get(name);
        if (existing?.children !== undefined) {
          node = this.#own(node, name, existing);
          continue;
        }
        const entry = implicitDirectory(names.slice(0, depth + 1).join('/'));
        const made: Node = { entry, layer: this.#layer, children: new Map(), sorted: undefined, edit: this.#token };
        this.#set(node, name, made);
        node = made;
      }
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
