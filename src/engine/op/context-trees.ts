import { canonicalJson } from '../solver/vertex.ts';
import { ContextTree } from './context-tree.ts';

/**
 * The build contexts of one build, each read once however many COPYs take from it: a file is hashed at most once, and all
 * platforms see the same files.
 */
export class ContextTrees {
  readonly #trees = new Map<string, ContextTree>();

  open(directory: string, ignore: readonly string[]): ContextTree {
    const key = canonicalJson([directory, ignore]);
    const tree = this.#trees.get(key) ?? new ContextTree(directory, ignore);
    this.#trees.set(key, tree);
    return tree;
  }
}
