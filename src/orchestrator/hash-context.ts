import { join } from 'node:path';
import { z } from 'zod';
import type { IgnoreMatcher } from '../dockerfile/dockerignore.ts';
import { Digest } from '../oci/digest.ts';
import { FailureError } from '../result.ts';
import { Semaphore } from '../semaphore.ts';
import type { RecordLog } from '../store/record-log.ts';
import { type ContextEntry, type ContextListing, contextListing } from './context-digest.ts';
import type { ContextFiles, FoundFile } from './context-files.ts';
import { contextChanging } from './failure.ts';

/** Absolute directory → name of a file in it → its stamp when it was hashed, and its digest. */
export const FileDigests = z.record(z.string(), z.tuple([z.string(), Digest]));
export type FileDigests = z.infer<typeof FileDigests>;

export interface HashContextDependencies {
  readonly files: ContextFiles;
  /** Digests of files that were hashed before; written in this process or an earlier one. */
  readonly cache: RecordLog<FileDigests>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Files read at once, of all contexts together. */
const reads = new Semaphore(16);
/** Directories looked at at once. */
const looks = new Semaphore(32);

/**
 * A file that changed less than this many milliseconds before it was hashed is hashed again next time: file systems
 * count time in steps of up to 2 s, so it may have changed once more within the step and look the same.
 */
const settleTime = 2_000;

/** All of a context that counts. A file is read only if it is not the one whose digest is remembered. */
export async function hashContext(
  directory: string,
  filter: IgnoreMatcher,
  dependencies: HashContextDependencies,
  signal: AbortSignal,
): Promise<ContextListing> {
  const entries: ContextEntry[] = [];
  await new ContextWalk(directory, filter, dependencies, entries, signal).visit('');
  return contextListing(entries);
}

class ContextWalk {
  readonly #root: string;
  readonly #filter: IgnoreMatcher;
  readonly #dependencies: HashContextDependencies;
  readonly #entries: ContextEntry[];
  readonly #signal: AbortSignal;

  constructor(
    root: string,
    filter: IgnoreMatcher,
    dependencies: HashContextDependencies,
    entries: ContextEntry[],
    signal: AbortSignal,
  ) {
    this.#root = root;
    this.#filter = filter;
    this.#dependencies = dependencies;
    this.#entries = entries;
    this.#signal = signal;
  }

  /** `path` is relative; empty for the context itself. */
  async visit(path: string): Promise<void> {
    this.#signal.throwIfAborted();
    const directory = join(this.#root, path);
    const found = await looks.run(() => this.#dependencies.files.list(directory));
    const inside = found.map((file) => ({ file, path: path === '' ? file.name : `${path}/${file.name}` }));
    const counted = inside.filter((one) => !this.#filter.excludes(one.path));
    await this.#addFiles(
      directory,
      counted.filter(({ file }) => file.kind === 'file'),
    );
    for (const { file, path } of counted) {
      if (file.kind === 'symlink') {
        const target = await this.#dependencies.files.linkTarget(join(directory, file.name));
        this.#entries.push({ kind: file.kind, path, target });
      } else if (file.kind !== 'file') {
        this.#entries.push({ kind: file.kind, path });
      }
    }
    const entered = inside.filter(
      ({ file, path }) =>
        file.kind === 'directory' && (!this.#filter.excludes(path) || this.#filter.mayContainIncluded(path)),
    );
    await Promise.all(entered.map((one) => this.visit(one.path)));
  }

  async #addFiles(directory: string, files: readonly { readonly file: FoundFile; readonly path: string }[]) {
    if (files.length === 0) return;
    const { cache, now } = this.#dependencies;
    const known = (await cache.get(directory)) ?? {};
    const digests = await Promise.all(
      files.map(async ({ file, path }): Promise<readonly [string, string, Digest] | undefined> => {
        const remembered = known[file.name];
        const isSame = remembered?.[0] === file.stamp;
        const hashed = isSame ? { file, digest: remembered![1] } : await this.#hash(join(directory, file.name), file);
        this.#entries.push({ kind: 'file', path, executable: hashed.file.executable, digest: hashed.digest });
        if (!isSame && now() - hashed.file.changedAt < settleTime) return undefined;
        return [file.name, hashed.file.stamp, hashed.digest];
      }),
    );
    const settled = digests.filter((one) => one !== undefined);
    const isNew = settled.some(([name, stamp]) => known[name]?.[0] !== stamp);
    const next = Object.fromEntries(
      settled.map(([name, stamp, digest]) => [name, [stamp, digest] as [string, Digest]]),
    );
    if (isNew) await cache.append(directory, next);
  }

  /** The file may be written to while it is read: only a digest of what stood still counts. */
  async #hash(path: string, found: FoundFile): Promise<{ readonly file: FoundFile; readonly digest: Digest }> {
    const { files } = this.#dependencies;
    return await reads.run(async () => {
      let before = found;
      for (let attempt = 0; attempt < 3; attempt++) {
        const digest = await files.digest(path, before.size, this.#signal);
        const after = await files.look(path);
        if (after?.stamp === before.stamp) return { file: after, digest };
        if (after === undefined) break;
        before = after;
      }
      throw new FailureError(contextChanging(path));
    });
  }
}
