import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { RemoteSource } from '../dockerfile/remote-source.ts';
import { decompressArchive, detectArchive } from '../layer/detect.ts';
import { removeTree } from '../remove-tree.ts';
import { FailureError } from '../result.ts';
import type { RecordLog } from '../store/record-log.ts';
import type { Store } from '../store/store.ts';
import { readTar } from '../tar/read.ts';
import type { GitRepositories } from './git-repositories.ts';
import type { HttpFiles } from './http-files.ts';
import type { RemotePin } from './remote-pin.ts';

/** How old sources of ADD are: what SOURCE_DATE_EPOCH is where it names one. */
export class RemoteTimes {
  readonly #store: Store;
  readonly #files: HttpFiles;
  readonly #repositories: GitRepositories;
  /** Of commits. */
  readonly #commits: RecordLog<number>;

  constructor(store: Store, sources: { readonly files: HttpFiles; readonly repositories: GitRepositories }) {
    this.#store = store;
    this.#files = sources.files;
    this.#repositories = sources.repositories;
    this.#commits = store.records('commit-times', z.number());
  }

  /**
   * Seconds since 1970: when it was committed, or changed as its server says, or, of an archive without that, the time of its newest file;
   * undefined where nothing says one. Throws as fetching does.
   */
  async of(source: RemoteSource, pin: RemotePin, signal: AbortSignal): Promise<number | undefined> {
    if (source.type === 'git' && pin.type === 'git') {
      const known = await this.#commits.get(pin.commit);
      if (known !== undefined) return known;
      const directory = this.#store.session.tempPath('commit');
      try {
        const whole = { ...source, submodules: false };
        const time = await this.#repositories.checkout(whole, { commit: pin.commit, directory }, signal);
        await this.#commits.append(pin.commit, time);
        return time;
      } finally {
        await removeTree(directory);
      }
    }
    if (source.type !== 'http' || pin.type !== 'http') return undefined;
    if (pin.modified !== 0) return pin.modified;
    return await newestIn(await this.#files.path(source, pin, signal), signal);
  }
}

/** The time of the newest file in an archive; undefined for what is none, and for one without files. */
export async function newestIn(path: string, signal: AbortSignal): Promise<number | undefined> {
  const compression = await detectArchive(() => createReadStream(path), signal);
  if (compression === undefined) return undefined;
  let newest: number | undefined;
  try {
    for await (const { header } of readTar(decompressArchive(createReadStream(path), compression, signal))) {
      if (header.type === 'file' && header.mtime > (newest ?? Number.NEGATIVE_INFINITY)) newest = header.mtime;
    }
  } catch (error) {
    // Whoever unpacks it says what is wrong with it.
    if (error instanceof FailureError) return undefined;
    throw error;
  }
  return newest;
}
