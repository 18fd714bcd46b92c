import { createHash } from 'node:crypto';
import { chmod, chown, lutimes, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryEntry } from '../../layer/layer-entry.ts';
import { fileTime } from '../../layer/unpack.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError, failuresOf } from '../../result.ts';
import { Lock } from '../../store/lock.ts';
import { copyOut } from '../snapshot/copy-out.ts';
import { chainOf, type Snapshot } from '../snapshot/snapshot.ts';
import { cacheOwnerRefused } from './failure.ts';
import type { ExecMount, StepOrigin } from './op-definition.ts';
import type { RunnerServices } from './runner-services.ts';

/** Milliseconds; a step of another build may use a locked cache for long. */
const MAX_WAIT = 3_600_000;

/** The mounts of an exec operation that keep their files between builds. */
export type CacheMountOp = Extract<ExecMount, { readonly type: 'cache' }>;

/** The directory that a cache starts with. */
export interface CacheSeed {
  readonly snapshot: Snapshot;
  /** As asked for. */
  readonly source: string;
  /** What is there, links followed. */
  readonly directory: DirectoryEntry;
}

/** One such mount, and what a new cache starts with. */
export interface CacheMountOptions {
  readonly mount: CacheMountOp;
  readonly seed: CacheSeed | undefined;
  readonly services: RunnerServices;
  readonly origin: StepOrigin | undefined;
  /** One step at a time has it, in whatever way it is shared: it is moved, and not mounted. */
  readonly isMoved: boolean;
}

/**
 * What a cache is known by: its id, the owner and mode it was asked to have, and what it started with. Whoever asks for
 * another of these gets another cache (ADR 0013), and so does whoever has other ids on disk (`owners`, the name of a `DiskOwners`).
 * How it is shared and where it is mounted makes no other.
 */
export function cacheIdentity(mount: CacheMountOp, seed: CacheSeed | undefined, owners = ''): string {
  const { id } = mount;
  const own = { mode: mount.mode ?? null, uid: mount.uid ?? null, gid: mount.gid ?? null };
  const from = seed === undefined ? null : { chain: chainOf(seed.snapshot) ?? '', source: seed.source };
  return JSON.stringify({ schema: 'cip.cache-mount/v2', id, ...own, from, ...(owners !== '' && { owners }) });
}

/**
 * A directory that outlives builds, for one step. `shared`: as many writers as there are. `locked`: one after the
 * other, across processes. `private`: a fresh directory while another step uses the cache.
 */
export class CacheMount implements AsyncDisposable {
  readonly directory: string;
  readonly #release: () => Promise<void>;

  private constructor(place: string, release: () => Promise<void>) {
    this.directory = join(place, CONTENT);
    this.#release = release;
  }

  static async open(options: CacheMountOptions, signal: AbortSignal): Promise<CacheMount> {
    const { mount, seed, services } = options;
    const { store } = services;
    const sharing = options.isMoved && mount.sharing === 'shared' ? 'locked' : mount.sharing;
    // Where it is moved it is not where others look for it.
    const owners = [services.layers.owners.name, ...services.isolationWords].filter((name) => name !== '');
    const identity = cacheIdentity(mount, seed, owners.join(', '));
    // Caches of the first release were named for their id alone, whatever they held: they are not looked at again.
    const place = join(
      store.paths.cacheMounts,
      `2-${createHash('sha256').update(identity).digest('hex').slice(0, 32)}`,
    );
    if (sharing === 'shared') {
      await ensure({ place, identity }, options, signal);
      return new CacheMount(place, async () => {});
    }
    const wait = sharing === 'locked' ? MAX_WAIT : 0;
    const release = await new Lock(`${place}.lock`, { timeout: wait }).acquire(signal).catch((error: unknown) => {
      const isBusy = failuresOf(error)?.some(({ reason }) => reason === 'lock-timeout');
      if (isBusy && sharing === 'private') return undefined;
      throw error;
    });
    if (!release) {
      const own = await make(identity, options, signal);
      return new CacheMount(own, () => removeTree(own));
    }
    try {
      await ensure({ place, identity }, options, signal);
    } catch (error) {
      await release();
      throw error;
    }
    return new CacheMount(place, release);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }
}

/** What is mounted, in the directory of a cache. */
const CONTENT = 'content';

/** A cache is filled where nobody sees it and appears whole: of several who make one at once, the first is right. */
async function ensure(
  { place, identity }: { readonly place: string; readonly identity: string },
  options: CacheMountOptions,
  signal: AbortSignal,
): Promise<void> {
  const { claims } = options.services.store;
  const isThere = async () => (await claims.claim(place)) !== undefined && (await isDirectory(join(place, CONTENT)));
  if (await isThere()) return;
  const made = await make(identity, options, signal);
  // Never empty, so that it takes the place of none that is there.
  if (await moved(made, place)) return;
  if (await isThere()) return removeTree(made);
  // Somebody removed the content by hand: what is left is in the way.
  const rest = options.services.store.session.tempPath('cache-mount');
  await moved(place, rest);
  await removeTree(rest);
  if (!(await moved(made, place))) await removeTree(made);
}

/** false where something is there already, or nothing is to be moved any more. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
    return false;
  }
}

/** A finished cache among what is temporary. */
async function make(identity: string, options: CacheMountOptions, signal: AbortSignal): Promise<string> {
  const { mount, seed, services } = options;
  const place = await services.layers.workplace('cache-mount');
  const content = join(place, CONTENT);
  await mkdir(content, { recursive: true });
  try {
    await writeFile(join(place, 'identity.json'), `${identity}\n`);
    // What is asked for is for a directory that is made: one that is taken from elsewhere stays as it is there.
    const { mode = 0o755, uid = 0, gid = 0 } = seed?.directory ?? mount;
    if (seed !== undefined)
      await copyOut(
        services.layers,
        { from: { snapshot: seed.snapshot, path: seed.directory.path }, into: content },
        signal,
      );
    if (services.layers.owners.areKept) await giveTo(content, { uid, gid }, options);
    await chmod(content, mode);
    if (seed !== undefined) await lutimes(content, fileTime(seed.directory.mtime), fileTime(seed.directory.mtime));
    return place;
  } catch (error) {
    await removeTree(place);
    throw error;
  }
}

async function giveTo(
  content: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
  { mount, origin }: CacheMountOptions,
): Promise<void> {
  try {
    await chown(content, uid, gid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'EPERM') throw error;
    throw new FailureError(cacheOwnerRefused(mount.target, `${uid}:${gid}`, origin), { cause: error });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
