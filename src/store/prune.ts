import { readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestFromHex, digestOf } from '../oci/digest.ts';
import { ImageIndex } from '../oci/image-index.ts';
import { Manifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType } from '../oci/media-type.ts';
import { codeOf, explained } from './failure.ts';
import type { StorePaths } from './paths.ts';
import { oldestStart } from './session.ts';
import type { Store } from './store.ts';

export interface PruneOptions {
  /** Kept with all they reach, besides what has a name. */
  readonly roots?: Iterable<Descriptor>;
  /** Blobs younger than this are kept; in milliseconds. */
  readonly grace: number;
}

export interface Pruned {
  /** How many blobs. */
  readonly removed: number;
  /** How many bytes they had. */
  readonly bytes: number;
  /** Indexes and manifests that a root reaches and whose bytes are wrong: what they name was not kept for their sake. */
  readonly unreadable: readonly Descriptor[];
}

/**
 * Removes the blobs that no name and no root reaches, unless they are young, or a session that lives has put or asked
 * for them. Names cannot be changed meanwhile.
 */
export async function prune(store: Store, options: PruneOptions, signal: AbortSignal): Promise<Pruned> {
  return store.lock.hold(async () => {
    await store.lock.tidy();
    const { reached, unreadable } = await mark(
      store,
      [...(await store.refs.roots()), ...(options.roots ?? [])],
      signal,
    );
    const oldest = await oldestStart(store.paths);
    const keepFrom = Math.min((await store.session.now()) - options.grace, oldest ?? Number.POSITIVE_INFINITY);
    const swept = await sweepBlobs(store, { reached, keepFrom }, signal);
    return { ...swept, unreadable };
  }, signal);
}

/** What can be read from here on: hex names of blobs. Blobs that are not there, such as layers never fetched, are named too. */
async function mark(store: Store, roots: readonly Descriptor[], signal: AbortSignal) {
  const reached = new Set<string>();
  const unreadable: Descriptor[] = [];
  const todo = [...roots];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    signal.throwIfAborted();
    const hex = next.digest.slice('sha256:'.length);
    if (reached.has(hex)) continue;
    reached.add(hex);
    const children = await childrenOf(store.paths, next);
    if (children === undefined) unreadable.push(next);
    else todo.push(...children);
  }
  return { reached, unreadable };
}

/** undefined where the document is there but is not what its descriptor says. */
async function childrenOf(paths: StorePaths, descriptor: Descriptor): Promise<readonly Descriptor[] | undefined> {
  const { mediaType, digest } = descriptor;
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return [];
  const path = paths.blob(digest);
  try {
    const bytes = await readFile(path);
    if (digestOf(bytes) !== digest) return undefined;
    const json: unknown = JSON.parse(bytes.toString());
    if (isIndexType(mediaType)) return ImageIndex.safeParse(json).data?.manifests;
    const manifest = Manifest.safeParse(json).data;
    return manifest && [manifest.config, ...manifest.layers];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    if (error instanceof SyntaxError) return undefined;
    throw explained(error, path);
  }
}

async function sweepBlobs(
  store: Store,
  keep: { readonly reached: ReadonlySet<string>; readonly keepFrom: number },
  signal: AbortSignal,
): Promise<{ readonly removed: number; readonly bytes: number }> {
  let removed = 0;
  let bytes = 0;
  for (const name of await readdir(store.paths.blobs)) {
    signal.throwIfAborted();
    if (!/^[0-9a-f]{64}$/.test(name) || keep.reached.has(name)) continue;
    const size = await removeOld(store, store.paths.blob(digestFromHex(name)), keep.keepFrom);
    if (size === undefined) continue;
    removed += 1;
    bytes += size;
  }
  return { removed, bytes };
}

/** Returns the size of what was removed. A blob that another process asks for just now is put back. */
async function removeOld(store: Store, path: string, keepFrom: number): Promise<number | undefined> {
  try {
    if ((await stat(path)).mtimeMs >= keepFrom) return undefined;
    const aside = store.session.tempPath('pruned');
    await rename(path, aside);
    const { size, mtimeMs } = await stat(aside);
    if (mtimeMs >= keepFrom) {
      await rename(aside, path);
      return undefined;
    }
    await unlink(aside);
    return size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined; // another process was first
    throw explained(error, path);
  }
}
