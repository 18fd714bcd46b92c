import { FailureError } from '../result.ts';
import { childOf, parentOf } from '../tree-path.ts';
import { tooManyLinks } from './failure.ts';

interface LinkNode {
  target: string | undefined;
  readonly children: Map<string, LinkNode>;
}

/** Components that all links of a layer together may lead through: so many, and for each path a few. */
const STEPS = 1_000_000;
const STEPS_PER_PATH = 1_000;

/**
 * Symlinks of one layer so far, by component: what a later entry of it may wish to go through. Following a path costs
 * its length and that of the links on it, of which a layer has a budget.
 */
export class LayerLinks {
  readonly #root: LinkNode = { target: undefined, children: new Map() };
  #isEmpty = true;
  #steps = STEPS;
  /** Of the last parent that was followed: entries come directory by directory. Until a link is made or removed. */
  #last: { readonly parent: string; readonly followed: string } | undefined;

  add(path: string, target: string): void {
    let node = this.#root;
    for (const name of path.split('/')) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = { target: undefined, children: new Map() };
        node.children.set(name, child);
      }
      node = child;
    }
    node.target = target;
    node.children.clear();
    this.#isEmpty = false;
    this.#last = undefined;
  }

  /** Something else is at `path` now. A directory merges with one that is there; all else takes the place of it. */
  remove(path: string, type: string): void {
    const node = this.#isEmpty ? undefined : this.#find(path);
    if (node === undefined) return;
    if (node.target === undefined && type === 'directory') return;
    node.target = undefined;
    node.children.clear();
    this.#last = undefined;
  }

  /** `path` with the links among its parents followed, as if the root were all there is. Throws FailureError. */
  follow(path: string): string {
    this.#steps += STEPS_PER_PATH;
    if (this.#isEmpty) return path;
    const parent = parentOf(path);
    if (parent === '') return path;
    if (this.#last?.parent !== parent) this.#last = { parent, followed: this.#followAll(parent) };
    const { followed } = this.#last;
    return followed === parent ? path : childOf(followed, path.slice(parent.length + 1));
  }

  #find(path: string): LinkNode | undefined {
    let node: LinkNode | undefined = this.#root;
    for (let start = 0; node !== undefined && start <= path.length; ) {
      const slash = path.indexOf('/', start);
      const end = slash === -1 ? path.length : slash;
      node = node.children.get(path.slice(start, end));
      start = end + 1;
    }
    return node;
  }

  #followAll(directory: string): string {
    const ahead = directory.split('/').reverse();
    const walked: { readonly name: string; readonly node: LinkNode | undefined }[] = [];
    for (let hops = 0; ahead.length > 0; ) {
      const name = ahead.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        walked.pop();
        continue;
      }
      const parent = walked.length === 0 ? this.#root : walked.at(-1)!.node;
      const node = parent?.children.get(name);
      if (node?.target === undefined) {
        walked.push({ name, node });
        continue;
      }
      hops += 1;
      const steps = node.target.split('/');
      this.#steps -= steps.length;
      if (hops > LINK_LIMIT || this.#steps < 0) throw new FailureError(tooManyLinks(directory));
      if (node.target.startsWith('/')) walked.length = 0;
      for (let at = steps.length - 1; at >= 0; at -= 1) ahead.push(steps[at]!);
    }
    return walked.map(({ name }) => name).join('/');
  }
}

/** How many symbolic links one path may go through: as many as the kernel follows (path_resolution(7)). */
export const LINK_LIMIT = 40;
