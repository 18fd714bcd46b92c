import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { asUnwritable } from '../engine/exporter/output-place.ts';
import type { World } from './world.ts';

/** What `dest` of an output is for standard output. */
export const toStandardOutput = '-';

/**
 * Writes a file that is whole to standard output, and removes it: a build that fails has written nothing there. Throws
 * FailureError: `output-unwritable`, also where the reader goes away.
 */
export async function writeToStandardOutput(
  file: string,
  { surroundings, signal }: Pick<World, 'surroundings' | 'signal'>,
): Promise<void> {
  try {
    await pipeline(createReadStream(file), surroundings.stdout, { end: false, signal });
  } catch (error) {
    throw asUnwritable('standard output', error);
  } finally {
    await rm(file, { force: true });
  }
}
