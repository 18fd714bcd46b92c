import { createHash } from 'node:crypto';
import { open, readdir, rename, stat } from 'node:fs/promises';
import { algorithmOf, type Digest, digestFromHex, hexOf } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { explained, systemErrorCode } from './failure.ts';
import { orGone, reachedByName } from './raw-document.ts';
import type { Store } from './store.ts';
import { removeForcibly } from './trash.ts';

/** A blob whose bytes are not those that its name promises. */
export interface BrokenBlob {
  readonly digest: Digest;
  /** In bytes, as it is. */
  readonly size: number;
  /** Names of the images that need it. */
  readonly images: readonly string[];
  readonly isRemoved: boolean;
}

/** What reading every blob gave. */
export interface VerifiedBlobs {
  readonly checked: number;
  /** Bytes that were read. */
  readonly bytes: number;
  readonly broken: readonly BrokenBlob[];
}

/** In bytes: what is read at a time. */
const CHUNK = 1 << 20;

/**
 * Reads every blob of the store and says which are broken. With `repairs` these are removed, unless somebody has put a good
 * one in their place by then: the next pull or build brings them again. Reading counts as no use.
 */
export async function verifyBlobs(
  store: Store,
  { repairs }: { readonly repairs: boolean },
  signal: AbortSignal,
): Promise<VerifiedBlobs> {
  let checked = 0;
  let bytes = 0;
  const wrong: Seen[] = [];
  for (const digest of await digestsIn(store)) {
    const seen = await look(store, digest, signal);
    if (seen === undefined) continue;
    checked += 1;
    bytes += seen.size;
    if (!seen.isGood) wrong.push(seen);
  }
  const named = await imagesOf(store, wrong);
  const removed = repairs && wrong.length > 0 ? await remove(store, wrong, signal) : new Set<Digest>();
  const broken = wrong.map(
    ({ digest, size }): BrokenBlob => ({
      digest,
      size,
      images: named.get(digest) ?? [],
      isRemoved: removed.has(digest),
    }),
  );
  return { checked, bytes, broken };
}

interface Seen {
  readonly digest: Digest;
  readonly size: number;
  readonly inode: number;
  readonly isGood: boolean;
}

async function digestsIn({ paths }: Store): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for (const directory of [paths.blobs, paths.blobsSha512]) {
    for (const name of (await orGone(readdir(directory), directory)) ?? [])
      if (/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(name)) found.push(digestFromHex(name));
  }
  return found;
}

/** undefined for a blob that is gone by now. */
async function look({ paths }: Store, digest: Digest, signal: AbortSignal): Promise<Seen | undefined> {
  const path = paths.blob(digest);
  try {
    const file = await open(path);
    try {
      const { ino } = await file.stat();
      const hash = createHash(algorithmOf(digest));
      const buffer = Buffer.allocUnsafe(CHUNK);
      let size = 0;
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, CHUNK, size);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        size += bytesRead;
      }
      return { digest, size, inode: ino, isGood: hash.digest('hex') === hexOf(digest) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    // A disk that cannot be read any more has lost it as well.
    if (systemErrorCode(error) === 'EIO') return { digest, size: 0, inode: (await stat(path)).ino, isGood: false };
    throw explained(error, path);
  }
}

async function remove(store: Store, wrong: readonly Seen[], signal: AbortSignal): Promise<ReadonlySet<Digest>> {
  const removed = new Set<Digest>();
  const take = async () => {
    for (const { digest, inode } of wrong) {
      const path = store.paths.blob(digest);
      const aside = store.session.tempPath('broken');
      try {
        if ((await stat(path)).ino !== inode) continue;
        await rename(path, aside);
        await removeForcibly(aside);
        removed.add(digest);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') throw explained(error, path);
      }
    }
  };
  await store.lock.hold(() => store.claims.whileTaking(take, signal), signal);
  return removed;
}

/** None where they cannot be read: that is told by whoever looks for them. */
async function namesOf({ refs }: Store): ReturnType<Store['refs']['list']> {
  try {
    return await refs.list();
  } catch (error) {
    if (error instanceof FailureError) return new Map();
    throw error;
  }
}

async function imagesOf(store: Store, wrong: readonly Seen[]): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const images = new Map<Digest, string[]>();
  if (wrong.length === 0) return images;
  for (const [name, root] of await namesOf(store)) {
    const reached = await reachedByName([root.digest], store.paths);
    for (const { digest } of wrong)
      if (reached.has(hexOf(digest))) images.set(digest, [...(images.get(digest) ?? []), name]);
  }
  return images;
}
