import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Milliseconds. */
const BETWEEN_LOOKS = 20;

/**
 * A named pipe, open for writing: waits until somebody reads it. Neither opening nor writing occupies a thread, so that
 * the signal can end both. Rejects with the signal's reason, or with an error of the operating system.
 */
export async function openPipe(path: string, signal: AbortSignal): Promise<Writable> {
  for (;;) {
    const fd = await openWithReader(path);
    if (fd !== undefined) return new Socket({ fd, readable: false, writable: true });
    await setTimeout(BETWEEN_LOOKS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Undefined while nobody reads it. A number: what Node calls a handle would be closed with the object. */
async function openWithReader(path: string): Promise<number | undefined> {
  return await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENXIO') return undefined;
      throw error;
    },
  );
}
