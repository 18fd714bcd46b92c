import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Digest, digestFromHex } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { fileUnreadable } from './failure.ts';

/** Bytes up to which reading at once is cheaper than waiting for the thread pool. */
const SMALL = 64 * 1024;
const CHUNK = 256 * 1024;
const small = Buffer.allocUnsafeSlow(SMALL);

/** Of the content of a regular file at an absolute path, expected to have `size` bytes. Throws FailureError. */
export async function digestOfFile(file: string, size: number, signal: AbortSignal): Promise<Digest> {
  try {
    return size < SMALL
      ? (digestAtOnce(file) ?? (await digestInChunks(file, signal)))
      : await digestInChunks(file, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw typeof code === 'string' ? new FailureError(fileUnreadable(file, code), { cause: error }) : error;
  }
}

/** undefined if it is not that small. */
function digestAtOnce(file: string): Digest | undefined {
  const descriptor = openSync(file, READ_FILE);
  try {
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, small, length, SMALL - length, null);
      if (read === 0) return digestFromHex(hash('sha256', small.subarray(0, length), 'hex'));
      length += read;
      if (length === SMALL) return undefined;
    }
  } finally {
    closeSync(descriptor);
  }
}

async function digestInChunks(file: string, signal: AbortSignal): Promise<Digest> {
  const contentHash = createHash('sha256');
  await using handle = await open(file, READ_FILE);
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, CHUNK, null);
    if (bytesRead === 0) return digestFromHex(contentHash.digest('hex'));
    contentHash.update(chunk.subarray(0, bytesRead));
  }
}

/** How files are opened: not to wait for a writer where one has become a FIFO, nor to follow a link in its place. */
export const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
