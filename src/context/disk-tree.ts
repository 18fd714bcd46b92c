import { type IgnoreMatcher, ignoreMatcher } from '../dockerfile/dockerignore.ts';
import type { Digest } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { childOf } from '../tree-path.ts';
import type { ContextFiles, FoundFile } from './context-files.ts';
import { ContextMoved } from './context-moved.ts';
import { contextUnreadable } from './failure.ts';
import { compareBytes, type SourceNode, type SourceTree } from './source-tree.ts';

interface DiskTreeOptions {
  /** Absolute. */
  readonly directory: string;
  readonly ignore: readonly string[];
  readonly files: ContextFiles;
  /** Of the bytes of a file, by its path in the context. */
  readonly digestOf: (path: string) => Digest | undefined;
  readonly signal: AbortSignal;
}

/**
 * A build context on this machine, as COPY sees it: everything belongs to 0:0, what .dockerignore excludes is not
 * there. An excluded directory is there if something below it is included again. Looks only at
 * what it is asked for, and at each path once. Throws ContextMoved where what it has seen is gone.
 */
export class DiskTree implements SourceTree {
  readonly description = 'the build context';
  readonly #directory: string;
  readonly #ignore: IgnoreMatcher;
  readonly #files: ContextFiles;
  readonly #digestOf: DiskTreeOptions['digestOf'];
  readonly #signal: AbortSignal;
  readonly #nodes = new Map<string, Promise<SourceNode | undefined>>();
  readonly #names = new Map<string, Promise<readonly string[]>>();
  readonly #found = new Map<string, FoundFile>();

  constructor(options: DiskTreeOptions) {
    this.#directory = options.directory;
    this.#ignore = ignoreMatcher(options.ignore);
    this.#files = options.files;
    this.#digestOf = options.digestOf;
    this.#signal = options.signal;
  }

  lookup(path: string): Promise<SourceNode | undefined> {
    return remember(this.#nodes, path, async () => this.#node(path, await this.#look(path)));
  }

  children(path: string): Promise<readonly string[]> {
    return remember(this.#names, path, () => this.#children(path));
  }

  digest(node: SourceNode): Promise<Digest> {
    const digest = this.#digestOf(node.path);
    return digest === undefined ? Promise.reject(new ContextMoved(node.path)) : Promise.resolve(digest);
  }

  fileOf(node: SourceNode): Promise<string> {
    return Promise.resolve(this.#absolute(node.path));
  }

  /** What stands on disk for a path that was looked at. */
  found(path: string): FoundFile | undefined {
    return this.#found.get(path);
  }

  /** All that was asked for so far, absent paths as undefined; and the directories whose names are all known. */
  async seen(): Promise<{ nodes: ReadonlyMap<string, SourceNode | undefined>; listed: readonly string[] }> {
    const nodes = new Map<string, SourceNode | undefined>();
    for (const [path, node] of this.#nodes) nodes.set(path, await node);
    return { nodes, listed: [...this.#names.keys()] };
  }

  async #look(path: string): Promise<FoundFile | undefined> {
    if (this.#isLeftOut(path)) return undefined;
    return this.#files.look(this.#absolute(path));
  }

  async #children(path: string): Promise<readonly string[]> {
    this.#signal.throwIfAborted();
    const found = await this.#files.list(this.#absolute(path));
    if (found === undefined) throw new ContextMoved(path);
    const names: string[] = [];
    for (const file of found) {
      const child = childOf(path, file.name);
      // Another file may be called as this one is shown.
      if (file.stamp === '' && !this.#ignore.excludes(child)) throw this.#nameless(child);
      const node = remember(this.#nodes, child, () => this.#node(child, this.#isLeftOut(child) ? undefined : file));
      if ((await node) !== undefined) names.push(file.name);
    }
    return names.sort(compareBytes);
  }

  async #node(path: string, found: FoundFile | undefined): Promise<SourceNode | undefined> {
    if (found === undefined) return undefined;
    const { type, mode, mtime, size, device, identity } = found;
    const isExcluded = path !== '' && this.#ignore.excludes(path);
    if (isExcluded && (type !== 'directory' || (await this.children(path)).length === 0)) return undefined;
    if (found.stamp === '') throw this.#nameless(path);
    this.#found.set(path, found);
    const common = { path, type, mode, uid: 0, gid: 0, mtime };
    if (type === 'file') return { ...common, size, ...(identity === undefined ? {} : { identity }) };
    if (type !== 'symlink') return { ...common, ...device };
    const target = await this.#files.linkTarget(this.#absolute(path));
    if (target === undefined) throw new ContextMoved(path);
    return { ...common, target };
  }

  #nameless(path: string): FailureError {
    return new FailureError(contextUnreadable(this.#absolute(path), 'its name is not UTF-8'));
  }

  #isLeftOut(path: string): boolean {
    return path !== '' && this.#ignore.excludes(path) && !this.#ignore.mayContainIncluded(path);
  }

  #absolute(path: string): string {
    return path === '' ? this.#directory : `${this.#directory}/${path}`;
  }
}

function remember<V>(map: Map<string, Promise<V>>, key: string, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  // Whoever asked gets the error; nothing else waits for it.
  made.catch(() => {});
  map.set(key, made);
  return made;
}
