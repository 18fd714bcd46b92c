import { nextTurn } from '../next-turn.ts';
import { FailureError } from '../result.ts';
import { parentOf } from '../tree-path.ts';
import { type DiskEntry, isUnpacked, isWhiteoutDevice } from './disk-entry.ts';
import { digestOfFile } from './file-digest.ts';
import type { Tree } from './tree.ts';
import type { TreeNode } from './tree-node.ts';
import { entriesBelow } from './walk.ts';

/** What a directory has that a layer or a whole stack was unpacked to. */
export interface ExpectedFiles {
  readonly tree: Tree;
  /** Paths of directories that layers have entries for: the others are made as they are below. */
  readonly described: ReadonlySet<string>;
  /** What hides something that is below; undefined where that is not known. */
  readonly whiteouts: ReadonlySet<string> | undefined;
  /** Whether owners are on disk as layers say them. */
  readonly hasOwners: boolean;
  readonly hasDevices: boolean;
}

/** The first thing on disk that is not as it was unpacked. */
export interface UnpackedDifference {
  readonly path: string;
  readonly what:
    | 'missing'
    | 'added'
    | 'type'
    | 'content'
    | 'target'
    | 'link'
    | 'mode'
    | 'owner'
    | 'time'
    | 'unreadable';
}

/** Entries between two turns of the rest of the program. */
const BATCH = 512;

/**
 * Compares a directory with what was unpacked to it. Extended attributes are not looked at. Throws FailureError where this user may
 * not look at all of it.
 */
export async function differenceOf(
  root: string,
  expected: ExpectedFiles,
  signal: AbortSignal,
): Promise<UnpackedDifference | undefined> {
  const { tree, whiteouts, hasDevices } = expected;
  const above = new Set([...(whiteouts ?? [])].flatMap(directoriesAbove));
  // Other names of a file have the same entry.
  const inodes = new Map<TreeNode['entry'], string | undefined>();
  const seen = new Set<string>();
  let lesser: UnpackedDifference | undefined;
  for (const found of entriesBelow(root)) {
    if (seen.size % BATCH === 0) await nextTurn();
    signal.throwIfAborted();
    const { node, inode } = found;
    const { path } = node;
    seen.add(path);
    const entry = tree.lookup(path)?.entry;
    if (isWhiteoutDevice(node)) {
      if (whiteouts !== undefined && !whiteouts.has(path))
        return { path, what: entry === undefined ? 'added' : 'type' };
    } else if (entry === undefined) {
      const isOnTheWay = node.type === 'directory' && (whiteouts === undefined || above.has(path));
      if (!isOnTheWay) return { path, what: 'added' };
    } else {
      const isOther = inodes.has(entry) && (inode === undefined || inodes.get(entry) !== inode);
      inodes.set(entry, inode);
      const what = (await differs(found, { entry, expected }, signal)) ?? (isOther ? 'link' : undefined);
      // That of a directory has changed for something in it, which says more.
      if (what === 'time' && node.type === 'directory') lesser ??= { path, what };
      else if (what !== undefined) return { path, what };
    }
  }
  for (const { path, entry } of tree.walk())
    if (path !== '' && !seen.has(path) && isUnpacked(entry, hasDevices)) return { path, what: 'missing' };
  for (const path of whiteouts ?? []) if (!seen.has(path)) return { path, what: 'missing' };
  return lesser;
}

async function differs(
  { node }: DiskEntry,
  { entry, expected }: { readonly entry: TreeNode['entry']; readonly expected: ExpectedFiles },
  signal: AbortSignal,
): Promise<UnpackedDifference['what'] | undefined> {
  if (node.type !== entry.type) return 'type';
  if (entry.type === 'directory' && !expected.described.has(node.path)) return undefined;
  if (node.type === 'symlink' && entry.type === 'symlink' && node.target !== entry.target) return 'target';
  if (node.type === 'file' && entry.type === 'file') {
    if (node.size !== entry.size) return 'content';
    const digest = await digestIn(node.sourcePath, node.size, signal);
    if (digest !== entry.digest) return digest === undefined ? 'unreadable' : 'content';
  }
  // Links have no mode of their own.
  if (node.type !== 'symlink' && node.mode !== entry.mode) return 'mode';
  if (expected.hasOwners && (node.uid !== entry.uid || node.gid !== entry.gid)) return 'owner';
  // Beyond that, file systems differ in what they can keep.
  const isCommon = entry.mtime >= 0 && entry.mtime < 2 ** 31;
  return isCommon && node.mtime !== entry.mtime ? 'time' : undefined;
}

/** undefined where the disk cannot read it any more. */
async function digestIn(file: string, size: number, signal: AbortSignal) {
  try {
    return await digestOfFile(file, size, signal);
  } catch (error) {
    const { code } = ((error as FailureError).cause ?? {}) as NodeJS.ErrnoException;
    if (error instanceof FailureError && code === 'EIO') return undefined;
    throw error;
  }
}

function directoriesAbove(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) found.push(at);
  return found;
}
