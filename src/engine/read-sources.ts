import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRequest } from '../builder.ts';
import { decodeDockerfile } from '../dockerfile/decode.ts';
import type { Dockerfile } from '../dockerfile/dockerfile.ts';
import { parseIgnoreFile } from '../dockerfile/dockerignore.ts';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { FailureError, FailuresError } from '../result.ts';
import { dockerfileUnreadable } from './failure.ts';

export interface Sources {
  readonly dockerfile: Dockerfile;
  /** Patterns of the ignore file, in order. */
  readonly ignore: readonly string[];
}

/** The Dockerfile of a request and its ignore file: `<Dockerfile>.dockerignore`, else the context's `.dockerignore`. */
export async function readSources(request: BuildRequest): Promise<Sources> {
  const text = decodeDockerfile(await read(request.dockerfile), request.dockerfile);
  if (!text.ok) throw new FailuresError(text.failure);
  const dockerfile = parseDockerfile(text.value, request.dockerfile);
  if (!dockerfile.ok) throw new FailuresError(dockerfile.failure);
  return { dockerfile: dockerfile.value, ignore: await readIgnore(request) };
}

async function readIgnore(request: BuildRequest): Promise<readonly string[]> {
  for (const file of [`${request.dockerfile}.dockerignore`, join(request.contextDir, '.dockerignore')]) {
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new FailureError(dockerfileUnreadable(file, error.code ?? String(error)), { cause: error });
    });
    if (!bytes) continue;
    const patterns = parseIgnoreFile(bytes.toString());
    if (!patterns.ok) throw new FailuresError(patterns.failure);
    return patterns.value;
  }
  return [];
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FailureError(dockerfileUnreadable(file, code ?? String(error)), { cause: error });
  }
}
