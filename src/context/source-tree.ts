import type { Digest } from '../oci/digest.ts';
import { childOf, parentOf } from '../tree-path.ts';

/** Something that can be copied. Paths are relative to the tree's root, without leading or trailing slash. */
export interface SourceNode {
  readonly path: string;
  /** A socket comes to be an empty file: BuildKit copies its mode alone. */
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'char-device' | 'block-device';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds. */
  readonly mtime: number;
  /** Bytes; of files. */
  readonly size?: number | undefined;
  /** Of symbolic links. */
  readonly target?: string | undefined;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** Equal for the names of one file; absent where there is just one name. */
  readonly identity?: string | undefined;
}

/** Where COPY takes files from. Two implementations: a build context and a snapshot. */
export interface SourceTree {
  /** For failures: `the build context`. */
  readonly description: string;
  /** The node itself, links not followed; undefined when it is missing or excluded. The root is the empty path. */
  lookup(path: string): Promise<SourceNode | undefined>;
  /** Names in bytewise order. */
  children(path: string): Promise<readonly string[]>;
  /** Of a file's content. */
  digest(node: SourceNode): Promise<Digest>;
  /** Absolute path of a file's bytes on this machine. */
  fileOf(node: SourceNode): Promise<string>;
}

const MAX_LINKS = 255;

/**
 * The node that `path` leads to when every symbolic link on the way is followed as if the tree's root were `/`: a
 * link never leads out of it. Undefined when there is nothing, or links run in a circle.
 */
export async function resolveSource(tree: SourceTree, path: string): Promise<SourceNode | undefined> {
  const pending = path.split('/').reverse();
  let at = await tree.lookup('');
  let links = 0;
  while (pending.length > 0 && at) {
    const name = pending.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = await tree.lookup(parentOf(at.path));
      continue;
    }
    if (at.type !== 'directory') return undefined;
    const parent: string = at.path;
    const next: SourceNode | undefined = await tree.lookup(childOf(parent, name));
    if (next?.type !== 'symlink') {
      at = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    const target = next.target ?? '';
    pending.push(...target.split('/').reverse());
    at = await tree.lookup(target.startsWith('/') ? '' : parent);
  }
  return at;
}

/** Bytewise, as tar files and directory listings are sorted: not by locale, not by UTF-16. */
export function compareBytes(a: string, b: string): number {
  // Only characters from the surrogates on are ordered in another way by their UTF-16.
  if (beyond.test(a) || beyond.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const beyond = /[\ud800-\uffff]/;
