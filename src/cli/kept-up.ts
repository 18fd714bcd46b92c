import type { Writable } from 'node:stream';

/** Bytes that may wait in this process for a reader. */
const MOST_WAITING = 1024 * 1024;

/**
 * undefined while the reader of a stream keeps up; else settles when it has taken all that waits for it, or went away. A pipe
 * takes 64 KiB that nobody reads, and the rest stays in this process.
 */
export function keptUp(stream: Writable): Promise<void> | undefined {
  if (stream.writableLength < MOST_WAITING || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const events = ['drain', 'error', 'close'] as const;
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}
