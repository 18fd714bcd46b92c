import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { mapBounded } from '../map-bounded.ts';
import { chainIDsOf } from '../oci/chain-id.ts';
import { DiffID, digestFromHex, hexOf } from '../oci/digest.ts';
import { jsonIn, LARGEST_DOCUMENT, orGone, reachedByName } from './raw-document.ts';
import { oldestStart } from './session.ts';
import type { Store } from './store.ts';
import { treeSize } from './tree-size.ts';

/** All that a store keeps, by what it is. What is of an image that has a name is never taken away. */
export const entryKinds = [
  'image',
  'layer',
  'unpacked',
  'index',
  'cache-mount',
  'failed-step',
  'record',
  'temporary',
] as const;
/**
 * `layer`: any blob that no name reaches. `index`: of the files of a layer. `failed-step`: what a step that failed has left, which
 * nothing refers to. `record`: a log of results, keys and digests.
 */
export type EntryKind = (typeof entryKinds)[number];

/** Something that the store keeps. */
export interface StoreEntry {
  readonly kind: EntryKind;
  /** What a person knows it by: a digest, the id of a cache mount, the name of a directory or of a log. */
  readonly id: string;
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When a session made it or first asked for it, in milliseconds since 1970, by the clock of the file system. */
  readonly lastUse: number;
  /** Whether it belongs to an image that has a name. */
  readonly isNeeded: boolean;
  /** Whether a session that lives relies on it; this process's own does not count. */
  readonly isInUse: boolean;
}

/** What a store keeps at a moment. */
export interface Inventory {
  readonly entries: readonly StoreEntry[];
  /** What has been made or asked for since then is in use; in milliseconds since 1970. */
  readonly keepFrom: number;
  /** The time of the file system. */
  readonly now: number;
}

/** What was measured: by path, the time of the entry and its size. */
type Measured = z.infer<typeof Measured>;
const Measured = z.object({ used: z.number(), size: z.number() });

/** Files that are looked at at a time. */
const AT_ONCE = 16;

/**
 * Lists stores. Directories are measured once for each time they are used, and what that gave is remembered in the store;
 * one in use is measured once by each of these.
 */
export class Inventories {
  readonly #store: Store;
  readonly #measured = new Map<string, Measured>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** `isWhole`: with what is temporary, which others are at work on. */
  async take(isWhole: boolean, signal: AbortSignal): Promise<Inventory> {
    const { paths, refs, session } = this.#store;
    const now = await session.now();
    const keepFrom = Math.min(now, (await oldestStart(paths, session)) ?? now);
    const reached = await reachedByName(
      (await refs.roots()).map(({ digest }) => digest),
      paths,
    );
    const blobs = await this.#files(paths.blobs, /^[0-9a-f]{64}$/);
    const blobs512 = await this.#files(paths.blobsSha512, /^[0-9a-f]{128}$/);
    const all = [...blobs, ...blobs512];
    // Whoever reads an image goes on to its layers.
    const used = all.filter(({ lastUse }) => lastUse >= keepFrom);
    const held = await reachedByName(
      used.map(({ name }) => digestFromHex(name)),
      paths,
    );
    const layers = await this.#layersOf(reached);
    const isUsed = (file: File) => file.lastUse >= keepFrom;
    const content = all.map((file): StoreEntry => {
      const isNeeded = reached.has(file.name);
      const isInUse = isUsed(file) || held.has(file.name);
      const id = digestFromHex(file.name);
      return { ...file, kind: isNeeded ? 'image' : 'layer', id, isNeeded, isInUse };
    });
    const simple = (kind: EntryKind) => (file: File) => {
      const isNeeded = layers.has(/[0-9a-f]{64}/.exec(file.name)?.[0] ?? '');
      return { ...file, kind, id: file.name, isNeeded, isInUse: isUsed(file) };
    };
    const unpacked = await this.#directories(paths.snapshots, keepFrom, signal);
    const mounts = await this.#directories(paths.cacheMounts, keepFrom, signal);
    const failedSteps = await this.#directories(paths.failedSteps, keepFrom, signal);
    const entries = [
      ...content,
      ...(await this.#files(paths.indexes, /^[0-9a-z]/)).map(simple('index')),
      ...unpacked.map(simple('unpacked')),
      ...(await Promise.all(mounts.map(async (file) => ({ ...simple('cache-mount')(file), id: await idOf(file) })))),
      ...failedSteps.map(simple('failed-step')),
      ...(await this.#files(paths.records, /\.log$/)).map(simple('record')),
      ...(isWhole ? await this.#temporary(signal) : []),
    ];
    return { entries, keepFrom, now };
  }

  async #temporary(signal: AbortSignal): Promise<readonly StoreEntry[]> {
    const { paths, session } = this.#store;
    const entries: StoreEntry[] = [];
    for (const directory of [paths.sessions, paths.trash, paths.logs]) {
      for (const name of await namesIn(directory)) {
        const path = join(directory, name);
        if (path === session.path) continue;
        const lastUse = await timeOf(path);
        if (lastUse === undefined) continue;
        const size = await treeSize(path, signal);
        const isInUse = directory === paths.sessions;
        entries.push({
          kind: 'temporary',
          id: `${basename(directory)}/${name}`,
          path,
          size,
          lastUse,
          isNeeded: false,
          isInUse,
        });
      }
    }
    return entries;
  }

  async #files(directory: string, pattern: RegExp): Promise<readonly File[]> {
    const names = (await namesIn(directory)).filter((name) => pattern.test(name));
    const found = await mapBounded(names, AT_ONCE, async (name): Promise<File | undefined> => {
      const path = join(directory, name);
      const file = await orGone(stat(path), path);
      return file?.isFile() ? { name, path, size: file.size, lastUse: file.mtimeMs } : undefined;
    });
    return found.filter((file) => file !== undefined);
  }

  async #directories(parent: string, keepFrom: number, signal: AbortSignal): Promise<readonly File[]> {
    const found: File[] = [];
    const memory = this.#store.records('sizes', Measured);
    for (const name of await namesIn(parent)) {
      const path = join(parent, name);
      const lastUse = name.endsWith('.lock') || name.includes('.lock.') ? undefined : await timeOf(path);
      if (lastUse === undefined) continue;
      const key = `${basename(parent)}/${name}`;
      const known = this.#measured.get(key) ?? (await memory.get(key));
      let size = known?.used === lastUse ? known.size : undefined;
      if (size === undefined) {
        size = await treeSize(path, signal);
        this.#measured.set(key, { used: lastUse, size });
        // A full disk, of all, is no reason not to look at it.
        if (lastUse < keepFrom) await memory.append(key, { used: lastUse, size }).catch(() => {});
      }
      found.push({ name, path, size, lastUse });
    }
    return found;
  }

  /** Hex digits of the layers of images, and of the stacks that they form: what unpacked layers are named for. */
  async #layersOf(reached: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const hex of reached) {
      const path = this.#store.paths.blob(digestFromHex(hex));
      const size = await orGone(stat(path), path);
      if (size === undefined || size.size > LARGEST_DOCUMENT) continue;
      const diffIDs = Layered.safeParse(await jsonIn(path)).data?.rootfs.diff_ids ?? [];
      for (const id of [...diffIDs, ...chainIDsOf(diffIDs)]) found.add(hexOf(id));
    }
    return found;
  }
}

interface File {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly lastUse: number;
}

/** What of the configuration of an image tells its layers. */
const Layered = z.object({ rootfs: z.object({ diff_ids: z.array(DiffID) }) });

const Identity = z.object({ id: z.string() });

/** The id that a Dockerfile gives a cache mount. */
async function idOf({ name, path }: File): Promise<string> {
  return Identity.safeParse(await jsonIn(join(path, 'identity.json'))).data?.id ?? name;
}

async function timeOf(path: string): Promise<number | undefined> {
  return (await orGone(stat(path), path))?.mtimeMs;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await orGone(readdir(directory), directory)) ?? [];
}
