import { nextTurn } from '../next-turn.ts';
import { childOf } from '../tree-path.ts';
import { type DiskEntry, type DiskNode, readDirectory, readDiskEntry } from './disk-entry.ts';
import { type OtherXattrs, readXattrs } from './disk-xattrs.ts';
import type { HardlinkEntry } from './layer-entry.ts';
import type { XattrKind } from './xattr.ts';

/** What of a directory is visited and read. */
export interface WalkOptions {
  /** Leaves out a path, and all below it if it is a directory. */
  readonly skip?: ((path: string, type: DiskNode['type']) => boolean) | undefined;
  /** Extended attributes to read; none unless given. */
  readonly xattrs?: readonly XattrKind[] | undefined;
  /** Called once where attributes were asked for, and no program is there that could read them. */
  readonly onXattrsUnavailable?: (() => void) | undefined;
  /** Told what there is besides the attributes asked for. */
  readonly onOtherXattrs?: ((others: OtherXattrs) => void) | undefined;
}

/** What a directory on disk has, as input of a layer. */
export type WalkedEntry = DiskNode | HardlinkEntry;

/**
 * All that is below the directory `root` (absolute), parents first, in the order of `comparePaths`. Links are not
 * followed; the second and later names of a file are hard links to the first; sockets are left out. Throws FailureError.
 */
export async function* walkDirectory(
  root: string,
  options: WalkOptions,
  signal: AbortSignal,
): AsyncGenerator<WalkedEntry, void, undefined> {
  const firstNames = new Map<string, string>();
  for await (const batch of batches(entriesBelow(root, options.skip), signal)) {
    for (const { node, inode } of await withXattrs({ root, entries: batch }, options, signal)) {
      const first = inode === undefined ? undefined : firstNames.get(inode);
      if (inode !== undefined && first === undefined) firstNames.set(inode, node.path);
      yield first === undefined ? node : { type: 'hardlink', path: node.path, target: first };
    }
  }
}

/** Lazily, without attributes and with every name as a file of its own. */
export function* entriesBelow(root: string, skip?: WalkOptions['skip']): Generator<DiskEntry, void, undefined> {
  const ahead = [...readDirectory(root, '')].reverse();
  for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
    const entry = readDiskEntry(root, path);
    if (entry === undefined || skip?.(path, entry.node.type) === true) continue;
    yield entry;
    if (entry.node.type !== 'directory') continue;
    const names = readDirectory(root, path);
    for (let at = names.length - 1; at >= 0; at -= 1) ahead.push(childOf(path, names[at]!));
  }
}

/** The entries with the attributes asked for. */
export async function withXattrs<T extends DiskEntry>(
  { root, entries }: { readonly root: string; readonly entries: readonly T[] },
  {
    xattrs: kinds = [],
    onXattrsUnavailable,
    onOtherXattrs,
  }: Pick<WalkOptions, 'xattrs' | 'onXattrsUnavailable' | 'onOtherXattrs'>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  // Links, FIFOs and devices have none of these kinds.
  const paths = entries
    .filter(({ node }) => node.type === 'file' || node.type === 'directory')
    .map(({ node }) => node.path);
  const { byPath, besides, available } = await readXattrs(root, { paths, kinds }, signal);
  onOtherXattrs?.(besides);
  if (!available) onXattrsUnavailable?.();
  if (byPath.size === 0) return entries;
  return entries.map((entry) => {
    const xattrs = byPath.get(entry.node.path);
    return xattrs === undefined ? entry : { ...entry, node: { ...entry.node, xattrs } };
  });
}

/** Entries per look at the rest of the program, and per run of what reads attributes. */
const BATCH = 2048;

async function* batches<T>(items: Iterable<T>, signal: AbortSignal): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
    await nextTurn();
    signal.throwIfAborted();
  }
  yield batch;
}
