import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { posix, relative } from 'node:path';

const MAX_LINKS = 40;

/** What is mounted somewhere in a root, as far as looking at files needs it. */
export interface Overlaid {
  /** Canonical path in the root. */
  readonly target: string;
  /** Where its files can be looked at; undefined for a file system that is empty until the process starts. */
  readonly source: string | undefined;
  /** Files missing in it may be created: in the root itself for a while, elsewhere for good. */
  readonly creatable: 'for-a-while' | 'for-good' | 'no';
}

/** Where a path of the image leads once the links in it are followed within its root. */
export interface Located {
  /** Canonical path in the root: no links, no dots. */
  readonly path: string;
  readonly on: Overlaid;
  /** The same file for the worker; undefined if `on` is empty until the process starts. */
  readonly file: string | undefined;
  /** undefined for what does not exist (yet). */
  readonly stats: Stats | undefined;
}

/** A root file system with mounts over it, before they are made: paths of the root are followed as the process will see them. */
export class RootView {
  readonly #overlaid: Overlaid[];

  constructor(rootfs: string) {
    this.#overlaid = [{ target: '/', source: rootfs, creatable: 'for-a-while' }];
  }

  /** What is added later hides what is there. */
  add(overlaid: Overlaid): void {
    this.#overlaid.push(overlaid);
  }

  /**
   * Follows links inside the root and never out of it. Stops at nothing: what does not exist has no stats.
   * Returns a sentence where the path cannot be followed.
   */
  async locate(path: string): Promise<Located | string> {
    let todo = path.split('/');
    let at = await this.#at('/');
    for (let links = 0; todo.length > 0; ) {
      const [name = '', ...rest] = todo;
      todo = rest;
      if (name === '' || name === '.') continue;
      if (at.stats !== undefined && !at.stats.isDirectory()) return `${at.path} is not a directory`;
      if (name === '..') {
        at = await this.#at(posix.dirname(at.path));
        continue;
      }
      const path = posix.join(at.path, name);
      if (this.#isTooLong(path, name)) return 'it is longer than Linux allows';
      const next = await this.#at(path);
      if (!next.stats?.isSymbolicLink()) {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return `too many symbolic links`;
      const link = await readlink(next.file!);
      if (link.startsWith('/')) at = await this.#at('/');
      todo = [...link.split('/'), ...todo];
    }
    return at;
  }

  /** The path itself, if a link then the link. `path` is canonical but for its last name. */
  async #at(path: string): Promise<Located> {
    const on = this.#mountOf(path);
    if (on.source === undefined) return { path, on, file: undefined, stats: undefined };
    const file = posix.join(on.source, path.slice(on.target === '/' ? 0 : on.target.length));
    return { path, on, file, stats: await statsOf(file) };
  }

  /** As the machine sees it: PATH_MAX counts the byte that ends a path, NAME_MAX counts bytes. limits.h(0p) */
  #isTooLong(path: string, name: string): boolean {
    const { source = '' } = this.#mountOf(path);
    return Buffer.byteLength(name) > 255 || Buffer.byteLength(source) + Buffer.byteLength(path) > 4095;
  }

  #mountOf(path: string): Overlaid {
    let best = this.#overlaid[0]!;
    for (const overlaid of this.#overlaid) {
      const within = overlaid.target === '/' || path === overlaid.target || path.startsWith(`${overlaid.target}/`);
      if (within && overlaid.target.length >= best.target.length) best = overlaid;
    }
    return best;
  }
}

async function statsOf(file: string): Promise<Stats | undefined> {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/**
 * Whether a directory below `rootfs` (both canonical once) can still be reached without following a link. A process
 * may have put one in the place of a directory: then the path leads somewhere else by now, and nothing is to be done there.
 */
export async function isInPlace(rootfs: string, dir: string): Promise<boolean> {
  let path = rootfs;
  for (const name of ['', ...relative(rootfs, dir).split('/')]) {
    if (name !== '') path = `${path}/${name}`;
    const stats = await lstat(path).catch(() => undefined);
    if (!stats?.isDirectory()) return false;
  }
  return true;
}
