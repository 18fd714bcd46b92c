import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

/** Neither waits for somebody to open the other end of a pipe. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * All of a file that somebody else has put there. What a link leads to counts; a pipe, a device or a socket, which may have
 * no end, fails with the code `ENOTREG`, a directory with `EISDIR`, all else as readFile() of Node does.
 */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await open(path, flags).catch((error: unknown) => {
    throw asNotRegular(error);
  });
  try {
    verify(await file.stat());
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The same, at once. */
export function readRegularFileSync(path: string): Buffer {
  const file = openSync(path, flags);
  try {
    verify(fstatSync(file));
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Why a file could not be read, in words and without its path: `permission denied (EACCES)`. */
export function whyUnreadable({ errno, code, message }: NodeJS.ErrnoException): string {
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words === undefined ? message : `${words} (${code})`;
}

function verify(stats: Stats): void {
  if (stats.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
  if (!stats.isFile()) throw notRegular();
}

/** A socket can't even be opened. */
function asNotRegular(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code === 'ENXIO' ? notRegular(error) : error;
}

function notRegular(cause?: unknown): Error {
  return Object.assign(new Error('it is not a regular file', { cause }), { code: 'ENOTREG' });
}
