import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type IgnoreMatcher, ignoreMatcher } from '../../dockerfile/dockerignore.ts';
import { type Digest, digestFromHex } from '../../oci/digest.ts';
import { FailureError } from '../../result.ts';
import { unreadableSource } from './failure.ts';
import { compareBytes, join, type SourceNode, type SourceTree } from './source-tree.ts';

/**
 * A build context on this machine, as COPY sees it: everything belongs to 0:0, what .dockerignore excludes is not
 * there, sockets are not there. An excluded directory is there if something below it is included again.
 */
export class ContextTree implements SourceTree {
  readonly description = 'the build context';
  readonly #directory: string;
  readonly #ignore: IgnoreMatcher;
  readonly #nodes = new Map<string, Promise<SourceNode | undefined>>();
  readonly #digests = new Map<string, Promise<Digest>>();

  constructor(directory: string, ignore: readonly string[]) {
    this.#directory = directory;
    this.#ignore = ignoreMatcher(ignore);
  }

  lookup(path: string): Promise<SourceNode | undefined> {
    const known = this.#nodes.get(path);
    if (known) return known;
    const node = this.#read(path);
    this.#nodes.set(path, node);
    return node;
  }

  async children(path: string): Promise<readonly string[]> {
    const names = await this.#guard(path, () => readdir(this.#absolute(path)));
    const present = await Promise.all(
      (names ?? []).map(async (name) => ((await this.lookup(join(path, name))) ? name : undefined)),
    );
    return present.filter((name) => name !== undefined).toSorted(compareBytes);
  }

  digest(node: SourceNode): Promise<Digest> {
    const known = this.#digests.get(node.path);
    if (known) return known;
    const digest = this.#hash(node.path);
    this.#digests.set(node.path, digest);
    return digest;
  }

  fileOf(node: SourceNode): Promise<string> {
    return Promise.resolve(this.#absolute(node.path));
  }

  async #read(path: string): Promise<SourceNode | undefined> {
    const excluded = path !== '' && this.#ignore.excludes(path);
    if (excluded && !this.#ignore.mayContainIncluded(path)) return undefined;
    const stats = await this.#guard(path, () => lstat(this.#absolute(path)));
    const type = stats && typeOf(stats);
    if (!stats || !type) return undefined;
    if (excluded && (type !== 'directory' || (await this.children(path)).length === 0)) return undefined;
    return {
      path,
      type,
      mode: stats.mode & 0o7777,
      uid: 0,
      gid: 0,
      mtime: Math.floor(stats.mtimeMs / 1000),
      size: type === 'file' ? stats.size : undefined,
      target: type === 'symlink' ? await readlink(this.#absolute(path)) : undefined,
      ...(type === 'char-device' || type === 'block-device' ? deviceNumbers(stats.rdev) : {}),
      identity: type === 'file' && stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined,
    };
  }

  async #hash(path: string): Promise<Digest> {
    const hash = createHash('sha256');
    await this.#guard(path, () => pipeline(createReadStream(this.#absolute(path), { highWaterMark: 1 << 18 }), hash));
    return digestFromHex(hash.digest('hex'));
  }

  /** Undefined where nothing is; a FailureError with the path where it cannot be read. */
  async #guard<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new FailureError(unreadableSource(this.#absolute(path), code ?? String(error)), { cause: error });
    }
  }

  #absolute(path: string): string {
    return path === '' ? this.#directory : `${this.#directory}/${path}`;
  }
}

function typeOf(stats: import('node:fs').Stats): SourceNode['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isCharacterDevice()) return 'char-device';
  if (stats.isBlockDevice()) return 'block-device';
  return undefined;
}

/** Linux' encoding of a device number, as glibc's major() and minor() take it apart. */
function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  const value = BigInt(rdev);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n)),
    minor: Number((value & 0xffn) | ((value >> 12n) & 0xffffff00n)),
  };
}
