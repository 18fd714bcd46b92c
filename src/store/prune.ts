import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { childrenOf } from '../oci/copy-graph.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestFromHex, hexOf } from '../oci/digest.ts';
import { isDocumentType } from '../oci/media-type.ts';
import { readDocument } from '../oci/read-document.ts';
import { FailureError } from '../result.ts';
import { explained, systemErrorCode } from './failure.ts';
import { oldestStart } from './session.ts';
import type { Store } from './store.ts';

/** What stays besides the images that have names; `grace` is for blobs whose image is still being put together. */
export interface PruneOptions {
  /** Kept with all they reach, besides what has a name. */
  readonly roots?: Iterable<Descriptor>;
  /** Blobs younger than this are kept; in milliseconds. */
  readonly grace: number;
}

/** What was removed, and what could not be judged. */
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

/** Hex names of the blobs that `roots` reach, also of those that are not there, such as layers never fetched. */
async function mark(store: Store, roots: readonly Descriptor[], signal: AbortSignal) {
  const reached = new Set<string>();
  const unreadable: Descriptor[] = [];
  const todo = [...roots];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const hex = hexOf(next.digest);
    if (reached.has(hex)) continue;
    reached.add(hex);
    if (!isDocumentType(next.mediaType)) continue;
    try {
      todo.push(...childrenOf(await readDocument(store.blobs, next, signal)));
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      if (error.failure.reason !== 'blob-missing') unreadable.push(next);
    }
  }
  return { reached, unreadable };
}

async function sweepBlobs(
  store: Store,
  keep: { readonly reached: ReadonlySet<string>; readonly keepFrom: number },
  signal: AbortSignal,
): Promise<{ readonly removed: number; readonly bytes: number }> {
  let removed = 0;
  let bytes = 0;
  const names = [...(await readdir(store.paths.blobs)), ...(await namesOfSha512(store))];
  for (const name of names) {
    signal.throwIfAborted();
    if (!/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(name) || keep.reached.has(name)) continue;
    const size = await removeOld(store, store.paths.blob(digestFromHex(name)), keep.keepFrom);
    if (size === undefined) continue;
    removed += 1;
    bytes += size;
  }
  return { removed, bytes };
}

async function namesOfSha512(store: Store): Promise<readonly string[]> {
  try {
    return await readdir(store.paths.blobsSha512);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw explained(error, store.paths.blobsSha512);
  }
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
    if (systemErrorCode(error) === 'ENOENT') return undefined; // another process was first
    throw explained(error, path);
  }
}
