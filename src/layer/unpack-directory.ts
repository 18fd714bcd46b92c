import { closeSync, lstatSync, lutimesSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { removeTreeSync } from '../remove-tree.ts';
import { baseOf, parentOf } from '../tree-path.ts';
import type { DirectoryEntry } from './layer-entry.ts';
import { requireFewImplicit } from './layer-limits.ts';
import { childState, type PathState, PathStates } from './path-states.ts';
import { components, scopedPath } from './scoped-path.ts';
import { implicitDirectory } from './tree-node.ts';

/**
 * The directory a layer is unpacked into. Whatever is made in it is made in a real directory, all the way from the
 * root: a link or file in the way, of this layer or of one below, gives way to a directory. So no name leads outside,
 * as long as nobody else writes there.
 */
export class UnpackDirectory {
  /** Absolute. */
  readonly root: string;
  readonly #states = new PathStates();
  #entries = 0;
  #implicit = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** Merges with a directory that is there. */
  make(entry: DirectoryEntry): PathState {
    this.#entries += 1;
    const parent = this.ensure(parentOf(entry.path));
    const { state } = this.#enter(parent, baseOf(entry.path), entry.path);
    state.directory = entry;
    state.isImplicit = false;
    state.added = 'directory';
    return state;
  }

  /** Calls `create` with an absolute path, for something else than a directory; what is there before is removed. */
  place<T>(path: string, create: (free: string) => T): { readonly state: PathState; readonly created: T } {
    this.#entries += 1;
    const parent = this.ensure(parentOf(path));
    const created = this.#retrying(parent, path, create);
    const state = childState(parent, baseOf(path));
    state.added = 'other';
    return { state, created };
  }

  /** An empty file, to be replaced at the end by something that takes long to make. */
  reserve(path: string): PathState {
    const { state, created } = this.place(path, (free) => openSync(free, 'wx', 0o600));
    closeSync(created);
    return state;
  }

  /** The absolute path of what was reserved, free now. */
  unreserve(path: string): string {
    const file = scopedPath(this.root, path);
    unlinkSync(file);
    return file;
  }

  /** The directory at `path`, with those above it. Throws FailureError for more than an honest layer needs. */
  ensure(path: string): PathState {
    let state = this.#states.root;
    for (const [name, upTo] of components(path)) {
      const entered = this.#enter(state, name, upTo);
      state = entered.state;
      if (!entered.isNew) continue;
      state.directory = implicitDirectory(upTo);
      state.isImplicit = true;
      state.added = 'directory';
      this.#implicit += 1;
      requireFewImplicit(this.#implicit, this.#entries);
    }
    return state;
  }

  /** Whether the layer left out entries of directories. */
  get hasImplicit(): boolean {
    return this.#implicit > 0;
  }

  find(path: string): PathState | undefined {
    return this.#states.find(path);
  }

  /** All that is known, parents first. */
  all(): Generator<{ readonly path: string; readonly state: PathState }, void, undefined> {
    return this.#states.all();
  }

  /** undefined for what is not of this layer. */
  added(path: string): 'directory' | 'other' | undefined {
    return this.find(path)?.added;
  }

  /** Whether there is a directory at `path`, reached through directories alone. */
  isReal(path: string): boolean {
    let state = this.#states.root;
    for (const [name, upTo] of components(path)) {
      const known = state.children?.get(name);
      if (known?.isReal !== true && !this.#isDirectory(upTo, () => childState(state, name))) return false;
      state = state.children!.get(name)!;
    }
    return true;
  }

  /** Whether something that can have a second name is at `path`, reached through directories alone. */
  hasFile(path: string): boolean {
    if (this.added(path) === 'other') return true;
    if (!this.isReal(parentOf(path))) return false;
    return lstatSync(scopedPath(this.root, path), { throwIfNoEntry: false })?.isDirectory() === false;
  }

  /** Names in a directory that is real. */
  names(path: string): readonly string[] {
    return readdirSync(scopedPath(this.root, path));
  }

  remove(path: string): void {
    this.#remove(this.find(parentOf(path)), path);
  }

  /** Directories of lower layers get the times back that they had before this layer was unpacked into them. */
  restoreTimes(): void {
    for (const { path, state } of this.all()) {
      const { touched, directory } = state;
      if (touched && !directory) lutimesSync(scopedPath(this.root, path), touched.atime, touched.mtime);
    }
  }

  #remove(parent: PathState | undefined, path: string): void {
    if (!unlinked(scopedPath(this.root, path))) removeTreeSync(scopedPath(this.root, path));
    parent?.children?.delete(baseOf(path));
  }

  #retrying<T>(parent: PathState, path: string, create: (free: string) => T): T {
    const free = scopedPath(this.root, path);
    try {
      return create(free);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#remove(parent, path);
      return create(free);
    }
  }

  /** The directory `name` of one that is real, and whether it had to be made. */
  #enter(parent: PathState, name: string, path: string): { readonly state: PathState; readonly isNew: boolean } {
    const known = childState(parent, name);
    if (known.isReal === true) return { state: known, isNew: false };
    const onDisk = scopedPath(this.root, path);
    if (!made(onDisk)) {
      if (this.#isDirectory(path, () => known)) return { state: known, isNew: false };
      this.#remove(parent, path);
      mkdirSync(onDisk, 0o700);
    }
    const state = childState(parent, name);
    state.isReal = true;
    return { state, isNew: true };
  }

  /** Whether a directory is on disk where one of a lower layer may be, and then known as real. */
  #isDirectory(path: string, stateOf: () => PathState): boolean {
    const stat = lstatSync(scopedPath(this.root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return false;
    const state = stateOf();
    state.touched = { atime: stat.atime, mtime: stat.mtime };
    state.isReal = true;
    return true;
  }
}

/** false if something is there. */
function made(file: string): boolean {
  try {
    mkdirSync(file, 0o700);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** false for a directory. */
function unlinked(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR' || code === 'EPERM') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
