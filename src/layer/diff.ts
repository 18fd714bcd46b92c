import { nextTurn } from '../next-turn.ts';
import { childOf } from '../tree-path.ts';
import {
  type DiskEntry,
  type DiskNode,
  isUnpacked,
  isWhiteoutDevice,
  readDirectory,
  readDiskEntry,
} from './disk-entry.ts';
import type { OtherXattrs } from './disk-xattrs.ts';
import { digestOfFile } from './file-digest.ts';
import type { WhiteoutEntry } from './layer-entry.ts';
import type { LayerInput } from './layer-input.ts';
import { comparePaths } from './path-order.ts';
import type { Tree } from './tree.ts';
import type { TreeNode } from './tree-node.ts';
import { withXattrs } from './walk.ts';
import { defaultXattrs, sameXattrs, wantedXattrs, type XattrKind } from './xattr.ts';

/** The ids of a user and a group, as a layer has them: those of the image and not of this machine. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a tree is compared with, and which of its properties count. */
export interface DiffOptions {
  /** What was there before. */
  readonly lower: Tree;
  /** Attributes that count and are written; file capabilities unless given. */
  readonly xattrs?: readonly XattrKind[] | undefined;
  /** Called where no program is there that could read attributes: the layer is written without. */
  readonly onXattrsUnavailable?: (() => void) | undefined;
  /** Told what new and changed entries have besides the attributes that count. */
  readonly onOtherXattrs?: ((others: OtherXattrs) => void) | undefined;
  /** Whose a path is, where the owner on disk says nothing because owners could not be preserved. */
  readonly ownerOf?: ((path: string, onDisk: Owner) => Owner) | undefined;
  /** Whether devices of `lower` are not on disk though nobody removed them: they could not be made. False unless given. */
  readonly lacksDevices?: boolean | undefined;
}

/** Where the difference is looked for. */
interface DiffSource extends DiffOptions {
  /** Absolute. Where new and changed entries are. */
  readonly root: string;
  /** Absolute. Where what is missing was removed: `root`, or what an overlay shows over it. */
  readonly merged: string;
  /** What in `root` is no entry but the mark of a removal. */
  readonly isMark: (node: DiskNode) => boolean;
  /** Whether nothing happened to an entry since `root` was as `lower`; if to none of its parents either, it is not read. */
  readonly isUntouched: (entry: DiskEntry) => boolean;
}

/**
 * Entries of a layer that makes `lower` to what is on disk, in the order of `comparePaths`: what is new or changed,
 * its parents with their own metadata, all names of a file of which one is new or changed, and a whiteout for each
 * path removed. Throws FailureError.
 */
async function* diff(source: DiffSource, signal: AbortSignal): AsyncGenerator<LayerInput, void, undefined> {
  const found = await withAttributes(source, await scanned(source, signal), signal);
  const changed = await changedEntries(source, found, signal);
  const parents: DiskNode[] = [];
  const firstNames = new Map<string, string>();
  for (const item of found) {
    const { path } = item.type === 'whiteout' ? item : item.disk.node;
    while (parents.length > 0 && !path.startsWith(`${parents.at(-1)!.path}/`)) parents.pop();
    if (item.type === 'whiteout') {
      yield* parents.splice(0);
      yield item;
      continue;
    }
    const { node, inode } = item.disk;
    if (!changed.has(item)) {
      if (node.type === 'directory') parents.push(node);
      continue;
    }
    yield* parents.splice(0);
    const first = inode === undefined ? undefined : firstNames.get(inode);
    if (inode !== undefined && first === undefined) firstNames.set(inode, path);
    yield first === undefined ? node : { type: 'hardlink', path, target: first };
  }
}

interface FoundEntry {
  readonly type: 'entry';
  readonly disk: DiskEntry;
  /** Whether it was told without reading that it has not changed. */
  readonly untouched: boolean;
}
type Found = FoundEntry | WhiteoutEntry;

/** Looking at the disk blocks; the rest of the program gets its turn now and then. */
async function scanned(source: DiffSource, signal: AbortSignal): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const item of scan(source)) {
    if (found.push(item) % TURN !== 0) continue;
    await nextTurn();
    signal.throwIfAborted();
  }
  return found;
}

const TURN = 2048;

/** A name that is on disk or was, and whether nothing happened to the directories it is in. */
interface Scanned {
  readonly path: string;
  readonly isRemoved: boolean;
  readonly isBelowUntouched: boolean;
}

function* scan(source: DiffSource): Generator<Found, void, undefined> {
  const { root, lower } = source;
  const ahead = namesIn(source, '', true);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { path } = next;
    const disk = next.isRemoved ? undefined : readDiskEntry(root, path);
    if (disk === undefined) {
      // Removed; or replaced by a socket, which comes to the same because no layer can hold one.
      if (lower.lookup(path) !== undefined) yield { type: 'whiteout', path };
      continue;
    }
    if (source.isMark(disk.node)) continue;
    const untouched = next.isBelowUntouched && source.isUntouched(disk);
    yield { type: 'entry', disk: owned(disk, source), untouched };
    if (disk.node.type !== 'directory') continue;
    const names = namesIn(source, path, untouched);
    for (const name of names) ahead.push(name);
  }
}

/** The last one first, as a stack takes them. */
function namesIn(source: DiffSource, path: string, isBelowUntouched: boolean): Scanned[] {
  const { root, merged } = source;
  const names = readDirectory(root, path);
  const removed = removedNames(source, path, root === merged ? names : readDirectory(merged, path));
  return [...new Set([...names, ...removed])]
    .sort((a, b) => comparePaths(b, a))
    .map((name) => ({ path: childOf(path, name), isRemoved: removed.has(name), isBelowUntouched }));
}

function removedNames(
  { lower, lacksDevices = false }: DiffSource,
  path: string,
  present: readonly string[],
): Set<string> {
  const names = new Set(present);
  const wasThere = (name: string) => isUnpacked(lower.lookup(childOf(path, name))!.entry, !lacksDevices);
  return new Set(lower.children(path).filter((name) => !names.has(name) && wasThere(name)));
}

function owned(disk: DiskEntry, { ownerOf }: DiffSource): DiskEntry {
  if (ownerOf === undefined) return disk;
  const { uid, gid } = ownerOf(disk.node.path, disk.node);
  return { ...disk, node: { ...disk.node, uid, gid } };
}

async function withAttributes(
  source: DiffSource,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const { root, xattrs = defaultXattrs, onXattrsUnavailable, onOtherXattrs } = source;
  const touched = found.filter((item) => item.type === 'entry').filter((item) => !item.untouched);
  const disks = touched.map(({ disk }) => disk);
  const attributed = await withXattrs({ root, entries: disks }, { xattrs, onXattrsUnavailable, onOtherXattrs }, signal);
  if (attributed === disks) return found;
  const byItem = new Map<Found, DiskEntry>(touched.map((item, at) => [item, attributed[at]!]));
  return found.map((item) => {
    const disk = byItem.get(item);
    return item.type === 'whiteout' || disk === undefined ? item : { ...item, disk };
  });
}

/** Names of one file count as changed if any of them is. */
async function changedEntries(
  source: DiffSource,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<ReadonlySet<Found>> {
  const changed = new Set<Found>();
  const inodes = new Set<string>();
  for (const item of found) {
    if (item.type === 'whiteout' || !(await isChanged(source, item, signal))) continue;
    changed.add(item);
    if (item.disk.inode !== undefined) inodes.add(item.disk.inode);
  }
  for (const item of found)
    if (item.type === 'entry' && item.disk.inode !== undefined && inodes.has(item.disk.inode)) changed.add(item);
  return changed;
}

async function isChanged(source: DiffSource, { disk, untouched }: FoundEntry, signal: AbortSignal): Promise<boolean> {
  const { node } = disk;
  const below = source.lower.lookup(node.path)?.entry;
  if (below === undefined || !sameMetadata(node, below, untouched ? undefined : (source.xattrs ?? defaultXattrs)))
    return true;
  if (node.type !== 'file' || below.type !== 'file' || untouched) return false;
  return (await digestOfFile(node.sourcePath, node.size, signal)) !== below.digest;
}

/** All but the content of files. Of directories the mtime says only that something in them has changed. */
function sameMetadata(node: DiskNode, below: TreeNode['entry'], kinds: readonly XattrKind[] | undefined): boolean {
  if (node.type !== below.type || node.uid !== below.uid || node.gid !== below.gid) return false;
  if (node.type !== 'symlink' && node.mode !== below.mode) return false;
  if (kinds !== undefined && !sameXattrs(node.xattrs, wantedXattrs(below.xattrs, kinds))) return false;
  if (node.type === 'directory') return true;
  if (node.mtime !== below.mtime) return false;
  if (node.type === 'file') return below.type === 'file' && node.size === below.size;
  if (node.type === 'symlink') return below.type === 'symlink' && node.target === below.target;
  if (node.type === 'fifo') return true;
  return 'major' in below && node.major === below.major && node.minor === below.minor;
}

/** The upper directory of an overlay, in which the kernel has collected the changes. */
export interface UpperDiffOptions extends DiffOptions {
  /** Absolute. The upperdir, made without redirect_dir and metacopy. */
  readonly upper: string;
  /** Absolute. The overlay as mounted over it, without other mounts in it. */
  readonly merged: string;
}

/**
 * What an overlay's upperdir changes on the layers below (see `diff`). What is removed is told by what the mounted
 * overlay no longer shows, since Node cannot read the attribute that marks an opaque directory; entries that were only
 * copied up are left out.
 */
export function upperDiff(
  { upper, merged, ...options }: UpperDiffOptions,
  signal: AbortSignal,
): AsyncGenerator<LayerInput, void, undefined> {
  return diff({ ...options, root: upper, merged, isMark: isWhiteoutDevice, isUntouched: () => false }, signal);
}

/** A whole root on disk, compared with the tree that it was made from. */
export interface TreeDiffOptions extends DiffOptions {
  /** Absolute. A whole root file system. */
  readonly root: string;
  /**
   * Milliseconds since the epoch when `root` was last known to be as `lower`, by the clock of its file system. Files
   * that the kernel says nothing has happened to since are not read. Absent: all files are.
   */
  readonly unchangedUntil?: number | undefined;
}

/** What a directory with a whole root file system changes on the layers it was made from (see `diff`). */
export function treeDiff(
  { root, unchangedUntil, ...options }: TreeDiffOptions,
  signal: AbortSignal,
): AsyncGenerator<LayerInput, void, undefined> {
  // A file that came here with its directory has an old ctime; the directory, renamed, has not.
  const isUntouched = ({ ctime }: DiskEntry) => unchangedUntil !== undefined && ctime < unchangedUntil - CLOCK_STEP;
  return diff({ ...options, root, merged: root, isMark: () => false, isUntouched }, signal);
}

/** The kernel's file times lag behind its clock by up to one tick, 10 ms at most. */
const CLOCK_STEP = 10;
