import { Digest } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { baseOf, parentOf } from '../tree-path.ts';
import { contextNotCounted } from './failure.ts';
import { compareBytes, type SourceNode, type SourceTree } from './source-tree.ts';

/** A node in short: path, type, mode, time, what the type has besides, digest of a file that counts, identity. */
export type RecordedNode = readonly [
  path: string,
  type: SourceNode['type'],
  mode: number,
  mtime: number,
  /** Bytes of a file, target of a link, `major:minor` of a device. */
  rest: number | string,
  digest: string,
  identity: string,
];

/**
 * What was seen of a context when its build was decided on. Plain data: it crosses a process border, once per build.
 */
export interface RecordedContext {
  /** Patterns of the ignore file, in order. */
  readonly ignore: readonly string[];
  readonly nodes: readonly RecordedNode[];
  /** Paths that were looked for and are not there, as far as `listed` does not say so. */
  readonly absent: readonly string[];
  /** Directories whose names are all known. */
  readonly listed: readonly string[];
  /** By `linux/amd64`. */
  readonly counted: Readonly<Record<string, CountedSelections>>;
}

/** What of a context, and of a Dockerfile, is in the key of a platform. */
export interface CountedSelections {
  /** Numbers of the stages whose instructions count. */
  readonly stages: readonly number[];
  /** All of it. */
  readonly whole: boolean;
  /** Digests, without masks, of the selections that count. */
  readonly selections: readonly Digest[];
}

/** A context of which nothing is known: for builds without one. */
export const emptyContext: RecordedContext = { ignore: [], nodes: [], absent: [], listed: [''], counted: {} };

/**
 * A node as the row that travels to the worker; the fifth column is size, link target or device number, whichever its
 * type has.
 */
export function recordNode(node: SourceNode, digest: Digest | undefined): RecordedNode {
  const { path, type, mode, mtime, size, target, major, minor, identity = '' } = node;
  const device = major === undefined ? 0 : `${major}:${minor}`;
  return [path, type, mode, mtime, size ?? target ?? device, digest ?? '', identity];
}

function nodeOf([path, type, mode, mtime, rest, , identity]: RecordedNode): SourceNode {
  const common = { path, type, mode, uid: 0, gid: 0, mtime };
  if (type === 'file') return { ...common, size: Number(rest), ...(identity === '' ? {} : { identity }) };
  if (type === 'symlink') return { ...common, target: String(rest) };
  if (typeof rest !== 'string') return common;
  const [major, minor] = rest.split(':').map(Number);
  return { ...common, major, minor };
}

/**
 * The context as it was when its build was decided on. What nobody looked at then is not known now, and is a failure
 * `context-not-counted`: no build reads more than its key says.
 */
export class RecordedTree implements SourceTree {
  readonly description = 'the build context';
  readonly #directory: string;
  readonly #nodes = new Map<string, SourceNode>();
  readonly #digests = new Map<string, Digest>();
  readonly #absent: ReadonlySet<string>;
  /** Directory → names in it, in bytewise order. */
  readonly #names = new Map<string, string[]>();

  /** `directory` is absolute. */
  constructor(directory: string, { nodes, absent, listed }: RecordedContext) {
    this.#directory = directory;
    this.#absent = new Set(absent);
    for (const path of listed) this.#names.set(path, []);
    for (const recorded of nodes) {
      const [path, , , , , digest] = recorded;
      this.#nodes.set(path, nodeOf(recorded));
      if (digest !== '') this.#digests.set(path, Digest.parse(digest));
      if (path !== '') this.#names.get(parentOf(path))?.push(baseOf(path));
    }
    for (const names of this.#names.values()) names.sort(compareBytes);
  }

  lookup(path: string): Promise<SourceNode | undefined> {
    const node = this.#nodes.get(path);
    if (node !== undefined || this.#absent.has(path) || this.#names.has(parentOf(path))) return Promise.resolve(node);
    return Promise.reject(new FailureError(contextNotCounted(path)));
  }

  children(path: string): Promise<readonly string[]> {
    const names = this.#names.get(path);
    if (names !== undefined) return Promise.resolve(names);
    return Promise.reject(new FailureError(contextNotCounted(path)));
  }

  digest(node: SourceNode): Promise<Digest> {
    const digest = this.#digests.get(node.path);
    if (digest !== undefined) return Promise.resolve(digest);
    return Promise.reject(new FailureError(contextNotCounted(node.path)));
  }

  /** undefined for a file that does not count. */
  digestOf(path: string): Digest | undefined {
    return this.#digests.get(path);
  }

  fileOf(node: SourceNode): Promise<string> {
    return Promise.resolve(node.path === '' ? this.#directory : `${this.#directory}/${node.path}`);
  }
}
