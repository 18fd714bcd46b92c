import { closeSync, lstatSync, lutimesSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { removeTreeSync } from '../remove-tree.ts';
import { baseOf, parentOf } from '../tree-path.ts';
import type { DirectoryEntry } from './layer-entry.ts';
import { requireFewImplicit } from './layer-limits.ts';
import { childPlace, type Place, Places } from './places.ts';
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
  readonly #places = new Places();
  #entries = 0;
  #implicit = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** Merges with a directory that is there. */
  make(entry: DirectoryEntry): Place {
    this.#entries += 1;
    const parent = this.ensure(parentOf(entry.path));
    const { place } = this.#enter(parent, baseOf(entry.path), entry.path);
    place.directory = entry;
    place.isImplicit = false;
    place.added = 'directory';
    return place;
  }

  /** Calls `create` with an absolute path, for something else than a directory; what is there before is removed. */
  place<T>(path: string, create: (place: string) => T): { readonly place: Place; readonly created: T } {
    this.#entries += 1;
    const parent = this.ensure(parentOf(path));
    const created = this.#retrying(parent, path, create);
    const place = childPlace(parent, baseOf(path));
    place.added = 'other';
    return { place, created };
  }

  /** An empty file, to be replaced at the end by something that takes long to make. */
  reserve(path: string): Place {
    const { place, created } = this.place(path, (free) => openSync(free, 'wx', 0o600));
    closeSync(created);
    return place;
  }

  /** The absolute path of what was reserved, free now. */
  unreserve(path: string): string {
    const place = scopedPath(this.root, path);
    unlinkSync(place);
    return place;
  }

  /** The directory at `path`, with those above it. Throws FailureError for more than an honest layer needs. */
  ensure(path: string): Place {
    let place = this.#places.root;
    for (const [name, upTo] of components(path)) {
      const entered = this.#enter(place, name, upTo);
      place = entered.place;
      if (!entered.isNew) continue;
      place.directory = implicitDirectory(upTo);
      place.isImplicit = true;
      place.added = 'directory';
      this.#implicit += 1;
      requireFewImplicit(this.#implicit, this.#entries);
    }
    return place;
  }

  /** Whether the layer left out entries of directories. */
  get hasImplicit(): boolean {
    return this.#implicit > 0;
  }

  find(path: string): Place | undefined {
    return this.#places.find(path);
  }

  /** All that is known, parents first. */
  all(): Generator<{ readonly path: string; readonly place: Place }, void, undefined> {
    return this.#places.all();
  }

  /** undefined for what is not of this layer. */
  added(path: string): 'directory' | 'other' | undefined {
    return this.find(path)?.added;
  }

  /** Whether there is a directory at `path`, reached through directories alone. */
  isReal(path: string): boolean {
    let place = this.#places.root;
    for (const [name, upTo] of components(path)) {
      const known = place.children?.get(name);
      if (known?.isReal !== true && !this.#isDirectory(upTo, () => childPlace(place, name))) return false;
      place = place.children!.get(name)!;
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
    for (const { path, place } of this.all()) {
      const { touched, directory } = place;
      if (touched && !directory) lutimesSync(scopedPath(this.root, path), touched.atime, touched.mtime);
    }
  }

  #remove(parent: Place | undefined, path: string): void {
    if (!unlinked(scopedPath(this.root, path))) removeTreeSync(scopedPath(this.root, path));
    parent?.children?.delete(baseOf(path));
  }

  #retrying<T>(parent: Place, path: string, create: (place: string) => T): T {
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
  #enter(parent: Place, name: string, path: string): { readonly place: Place; readonly isNew: boolean } {
    const known = childPlace(parent, name);
    if (known.isReal === true) return { place: known, isNew: false };
    const onDisk = scopedPath(this.root, path);
    if (!made(onDisk)) {
      if (this.#isDirectory(path, () => known)) return { place: known, isNew: false };
      this.#remove(parent, path);
      mkdirSync(onDisk, 0o700);
    }
    const place = childPlace(parent, name);
    place.isReal = true;
    return { place, isNew: true };
  }

  /** Whether a directory is on disk where one of a lower layer may be, and then known as real. */
  #isDirectory(path: string, placeOf: () => Place): boolean {
    const stat = lstatSync(scopedPath(this.root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return false;
    const place = placeOf();
    place.touched = { atime: stat.atime, mtime: stat.mtime };
    place.isReal = true;
    return true;
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
