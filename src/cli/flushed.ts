import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

/**
 * Resolves when all that was written to the streams has been handed to whoever reads them. A pipe takes no more than 64 KiB
 * that nobody has read, and the rest waits in this process. With `patience`, in milliseconds, readers that take nothing for
 * so long are waited for no longer.
 */
export async function flushed(streams: readonly Writable[], patience?: number): Promise<void> {
  await Promise.all(streams.map((stream) => flushedOne(stream, patience)));
}

async function flushedOne(stream: Writable, patience: number | undefined): Promise<void> {
  const done = new AbortController();
  const empty = new Promise<void>((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    // Called in its turn, after all that was written before; with an error where the reader went away.
    else stream.write('', () => resolve());
  }).then(() => done.abort());
  await (patience === undefined ? empty : Promise.race([empty, stuck(stream, patience, done.signal)]));
}

/** Resolves when the reader takes nothing for so long. */
async function stuck(stream: Writable, patience: number, done: AbortSignal): Promise<void> {
  for (let left = Number.POSITIVE_INFINITY; stream.writableLength < left; ) {
    left = stream.writableLength;
    await setTimeout(patience, undefined, { signal: done }).catch(() => {});
    if (done.aborted) return;
  }
}
