import { createHash } from 'node:crypto';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/store.ts';
import type { ExecMount } from './op-definition.ts';

type CacheMountOp = Extract<ExecMount, { readonly type: 'cache' }>;

/**
 * A directory that outlives builds, for one step. `shared`: as many writers as there are. `locked`: one after the
 * other, across processes. `private`: a fresh directory while another step uses the cache.
 */
export class CacheMount implements AsyncDisposable {
  readonly directory: string;
  readonly #release: () => Promise<void>;

  private constructor(directory: string, release: () => Promise<void>) {
    this.directory = directory;
    this.#release = release;
  }

  static async open(
    options: { readonly mount: CacheMountOp; readonly seed?: string | undefined; readonly store: Store },
    signal: AbortSignal,
  ): Promise<CacheMount> {
    const { mount, seed, store } = options;
    const name = createHash('sha256').update(mount.id).digest('hex').slice(0, 32);
    const directory = join(store.paths.cacheMounts, name);
    if (mount.sharing === 'shared') {
      await create(directory, mount, seed);
      return new CacheMount(directory, async () => {});
    }
    const wait = mount.sharing === 'locked';
    const lock = await store.lock(`cache-mount-${name}`, { wait }, signal);
    if (!lock) {
      const own = await mkdtemp(join(store.session.path, 'cache-mount-'));
      await create(own, mount, seed);
      return new CacheMount(own, () => rm(own, { recursive: true, force: true }));
    }
    try {
      await create(directory, mount, seed);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return new CacheMount(directory, () => lock.release());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }
}

/** Makes the directory if it is not there, with the owner and mode asked for, and fills it from the seed if it is empty. */
async function create(directory: string, mount: CacheMountOp, seed: string | undefined): Promise<void> {
  const made = await mkdir(directory, { recursive: true });
  const isEmpty = (await readdir(directory)).length === 0;
  if (made !== undefined || isEmpty) {
    await chown(directory, mount.uid, mount.gid);
    await chmod(directory, mount.mode);
  }
  if (isEmpty && seed !== undefined) await cp(seed, directory, { recursive: true, preserveTimestamps: true });
}
