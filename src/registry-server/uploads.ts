import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import { Upload } from './upload.ts';

/** Of uploads that nobody goes on with, in milliseconds. */
const abandonedAfter = 7 * 24 * 60 * 60 * 1000;
const idGrammar = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Uploads under way. They outlive the server: what was received is on disk, and is hashed again when the client comes
 * back after a restart.
 *
 *     <storage>/uploads/<id>/
 *     ├── repository      the name of the repository it was begun in
 *     └── data            the bytes received
 */
export class Uploads {
  readonly #root: string;
  readonly #store: Store;
  /** Promises, so that two requests never resume the same one twice. */
  readonly #known = new Map<string, Promise<Upload | undefined>>();

  constructor(root: string, store: Store) {
    this.#root = root;
    this.#store = store;
  }

  async start(repository: string): Promise<Upload> {
    const id = randomUUID();
    // Renamed into place whole: a directory without a repository never shows.
    const temp = this.#store.session.tempPath('upload');
    await mkdir(temp);
    await writeFile(join(temp, 'data'), '');
    await writeFile(join(temp, 'repository'), repository);
    await rename(temp, join(this.#root, id));
    const upload = Upload.resume({ id, repository, file: join(this.#root, id, 'data') });
    this.#known.set(id, upload);
    return upload;
  }

  /** undefined for one of another repository too. */
  async find(id: string, repository: string): Promise<Upload | undefined> {
    if (!idGrammar.test(id)) return undefined;
    const known = this.#known.get(id) ?? this.#resume(id);
    this.#known.set(id, known);
    const upload = await known;
    if (upload === undefined) this.#known.delete(id);
    return upload?.repository === repository ? upload : undefined;
  }

  /** Moves the bytes into the store, under their digest. */
  async finish(upload: Upload): Promise<void> {
    await this.#store.blobs.adopt(upload.file, { digest: upload.digest(), size: upload.size });
    await this.cancel(upload);
  }

  async cancel(upload: Upload): Promise<void> {
    this.#known.delete(upload.id);
    await rm(join(this.#root, upload.id), { recursive: true, force: true });
  }

  /** Removes those nobody has gone on with for a week, and what a kill has left of others. Before any request. */
  async sweep(): Promise<void> {
    const now = await this.#store.session.now();
    for (const id of await readdir(this.#root)) {
      const touched = await stat(join(this.#root, id, 'data')).catch(() => undefined);
      if (touched !== undefined && now - touched.mtimeMs <= abandonedAfter) continue;
      await rm(join(this.#root, id), { recursive: true, force: true });
    }
  }

  async #resume(id: string): Promise<Upload | undefined> {
    try {
      const repository = await readFile(join(this.#root, id, 'repository'), 'utf8');
      return await Upload.resume({ id, repository, file: join(this.#root, id, 'data') });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
