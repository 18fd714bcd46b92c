import { createHash } from 'node:crypto';
import { chmod, chown, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failuresOf } from '../../result.ts';
import { Lock } from '../../store/lock.ts';
import type { Store } from '../../store/store.ts';
import type { ExecMount } from './op-definition.ts';

/** Milliseconds; a step of another build may use a locked cache for long. */
const MAX_WAIT = 3_600_000;

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
    const wait = mount.sharing === 'locked' ? MAX_WAIT : 0;
    const release = await new Lock(`${directory}.lock`, { timeout: wait }).acquire(signal).catch((error: unknown) => {
      const isBusy = failuresOf(error)?.some(({ reason }) => reason === 'lock-timeout');
      if (isBusy && mount.sharing === 'private') return undefined;
      throw error;
    });
    if (!release) {
      const own = store.session.tempPath('cache-mount');
      await create(own, mount, seed);
      return new CacheMount(own, () => rm(own, { recursive: true, force: true }));
    }
    try {
      await create(directory, mount, seed);
    } catch (error) {
      await release();
      throw error;
    }
    return new CacheMount(directory, release);
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
