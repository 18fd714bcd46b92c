import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { FailureError } from '../result.ts';
import { childOf } from '../tree-path.ts';
import { fileUnreadable, nameNotUtf8, pathOnDiskTooLong } from './failure.ts';
import type { DeviceEntry, DirectoryEntry, FifoEntry, SymlinkEntry } from './layer-entry.ts';
import type { FileOnDisk } from './layer-input.ts';
import { comparePaths } from './path-order.ts';
import { scopedPath } from './scoped-path.ts';

/** What a path of a directory on disk is, without extended attributes; a file by where its content lies. */
export type DiskNode = FileOnDisk | DirectoryEntry | SymlinkEntry | FifoEntry | DeviceEntry;

/** What lstat(2) says of one path, in the terms of layers. */
export interface DiskEntry {
  readonly node: DiskNode;
  /** Equal for names of one file; undefined where it has one name only. */
  readonly inode: string | undefined;
  /** When its metadata last changed, in milliseconds since the epoch. */
  readonly ctime: number;
}

/** Follows no links. undefined for a socket, which no layer can hold. Throws FailureError. */
export function readDiskEntry(root: string, path: string): DiskEntry | undefined {
  const file = scopedPath(root, path);
  try {
    // Doubles round the last nanoseconds of a second up to the next one.
    const stat = lstatSync(file, { bigint: true });
    const owned = {
      path,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: wholeSeconds(stat.mtimeNs),
    };
    const facts = {
      inode: stat.nlink > 1n && !stat.isDirectory() ? `${stat.dev}:${stat.ino}` : undefined,
      ctime: Number(stat.ctimeNs / 1_000_000n),
    };
    if (stat.isFile()) return { node: { type: 'file', ...owned, size: Number(stat.size), sourcePath: file }, ...facts };
    if (stat.isDirectory()) return { node: { type: 'directory', ...owned }, ...facts };
    if (stat.isSymbolicLink())
      return { node: { type: 'symlink', ...owned, mode: 0o777, target: readTarget(file, path) }, ...facts };
    if (stat.isFIFO()) return { node: { type: 'fifo', ...owned }, ...facts };
    if (stat.isSocket()) return undefined;
    const type = stat.isCharacterDevice() ? 'char-device' : 'block-device';
    return { node: { type, ...owned, ...deviceNumbers(stat.rdev) }, ...facts };
  } catch (error) {
    throw unreadable(file, path, error);
  }
}

/** Names in a directory, bytewise sorted. Throws FailureError. */
export function readDirectory(root: string, path: string): string[] {
  const file = scopedPath(root, path);
  try {
    const names = readdirSync(file);
    for (const name of names) if (name.includes(REPLACEMENT)) requireUtf8(root, path, name);
    return names.sort(comparePaths);
  } catch (error) {
    throw unreadable(file, path, error);
  }
}

/** A whiteout of overlayfs. https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories */
export function isWhiteoutDevice(node: {
  readonly type: string;
  readonly major?: number;
  readonly minor?: number;
}): boolean {
  return node.type === 'char-device' && node.major === 0 && node.minor === 0;
}

/**
 * Whether an entry of a layer is on disk where the layer is unpacked: a device 0/0 would be a whiteout there, and others take
 * more than most users may.
 */
export function isUnpacked(entry: Parameters<typeof isWhiteoutDevice>[0], makesDevices: boolean): boolean {
  const isDevice = entry.type === 'char-device' || entry.type === 'block-device';
  return !isDevice || (makesDevices && !isWhiteoutDevice(entry));
}

const REPLACEMENT = '\uFFFD';

/** The decoder puts the replacement character for bytes that are not UTF-8; a name may also have that very character. */
function requireUtf8(root: string, path: string, name: string): void {
  if (lstatSync(scopedPath(root, childOf(path, name)), { throwIfNoEntry: false }) === undefined)
    throw new FailureError(nameNotUtf8(childOf(path, name)));
}

function readTarget(file: string, path: string): string {
  const target = readlinkSync(file);
  if (
    target.includes(REPLACEMENT) &&
    Buffer.compare(Buffer.from(target), readlinkSync(file, { encoding: 'buffer' })) !== 0
  )
    throw new FailureError(nameNotUtf8(`${path} -> ${target}`));
  return target;
}

function wholeSeconds(nanoseconds: bigint): number {
  const seconds = nanoseconds / 1_000_000_000n;
  return Number(nanoseconds < 0n && nanoseconds % 1_000_000_000n !== 0n ? seconds - 1n : seconds);
}

/** makedev(3) the other way. */
function deviceNumbers(device: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

function unreadable(file: string, path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENAMETOOLONG') return new FailureError(pathOnDiskTooLong(path), { cause });
  return code === undefined ? cause : new FailureError(fileUnreadable(file, code), { cause });
}
