import { randomBytes } from 'node:crypto';
import { rename, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { choose, sizeOf, type Wish } from './choose.ts';
import { explained, systemErrorCode } from './failure.ts';
import { Inventories, type Inventory, type StoreEntry } from './inventory.ts';
import { compactRecords } from './record-care.ts';
import { oldestStart } from './session.ts';
import type { Store } from './store.ts';
import { removeForcibly } from './trash.ts';

/** What was taken away, or would be. */
export interface Freed {
  readonly entries: readonly StoreEntry[];
  /** In bytes, with what records have shrunk by. */
  readonly bytes: number;
}

/**
 * Takes away what `wish` says, least recently used first: never an image with a name, nor what a session of another process
 * uses or has found. Others build on meanwhile; they wait only while things are moved aside. What this process used itself
 * counts as used no more. A kill at any moment leaves a store that is whole.
 */
export async function takeAway(store: Store, wish: Wish, signal: AbortSignal): Promise<Freed> {
  const inventories = new Inventories(store);
  const empties = emptiesRecords(wish);
  // Measures, which takes long, while nobody waits.
  if (choose(await inventories.take(false, signal), await freeSpace(store), wish).length === 0)
    return { entries: [], bytes: await compactRecords(store, { isForced: empties, empties }, signal) };
  const aside = await store.lock.hold(async () => {
    await store.lock.tidy();
    return store.claims.whileTaking(async () => {
      const inventory = await inventories.take(false, signal);
      return moveAside(store, choose(inventory, await freeSpace(store), wish), signal);
    }, signal);
  }, signal);
  for (const { path } of aside) await remove(store, path);
  const shrunk = await compactRecords(store, { isForced: true, empties }, signal);
  const entries = aside.map(({ entry }) => entry);
  return { entries, bytes: sizeOf(entries) + shrunk };
}

/**
 * Takes these away, but for what a session of another process uses or has found, or that was made since. Returns the paths of
 * what is gone.
 */
export async function takeThese(
  store: Store,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const entries = paths.map((path) => ({ path }));
  const aside = await store.lock.hold(
    () => store.claims.whileTaking(() => moveAside(store, entries, signal), signal),
    signal,
  );
  for (const { path } of aside) await remove(store, path);
  return new Set(aside.map(({ entry }) => entry.path));
}

/** What `takeAway` would do now. */
export async function wouldTakeAway(store: Store, wish: Wish, signal: AbortSignal): Promise<Freed> {
  const entries = choose(await new Inventories(store).take(false, signal), await freeSpace(store), wish);
  return { entries, bytes: sizeOf(entries) };
}

/** All that the store keeps, with what is temporary. */
export async function inventoryOf(store: Store, signal: AbortSignal): Promise<Inventory> {
  return new Inventories(store).take(true, signal);
}

/** Of the disk of the store, in bytes. */
export async function diskSize(store: Store): Promise<number> {
  const { blocks, bsize } = await statfs(store.paths.root);
  return blocks * bsize;
}

function emptiesRecords({ kinds, limits, takesNeeded }: Wish): boolean {
  const isUnlimited = Object.values(limits).every((limit) => limit === undefined);
  return kinds === undefined ? takesNeeded && isUnlimited : kinds.has('record');
}

async function freeSpace(store: Store): Promise<number> {
  const { bavail, bsize } = await statfs(store.paths.root);
  return bavail * bsize;
}

/** Into the session: what is there goes with it, also after a kill. */
async function moveAside<T extends Pick<StoreEntry, 'path'>>(store: Store, entries: readonly T[], signal: AbortSignal) {
  const { paths, session } = store;
  const now = await session.now();
  const keepFrom = Math.min(now, (await oldestStart(paths, session)) ?? now);
  const aside: { readonly entry: T; readonly path: string }[] = [];
  for (const entry of entries) {
    if (signal.aborted) break;
    const path = session.tempPath('taken');
    if (await moveUnlessNewer(entry.path, path, keepFrom)) aside.push({ entry, path });
  }
  return aside;
}

/** What was made or claimed since the entry was looked at stays, or is put back. */
async function moveUnlessNewer(from: string, to: string, keepFrom: number): Promise<boolean> {
  try {
    if ((await stat(from)).mtimeMs >= keepFrom) return false;
    await rename(from, to);
    if ((await stat(to)).mtimeMs < keepFrom) return true;
    await rename(to, from);
    return false;
  } catch (error) {
    // Another process was first.
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw explained(error, from);
  }
}

/** Files of mapped users wait in the trash for a process that may remove them. */
async function remove({ paths }: Store, path: string): Promise<void> {
  if (await removeForcibly(path)) return;
  await rename(path, join(paths.trash, `${basename(path)}-${randomBytes(4).toString('hex')}`));
}
