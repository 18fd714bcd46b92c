import {
  closeSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import type { DirectoryEntry } from './layer-entry.ts';
import { parentOf, scopedPath } from './scoped-path.ts';
import { implicitDirectory } from './tree.ts';

/**
 * The directory a layer is unpacked into. Whatever is made in it is made in a real directory, all the way from the
 * root: a link or file in the way, of this layer or of one below, gives way to a directory. So no name leads outside,
 * as long as nobody else writes there.
 */
export class UnpackDirectory {
  /** Directories of this layer by path, and what they are to be in the end. */
  readonly made = new Map<string, DirectoryEntry>();
  /** Absolute. */
  readonly root: string;
  readonly #onRemoved: (path: string) => void;
  /** What is of this layer, and whether it is a directory. */
  readonly #added = new Map<string, boolean>();
  readonly #implicit = new Set<DirectoryEntry>();
  /** Directories known to be real ones. */
  readonly #real = new Set(['']);
  /** Directories of lower layers that were written into, as they were before. */
  readonly #touched = new Map<string, Stats>();

  /** `onRemoved` hears of what this layer had put there, and has taken away again with all below it. */
  constructor(root: string, onRemoved: (path: string) => void) {
    this.root = root;
    this.#onRemoved = onRemoved;
  }

  /** Merges with a directory that is there. */
  make(entry: DirectoryEntry): void {
    this.ensure(parentOf(entry.path));
    this.#makeReal(entry.path);
    this.made.set(entry.path, entry);
    this.#added.set(entry.path, true);
  }

  /** Calls `create` with an absolute path, for something else than a directory; what is there before is removed. */
  place<T>(path: string, create: (place: string) => T): T {
    this.ensure(parentOf(path));
    const created = this.#retrying(path, create);
    this.#added.set(path, false);
    return created;
  }

  /** An empty file, to be replaced at the end by something that takes long to make. */
  reserve(path: string): void {
    closeSync(this.place(path, (place) => openSync(place, 'wx', 0o600)));
  }

  /** The absolute path of what was reserved, free now. */
  unreserve(path: string): string {
    const place = scopedPath(this.root, path);
    unlinkSync(place);
    return place;
  }

  /** The directory at `path`, with those above it. */
  ensure(path: string): void {
    if (this.#real.has(path)) return;
    this.ensure(parentOf(path));
    if (!this.#makeReal(path)) return;
    const directory = implicitDirectory(path);
    this.#implicit.add(directory);
    this.made.set(path, directory);
    this.#added.set(path, true);
  }

  /** What has no entry of its own in this layer. */
  isImplicit(directory: DirectoryEntry): boolean {
    return this.#implicit.has(directory);
  }

  /** undefined for what is not of this layer. */
  added(path: string): 'directory' | 'other' | undefined {
    const isDirectory = this.#added.get(path);
    return isDirectory === undefined ? undefined : isDirectory ? 'directory' : 'other';
  }

  /** Whether there is a directory at `path`, reached through directories alone. */
  isReal(path: string): boolean {
    if (this.#real.has(path)) return true;
    if (!this.isReal(parentOf(path))) return false;
    const stat = lstatSync(scopedPath(this.root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return false;
    this.#touched.set(path, stat);
    this.#real.add(path);
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
    const isDirectory = this.#added.get(path) === true || this.#real.has(path);
    const isOwn = this.#added.delete(path);
    if (!unlinked(scopedPath(this.root, path))) rmSync(scopedPath(this.root, path), { recursive: true, force: true });
    if (isDirectory) this.#forgetBelow(path);
    if (isOwn || isDirectory) this.#onRemoved(path);
  }

  /** Directories of lower layers get the times back that they had before this layer was unpacked into them. */
  restoreTimes(): void {
    for (const [path, stat] of this.#touched)
      if (!this.made.has(path)) lutimesSync(scopedPath(this.root, path), stat.atime, stat.mtime);
  }

  #retrying<T>(path: string, create: (place: string) => T): T {
    const place = scopedPath(this.root, path);
    try {
      return create(place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.remove(path);
      return create(place);
    }
  }

  #forgetBelow(path: string): void {
    for (const known of [this.made, this.#added, this.#real, this.#touched])
      for (const key of known.keys()) if (key === path || key.startsWith(`${path}/`)) known.delete(key);
  }

  /** Whether it had to be made. Its parent is real. */
  #makeReal(path: string): boolean {
    if (this.#real.has(path)) return false;
    const place = scopedPath(this.root, path);
    const isNew = made(place);
    if (!isNew && !this.isReal(path)) {
      this.remove(path);
      mkdirSync(place, 0o700);
      this.#real.add(path);
      return true;
    }
    this.#real.add(path);
    return isNew;
  }
}

/** false if something is there. */
function made(place: string): boolean {
  try {
    mkdirSync(place, 0o700);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** false for a directory. */
function unlinked(place: string): boolean {
  try {
    unlinkSync(place);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR' || code === 'EPERM') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
