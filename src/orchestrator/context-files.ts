import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, digestFromHex } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { contextUnreadable } from './failure.ts';

/** How the content of contexts is looked at. */
export interface ContextFiles {
  /** What is in a directory, in any order; sockets, which no image can have, left out. */
  list(directory: string): Promise<readonly FoundFile[]>;
  /** undefined if it is gone, or is a socket. */
  look(path: string): Promise<FoundFile | undefined>;
  /** Of a file's bytes. */
  digest(path: string, size: number, signal: AbortSignal): Promise<Digest>;
  linkTarget(path: string): Promise<string>;
}

export interface FoundFile {
  readonly name: string;
  readonly kind: 'file' | 'symlink' | 'directory' | 'special';
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Other whenever the content may be: made of size, inode and the times of modification and of change. */
  readonly stamp: string;
  /** Milliseconds since 1970: when content or mode last changed. */
  readonly changedAt: number;
}

/** The disk. Failures name the path. */
export const contextFiles: ContextFiles = {
  async list(directory) {
    const names = await explained(directory, readdir(directory));
    const found = await Promise.all(names.map((name) => look(join(directory, name), name)));
    return found.filter((file) => file !== undefined);
  },
  look: (path) => look(path, basename(path)),
  async digest(path, size, signal) {
    return digestFromHex(
      await explained(path, size <= atOnce ? digestAtOnce(path, signal) : digestInParts(path, signal)),
    );
  },
  linkTarget: (path) => explained(path, readlink(path)),
};

/** Bytes: a stream costs more than to read so little. */
const atOnce = 1 << 20;

async function look(path: string, name: string): Promise<FoundFile | undefined> {
  const stats = await explained(path, lstat(path, { bigint: true })).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined || stats.isSocket()) return undefined;
  return {
    name,
    kind: stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'symlink' : stats.isDirectory() ? 'directory' : 'special',
    executable: (stats.mode & 0o111n) !== 0n,
    size: Number(stats.size),
    stamp: `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`,
    changedAt: Number(stats.ctimeMs),
  };
}

async function digestAtOnce(path: string, signal: AbortSignal): Promise<string> {
  return hash('sha256', await readFile(path, { signal }));
}

async function digestInParts(path: string, signal: AbortSignal): Promise<string> {
  const sum = createHash('sha256');
  const hashing = new Writable({
    write(chunk: Uint8Array, _encoding, next) {
      sum.update(chunk);
      next();
    },
  });
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hashing, { signal });
  return sum.digest('hex');
}

const unreadable = new Set(['EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENAMETOOLONG']);

async function explained<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!unreadable.has(code)) throw error;
    throw new FailureError(contextUnreadable(path, message.replace(/,.*/s, '')), { cause: error });
  }
}
