import { readFile } from 'node:fs/promises';
import type { SourceNode, SourceTree } from '../../context/source-tree.ts';
import { resolveSource } from '../../context/source-tree.ts';
import type { Tree } from '../../layer/tree.ts';
import { defaultXattrs, wantedXattrs } from '../../layer/xattr.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ReadText } from './owner.ts';
import type { RunnerServices } from './runner-services.ts';

/** The files of a snapshot as a source of COPY: owners and modes as the layers have them, and file capabilities. */
export class SnapshotTree implements SourceTree {
  readonly description: string;
  readonly #tree: Tree;
  readonly #diskPath: (path: string) => Promise<string>;

  /** `diskPath` unpacks what it needs and tells where a file's bytes are. */
  constructor(options: {
    readonly description: string;
    readonly tree: Tree;
    readonly diskPath: (path: string) => Promise<string>;
  }) {
    this.description = options.description;
    this.#tree = options.tree;
    this.#diskPath = options.diskPath;
  }

  lookup(path: string): Promise<SourceNode | undefined> {
    return Promise.resolve(this.#node(path));
  }

  children(path: string): Promise<readonly string[]> {
    return Promise.resolve(this.#tree.children(path));
  }

  digest(node: SourceNode): Promise<Digest> {
    const entry = this.#tree.lookup(node.path)?.entry;
    if (entry?.type !== 'file') throw new Error(`${node.path} is not a file of ${this.description}`);
    return Promise.resolve(entry.digest);
  }

  fileOf(node: SourceNode): Promise<string> {
    return this.#diskPath(node.path);
  }

  #node(path: string): SourceNode | undefined {
    const found = this.#tree.lookup(path);
    if (!found) return undefined;
    const { entry, layer } = found;
    const { type, mode, uid, gid, mtime } = entry;
    const xattrs = wantedXattrs(entry.xattrs, defaultXattrs);
    const common = { path, type, mode, uid, gid, mtime, ...(xattrs ? { xattrs } : {}) };
    if (type === 'file') {
      const identity = this.#tree.names(path).length > 1 ? `${layer}:${entry.path}` : undefined;
      return { ...common, size: entry.size, identity };
    }
    if (type === 'symlink') return { ...common, target: entry.target };
    if (type === 'char-device' || type === 'block-device') return { ...common, major: entry.major, minor: entry.minor };
    return common;
  }
}

type Services = Pick<RunnerServices, 'layers'>;

/** Opens a snapshot as the source of a copy, by its indexes: files are brought to disk only when they are read. */
export async function snapshotTree(services: Services, snapshot: Snapshot, signal: AbortSignal): Promise<SnapshotTree> {
  return new SnapshotTree({
    description: 'the stage or image it is copied from',
    tree: await services.layers.tree(snapshot, signal),
    diskPath: (path) => services.layers.diskPath(snapshot, path, signal),
  });
}

/** Bytes; what BuildKit allows for /etc/passwd and /etc/group. */
const MAX_TEXT = 10 * 1024 * 1024;

/** Reads small regular files of an image, links followed inside it; undefined for what is missing, too big or special. */
export function readText(services: Services, snapshot: Snapshot, signal: AbortSignal): ReadText {
  return async (path) => {
    const tree = await snapshotTree(services, snapshot, signal);
    const node = await resolveSource(tree, path);
    if (node?.type !== 'file' || (node.size ?? 0) > MAX_TEXT) return undefined;
    return readFile(await tree.fileOf(node), 'utf8');
  };
}
