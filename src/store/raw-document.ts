import { open, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { Descriptor } from '../oci/descriptor.ts';
import { type Digest, hexOf } from '../oci/digest.ts';
import { explained, systemErrorCode } from './failure.ts';
import type { StorePaths } from './paths.ts';

/** A document with more bytes than this is none. */
export const LARGEST_DOCUMENT = 4 << 20;

/** What of a manifest or an index names other content. */
const Naming = z.object({
  config: Descriptor.optional(),
  layers: z.array(Descriptor).default([]),
  manifests: z.array(Descriptor).default([]),
});

/**
 * Hex names of `roots` and of all that they name, also of what is not there. Documents are taken as they are: nothing is
 * verified, claimed or removed, as it is where they are read for their own sake.
 */
export async function reachedByName(roots: readonly Digest[], paths: StorePaths): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const todo = [...roots];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (reached.has(hexOf(next))) continue;
    reached.add(hexOf(next));
    todo.push(...(await namedBy(next, paths)));
  }
  return reached;
}

/** What a manifest or an index names, in its order; nothing of what is none, or is not there. As it is: nothing is verified. */
export async function namedBy(digest: Digest, paths: StorePaths): Promise<readonly Digest[]> {
  const path = paths.blob(digest);
  const file = await orGone(stat(path), path);
  if (file === undefined || file.size > LARGEST_DOCUMENT) return [];
  const found = Naming.safeParse(await jsonIn(path)).data;
  if (found === undefined) return [];
  const all = [...(found.config ? [found.config] : []), ...found.layers, ...found.manifests];
  return all.map((one) => one.digest);
}

/** undefined for what is gone and what is no object. */
export async function jsonIn(path: string): Promise<unknown> {
  const bytes = await orGone(bytesOfObject(path), path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** Of layers, which are many and long, the first byte is enough. */
async function bytesOfObject(path: string): Promise<Buffer | undefined> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, 0);
    return bytesRead === 1 && buffer[0] === 0x7b ? await readFile(path) : undefined;
  } finally {
    await file.close();
  }
}

/** undefined where what was asked for is not there, or not any more. */
export async function orGone<T>(promise: Promise<T>, path: string): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw explained(error, path);
  }
}
