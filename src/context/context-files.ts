import { isUtf8 } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs';
import { open, readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { nextTurn } from '../next-turn.ts';
import { type Digest, digestFromHex } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { ChangeTimes } from './change-times.ts';
import { contextUnreadable } from './failure.ts';
import type { SourceNode } from './source-tree.ts';

/** How the content of contexts is looked at. Paths are absolute; what is gone is undefined. Throws FailureError. */
export interface ContextFiles {
  /** What is in a directory, in any order. */
  list(directory: string): Promise<readonly FoundFile[] | undefined>;
  look(path: string): Promise<FoundFile | undefined>;
  /** Of a file's bytes. */
  digest(path: string, size: number, signal: AbortSignal): Promise<Digest | undefined>;
  linkTarget(path: string): Promise<string | undefined>;
  /** What stamps are worth on each file system. */
  changeTimes(): Promise<ChangeTimes>;
}

/** One entry of a directory as the disk has it, in the form that keys and layers use. */
export interface FoundFile {
  readonly name: string;
  readonly type: SourceNode['type'];
  /** As keys and layers have it: see `checkoutMode`. */
  readonly mode: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** Bytes. */
  readonly size: number;
  /** Of devices. */
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
  /** Equal for the names of one file; absent where there is just one name. */
  readonly identity?: string | undefined;
  /** That it is on: `major:minor` of its device. */
  readonly fileSystem: string;
  /**
   * Other whenever the content may be, as far as `ContextFiles.changeTimes` tell on its file system: made of size, inode and the
   * times of modification and of change. Empty for a file
   * that is there and cannot be looked at, because its name is not UTF-8.
   */
  readonly stamp: string;
  /** Milliseconds since 1970: when content or mode last changed. */
  readonly changedAt: number;
}

/** The disk. */
export const contextFiles: ContextFiles = {
  async list(directory) {
    const names = await ifThere(directory, () => readdir(directory));
    if (names === undefined) return undefined;
    const found: FoundFile[] = names.some((name) => name.includes('\ufffd')) ? await namelessIn(directory) : [];
    for (const [index, name] of names.entries()) {
      const file = look(join(directory, name), name);
      if (file !== undefined) found.push(file);
      if (index % turn === turn - 1) await nextTurn();
    }
    return found;
  },
  look: async (path) => look(path, basename(path)),
  async digest(path, size, signal) {
    const hex = await ifThere(path, () => (size <= small ? digestOfSmall(path) : digestInParts(path, signal)));
    return hex === undefined ? undefined : digestFromHex(hex);
  },
  linkTarget: (path) => ifThere(path, () => linkTarget(path)),
  changeTimes: () => ChangeTimes.read(),
};

/** Files looked at before the rest of the program gets its turn: to wait for each costs ten times what the look does. */
const turn = 512;
/** Bytes: to wait for so little costs more than to read it. */
const small = 1 << 16;
/** What was a file a moment ago may be a link or a pipe by now, and neither may be followed or waited for. */
const readFile = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What Node cannot ask for, since its name is not UTF-8: told apart by its empty stamp. */
async function namelessIn(directory: string): Promise<FoundFile[]> {
  const names = await ifThere(directory, () => readdir(directory, { encoding: 'buffer' }));
  return (names ?? [])
    .filter((name) => !isUtf8(name))
    .map((name) => ({
      name: name.toString(),
      type: 'file',
      mode: 0,
      mtime: 0,
      size: 0,
      fileSystem: '',
      stamp: '',
      changedAt: 0,
    }));
}

function look(path: string, name: string): FoundFile | undefined {
  const stats = explained(path, () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  const type = stats && typeOf(stats);
  if (stats === undefined || type === undefined) return undefined;
  const { major, minor } = deviceNumbers(stats.dev);
  return {
    name,
    type,
    mode: checkoutMode(Number(stats.mode)),
    mtime: wholeSeconds(stats.mtimeNs),
    size: Number(stats.size),
    device: type === 'char-device' || type === 'block-device' ? deviceNumbers(stats.rdev) : undefined,
    identity: type === 'file' && stats.nlink > 1n ? `${stats.dev}:${stats.ino}` : undefined,
    fileSystem: `${major}:${minor}`,
    stamp: `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`,
    changedAt: Number(stats.ctimeMs),
  };
}

/** Layers keep targets as text: what is no text would come to be another link. */
async function linkTarget(path: string): Promise<string> {
  const bytes = await readlink(path, 'buffer');
  if (!isUtf8(bytes)) throw new FailureError(contextUnreadable(path, 'what it links to is not UTF-8'));
  return bytes.toString();
}

function typeOf(stats: import('node:fs').BigIntStats): SourceNode['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isCharacterDevice()) return 'char-device';
  if (stats.isBlockDevice()) return 'block-device';
  return undefined;
}

/** Linux' encoding of a device number, as glibc's major() and minor() take it apart. */
function deviceNumbers(rdev: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

/** Down, also before 1970. */
function wholeSeconds(nanoseconds: bigint): number {
  const second = 1_000_000_000n;
  const rest = ((nanoseconds % second) + second) % second;
  return Number((nanoseconds - rest) / second);
}

async function digestOfSmall(path: string): Promise<string> {
  const descriptor = openSync(path, readFile);
  try {
    return hash('sha256', readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

async function digestInParts(path: string, signal: AbortSignal): Promise<string> {
  const sum = createHash('sha256');
  const hashing = new Writable({
    write(chunk: Uint8Array, _encoding, next) {
      sum.update(chunk);
      next();
    },
  });
  const file = await open(path, readFile);
  await pipeline(file.createReadStream({ highWaterMark: 1 << 20 }), hashing, { signal });
  return sum.digest('hex');
}

/** Gone, or something else by now: a file where a directory was, a file where a link was. */
const gone = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'EISDIR', 'ENXIO', 'ELOOP']);

async function ifThere<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unreadable(path, error);
  }
}

function explained<T>(path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unreadable(path, error);
  }
}

/** An error of the operating system as a failure; what is none, such as an abort, as it is. */
function unreadable(path: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  return new FailureError(contextUnreadable(path, message.replace(/,.*/s, '')), { cause: error });
}

/**
 * The mode that a file or directory of a context has in keys and layers. git keeps no more of a mode than whether a file
 * can be executed; what a checkout makes of that depends on the umask of whoever made it, and the two usual ones, 022 and
 * 002, must give one image. So exactly 0664 is 0644 and exactly 0775 is 0755; any other mode was chosen, and stays (ADR
 * 0017).
 */
export function checkoutMode(mode: number): number {
  const bits = mode & 0o7777;
  if (bits === 0o664) return 0o644;
  return bits === 0o775 ? 0o755 : bits;
}
