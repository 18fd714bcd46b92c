import { randomBytes } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, systemErrorCode } from './failure.ts';
import type { Store } from './store.ts';

/**
 * Moves a directory of the session, which is whole, to where it stays until somebody takes it away: a kill before that leaves it
 * to the session, one after that to `cip cache prune`. `name` is for people. Returns its path.
 */
export async function keepFailedStep({ paths }: Store, directory: string, name: string): Promise<string> {
  const legible = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const place = join(paths.failedSteps, `${legible.slice(0, 64)}-${randomBytes(4).toString('hex')}`);
  try {
    await rename(directory, place).catch(async (error: unknown) => {
      // A store that an older version has made.
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      await mkdir(paths.failedSteps, { recursive: true });
      await rename(directory, place);
    });
  } catch (error) {
    throw explained(error, place);
  }
  return place;
}
