import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIgnoreFile } from '../dockerfile/dockerignore.ts';
import { FailureError, ok, type Result } from '../result.ts';
import { contextUnreadable } from './failure.ts';

/**
 * The patterns that leave files of a context out, in order: of `Dockerfile.dockerignore`, else of `.dockerignore`. `shown` is
 * what people call the context. Throws FailureError where the file is there and cannot be read.
 */
export async function readIgnoreFile(directory: string, shown: string): Promise<Result<readonly string[]>> {
  for (const name of ['Dockerfile.dockerignore', '.dockerignore']) {
    const text = await readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new FailureError(contextUnreadable(join(shown, name), error.message), { cause: error });
    });
    if (text !== undefined) return parseIgnoreFile(text, join(shown, name));
  }
  return ok([]);
}
