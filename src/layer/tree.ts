import { FailureError } from '../result.ts';
import { childOf } from '../tree-path.ts';
import { notADirectory, tooManyLinks } from './failure.ts';
import type { LayerIndex, NodeEntry } from './layer-entry.ts';
import { LINK_LIMIT } from './layer-links.ts';
import { comparePaths } from './path-order.ts';
import { TreeEdit } from './tree-edit.ts';
import { find, type Names, type Node, rootNode, sortedNames, type TreeNode } from './tree-node.ts';

/** One node as `walk` meets it. */
export interface WalkedNode extends TreeNode {
  /** Where it is. */
  readonly path: string;
}

/** Where a path leads, as far as something is there. */
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
  readonly #names: Names;
  /** Those of a file that are still its own, sorted; made when first asked for. */
  readonly #liveNames = new Map<NodeEntry, readonly string[]>();

  private constructor(root: Node, layers: number, names: Names) {
    this.#root = root;
    this.layers = layers;
    this.#names = names;
  }

  static of(layers: Iterable<LayerIndex>): Tree {
    return Tree.empty.applyAll([...layers]);
  }

  /** The tree with one more layer on top. Throws FailureError as `applyAll`. */
  apply(index: LayerIndex): Tree {
    return this.applyAll([index]);
  }

  /**
   * The tree with more layers on top, the lowest first; nothing is made for those between. Throws FailureError for a
   * hard link to what does not exist, and where parents without entries are too many.
   */
  applyAll(indexes: readonly LayerIndex[]): Tree {
    const edit = new TreeEdit(this.#root, this.#names);
    for (const [at, index] of indexes.entries()) edit.apply(index, this.layers + at);
    return new Tree(edit.root, this.layers + indexes.length, edit.names);
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
    const given = this.#names.get(node.entry);
    if (given === undefined) return [path];
    let live = this.#liveNames.get(node.entry);
    if (live === undefined) {
      live = [...new Set(given)].filter((name) => this.lookup(name)?.entry === node.entry).sort(comparePaths);
      this.#liveNames.set(node.entry, live);
    }
    return live;
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

function joined(walked: readonly { readonly name: string }[]): string {
  return walked.map(({ name }) => name).join('/');
}
