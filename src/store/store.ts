import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { z } from 'zod';
import { FailureError } from '../result.ts';
import { replaceFile } from './atomic-file.ts';
import { BlobStore } from './blob.ts';
import { Claims } from './claims.ts';
import { explained, notAStore, storeVersionUnknown, systemErrorCode } from './failure.ts';
import { IndexFiles } from './index-files.ts';
import { Lock, type LockOptions } from './lock.ts';
import { type StorePaths, storePaths } from './paths.ts';
import { RecordLog } from './record-log.ts';
import { Refs } from './refs.ts';
import { Session, sweep } from './session.ts';
import { emptyTrash } from './trash.ts';

/** How a store is opened by a worker, and by tests that can't wait. */
export interface StoreOptions {
  /** Be a guest in the session of a parent process: nothing is created, swept or removed. */
  readonly session?: { readonly path: string } | undefined;
  /** How long to wait for other processes, in milliseconds. */
  readonly lockTimeout?: number | undefined;
}

/**
 * Everything cip keeps on one machine. Several processes may use it at once, and be killed at any moment.
 *
 *     <root>/
 *     ├── version               "cip store 1"; written last, so that it says that all else is there
 *     ├── lock                  held while names change and while it is decided what is taken away (lock.ts)
 *     ├── taking                held while content is taken away (claims.ts)
 *     ├── images/               an OCI image layout: skopeo and umoci read it as it is
 *     │   ├── oci-layout
 *     │   ├── index.json        full reference → descriptor (refs.ts)
 *     │   └── blobs/sha256/     (blob.ts)
 *     ├── records/<name>.log    key → record lines (record-log.ts)
 *     ├── indexes/<diffID hex>  indexes of layers (index-files.ts)
 *     ├── snapshots/            unpacked layers   ┐ made by renaming finished directories;
 *     ├── cache-mounts/         of RUN --mount    │ the engine knows what is in them
 *     ├── failed-steps/         of --on-fail=keep ┘
 *     ├── sessions/<owner>/     all that is temporary, by running process (session.ts)
 *     └── trash/                what waits to be removed, also by those who need other rights (trash.ts)
 */
export class Store {
  readonly paths: StorePaths;
  readonly session: Session;
  readonly lock: Lock;
  readonly claims: Claims;
  readonly blobs: BlobStore;
  readonly refs: Refs;
  readonly indexes: IndexFiles;
  readonly #logs = new Map<string, RecordLog<never>>();

  private constructor(paths: StorePaths, session: Session, lockOptions: LockOptions) {
    this.paths = paths;
    this.session = session;
    this.lock = new Lock(paths.lock, lockOptions);
    this.claims = new Claims(paths, session, lockOptions);
    this.blobs = new BlobStore(paths, session, this.claims);
    this.refs = new Refs(paths, session, this.lock);
    this.indexes = new IndexFiles(paths, session, this.claims);
  }

  /** `root` is absolute; a store is made there when there is none. What dead processes left is moved to the trash. */
  static async open(root: string, options: StoreOptions = {}, signal: AbortSignal = never): Promise<Store> {
    if (!isAbsolute(root)) throw new Error(`not an absolute path: ${root}`);
    const paths = storePaths(root);
    const locks: LockOptions = options.lockTimeout === undefined ? {} : { timeout: options.lockTimeout };
    if (options.session !== undefined) return new Store(paths, await Session.join(options.session.path), locks);
    if (!(await isMade(paths)) || !existsSync(paths.index)) await make(paths, new Lock(paths.lock, locks), signal);
    else await completed(paths);
    await keepOthersOut(paths);
    const session = await Session.open(paths);
    await sweep(paths, session);
    // The worker is in a pid namespace of its own, from which nobody can tell that a holder is dead: it would wait for long.
    for (const path of [paths.lock, paths.taking]) await new Lock(path, locks).clear();
    return new Store(paths, session, locks);
  }

  /** Always the same object for one name; `value` says which shape its values have. */
  records<T>(name: string, value: z.ZodType<T>): RecordLog<T> {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new Error(`not a name of a record log: ${name}`);
    const known = this.#logs.get(name) as RecordLog<T> | undefined;
    const log = known ?? new RecordLog(join(this.paths.records, `${name}.log`), this.session, value);
    this.#logs.set(name, log as RecordLog<never>);
    return log;
  }

  /**
   * Removes this process's temporary files and what waits in the trash, as far as this process may: files of mapped users
   * are left to the next guest in a user namespace.
   */
  async close(): Promise<void> {
    for (const log of this.#logs.values()) await log.close();
    await this.session.close();
    await emptyTrash(this.paths.trash);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const never = new AbortController().signal;
const version = 'cip store 1';

async function isMade({ root, version: path }: StorePaths): Promise<boolean> {
  try {
    const found = (await readFile(path, 'utf8')).trim();
    if (found !== version) throw new FailureError(storeVersionUnknown(root, found));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw explained(error, path);
  }
}

/** Also completes what a process that was killed has begun. */
async function make(paths: StorePaths, lock: Lock, signal: AbortSignal): Promise<void> {
  try {
    await makeRoot(paths.root);
    await refuseStrangers(paths);
    await makeDirectories(paths);
    await lock.hold(async () => {
      const session = await Session.open(paths);
      const files: [path: string, text: string][] = [
        [paths.ociLayout, '{"imageLayoutVersion":"1.0.0"}'],
        [paths.index, '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'],
        [paths.version, `${version}\n`],
      ];
      for (const [path, bytes] of files) {
        if (!existsSync(path)) await replaceFile({ path, bytes, temp: session.tempPath('new') });
      }
      await session.close();
    }, signal);
  } catch (error) {
    throw explained(error, paths.root);
  }
}

/** Somebody may have removed directories of it to make room. */
async function completed(paths: StorePaths): Promise<void> {
  try {
    await makeDirectories(paths);
  } catch (error) {
    // What is there can be read.
    if (systemErrorCode(error) !== 'EROFS') throw explained(error, paths.root);
  }
}

async function makeDirectories(paths: StorePaths): Promise<void> {
  const { blobs, records, indexes, snapshots, cacheMounts, failedSteps, sessions, trash } = paths;
  for (const directory of [blobs, records, indexes, snapshots, cacheMounts, failedSteps, sessions, trash]) {
    await mkdir(directory, { recursive: true });
  }
}

/**
 * Unpacked files have the modes that their images give them: a setuid program of an image must not be one of this machine,
 * nor its secrets be readable here. Also for stores of cip 0.1.0, which kept nobody out.
 */
async function keepOthersOut({ snapshots, cacheMounts, failedSteps, trash }: StorePaths): Promise<void> {
  for (const directory of [snapshots, cacheMounts, failedSteps, trash]) {
    try {
      const { mode, uid } = await stat(directory);
      if ((mode & 0o077) !== 0 && uid === process.getuid?.()) await chmod(directory, 0o700);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw explained(error, directory);
    }
  }
}

/**
 * Level by level: Node's own recursion never ends where a file system has no place for directories, as in /proc. `mode` of
 * the last: blobs are what images are made of, of private ones as well.
 */
async function makeRoot(root: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(root, { mode });
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST' && (await stat(root)).isDirectory()) return;
    const above = dirname(root);
    if (systemErrorCode(error) !== 'ENOENT' || above === root) throw error;
    await makeRoot(above, 0o777);
    await mkdir(root, { mode }).catch((again: NodeJS.ErrnoException) => {
      // Where there are no directories to make, as in /proc.
      if (again.code === 'ENOENT') again.code = 'ENOTDIR';
      if (again.code !== 'EEXIST') throw again;
    });
  }
}

/** A directory with other things in it was named by mistake. */
async function refuseStrangers(paths: StorePaths): Promise<void> {
  const ours = new Set([
    'version',
    'lock',
    'taking',
    'logs',
    'images',
    'records',
    'indexes',
    'snapshots',
    'cache-mounts',
    'failed-steps',
    'sessions',
    'trash',
    'lost+found',
  ]);
  const stranger = (await readdir(paths.root)).find((name) => !ours.has(name) && !/^(?:lock|taking)\./.test(name));
  if (stranger !== undefined) throw new FailureError(notAStore(paths.root, stranger));
}
