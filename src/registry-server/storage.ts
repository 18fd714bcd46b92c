import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { prune } from '../store/prune.ts';
import { Store } from '../store/store.ts';
import { emptyTrash } from '../store/trash.ts';
import { Repository } from './repository.ts';
import { Turns } from './turns.ts';
import { Uploads } from './uploads.ts';

/**
 * All a registry keeps.
 *
 *     <storage>/
 *     ├── lock             held while a registry serves it
 *     ├── content/         a store: the bytes of all repositories, each once
 *     ├── repositories/    which of them belong where (repository.ts)
 *     └── uploads/         blobs on their way in (uploads.ts)
 */
export class Storage {
  readonly store: Store;
  readonly uploads: Uploads;
  /** Changes of one repository's manifests and tags come one after the other. */
  readonly turns = new Turns();
  readonly #repositories: string;

  private constructor(root: string, store: Store) {
    this.store = store;
    this.uploads = new Uploads(join(root, 'uploads'), store);
    this.#repositories = join(root, 'repositories');
  }

  static async open(root: string): Promise<Storage> {
    for (const directory of ['repositories', 'uploads']) await mkdir(join(root, directory), { recursive: true });
    return new Storage(root, await Store.open(join(root, 'content')));
  }

  /** `name` must be one of the grammar. */
  repository(name: string): Repository {
    return new Repository(name, join(this.#repositories, name), this.store);
  }

  /** Names of all repositories, in no order. */
  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    const todo = [''];
    for (let prefix = todo.pop(); prefix !== undefined; prefix = todo.pop()) {
      const entries = await readdir(join(this.#repositories, prefix));
      if (entries.some((entry) => entry === '_blobs' || entry === '_manifests')) names.push(prefix.slice(0, -1));
      todo.push(...entries.filter((entry) => !entry.startsWith('_')).map((entry) => `${prefix}${entry}/`));
    }
    return names;
  }

  /** Removes bytes that no repository needs and uploads nobody goes on with. Only while no request is served. */
  async collectGarbage(signal: AbortSignal): Promise<void> {
    await this.uploads.sweep();
    const roots = new Map<Digest, Descriptor>();
    for (const name of await this.names()) {
      for (const digest of await this.repository(name).contents()) {
        // As plain bytes: what a manifest names is in its repository under a name of its own.
        roots.set(digest, { mediaType: 'application/octet-stream', digest, size: 0 });
      }
    }
    await prune(this.store, { roots: roots.values(), grace: 0 }, signal);
    await emptyTrash(this.store.paths.trash);
  }
}
