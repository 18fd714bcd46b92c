import { createHash, hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  openSync,
  symlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { type DiffID, type Digest, digestFromHex } from '../oci/digest.ts';
import type { LayerCompression } from '../oci/media-type.ts';
import { FailureError } from '../result.ts';
import type { TarBody } from '../tar/read.ts';
import { decompress } from './compression.ts';
import { writeXattrs } from './disk-xattrs.ts';
import { linkTargetMissing, unpackFailed } from './failure.ts';
import { digesting, type IndexedLayer, verifiedDiffID } from './index-layer.ts';
import type {
  DeviceEntry,
  DirectoryEntry,
  FifoEntry,
  FileEntry,
  HardlinkEntry,
  LayerEntry,
  LayerIndex,
  SymlinkEntry,
} from './layer-entry.ts';
import { type LayerRecord, readLayer } from './layer-reader.ts';
import type { PathState } from './path-states.ts';
import { scopedPath } from './scoped-path.ts';
import { Tree } from './tree.ts';
import { UnpackDirectory } from './unpack-directory.ts';
import { applyMarks, expandMarks } from './unpack-marks.ts';
import { UnpackSpecials } from './unpack-specials.ts';
import type { Xattrs } from './xattr.ts';

/** What a layer is known to be, and how much of it can be made on this disk. */
export type UnpackOptions = {
  /** 'none' unless given. */
  readonly compression?: LayerCompression | undefined;
  /** What the tar inside has to be. */
  readonly diffID?: DiffID | undefined;
  /** Whether files get the owners of the layer, or stay with who unpacks. */
  readonly owner: 'preserve' | 'ignore';
  readonly xattrs: 'apply' | 'skip';
  /** Called when all of the layer is read and is the one expected, before the layers below are asked for. */
  readonly onIndexed?: ((index: LayerIndex) => void) | undefined;
} & (
  | {
      /** A directory for overlayfs: what is deleted becomes a device 0/0. The directory is empty before. */
      readonly whiteouts: 'overlay';
      /** The layers below; asked for at the end, and only if what they have makes a difference. */
      readonly lower: Tree | (() => Promise<Tree>);
    }
  | {
      /** A whole root file system with the layers below in it: what is deleted is removed. */
      readonly whiteouts: 'apply';
    }
);

/** What was unpacked, and what of it the disk does not have. */
export interface UnpackedLayer extends IndexedLayer {
  /** Paths of devices that this user may not make: in the index, but not on disk. */
  readonly devicesSkipped: readonly string[];
  /** Paths that did not get all of their extended attributes. */
  readonly xattrsSkipped: readonly string[];
}

/**
 * Unpacks a layer into the existing directory `into` (absolute), and never writes outside it, whatever the layer
 * says. Metadata is exact to the second; that of directories is set after all else. `into` itself is left as it is.
 * After a failure `into` is to be thrown away. Throws FailureError.
 */
export async function unpackLayer(
  { tar, into }: { readonly tar: AsyncIterable<Uint8Array>; readonly into: string },
  options: UnpackOptions,
  signal: AbortSignal,
): Promise<UnpackedLayer> {
  const unpacking = new Unpacking(into, options);
  const tarHash = createHash('sha256');
  for await (const record of readLayer(digesting(decompress(tar, options.compression ?? 'none'), tarHash))) {
    signal.throwIfAborted();
    await unpacking.add(record);
  }
  const diffID = verifiedDiffID(tarHash, options.diffID);
  options.onIndexed?.(unpacking.index);
  const skipped = await unpacking.finish(signal);
  return { diffID, index: unpacking.index, ...skipped };
}

/** Up to here a file is written at once. */
const SMALL = 1024 * 1024;

/** Entries that are put into a directory one by one; `finish` sets what is to be set after all else. Throws FailureError. */
export class Unpacking {
  readonly index: LayerEntry[] = [];
  readonly #into: string;
  readonly #options: UnpackOptions;
  readonly #directory: UnpackDirectory;
  readonly #specials: UnpackSpecials;

  constructor(into: string, options: UnpackOptions) {
    this.#into = into;
    this.#options = options;
    this.#directory = new UnpackDirectory(into);
    this.#specials = new UnpackSpecials(this.#directory);
  }

  async add({ entry, body }: LayerRecord): Promise<void> {
    if (entry.type === 'file') this.index.push({ ...entry, digest: await this.#file(entry, body) });
    else {
      attempt(entry.path, () => this.#make(entry));
      this.index.push(entry);
    }
  }

  async finish(signal: AbortSignal) {
    const devicesSkipped = await this.#specials.make((entry) => this.#setMetadata(entry), signal);
    for (const path of devicesSkipped) this.#directory.find(path)!.xattrs = undefined;
    const lower = await this.#lower(devicesSkipped);
    if (lower === undefined) applyMarks(this.index, this.#directory);
    else await expandMarks(this.index, { directory: this.#directory, lower, skipped: devicesSkipped }, signal);
    const { directories, xattrs } = this.#final(lower);
    const xattrsSkipped =
      this.#options.xattrs === 'apply' ? await writeXattrs(this.#into, xattrs, signal) : [...xattrs.keys()];
    for (const directory of directories) this.#setMetadata(directory);
    this.#directory.restoreTimes();
    return { devicesSkipped, xattrsSkipped };
  }

  /** undefined where the layers below are in the directory; the empty tree where they make no difference. */
  async #lower(skipped: readonly string[]): Promise<Tree | undefined> {
    if (this.#options.whiteouts === 'apply') return undefined;
    const { lower } = this.#options;
    if (typeof lower !== 'function') return lower;
    const matters = ({ type }: LayerEntry) => type === 'whiteout' || type === 'opaque';
    return this.#directory.hasImplicit || skipped.length > 0 || this.index.some(matters) ? lower() : Tree.empty;
  }

  #make(entry: Exclude<LayerRecord['entry'], { readonly type: 'file' }>): void {
    if (entry.type === 'whiteout' || entry.type === 'opaque') return;
    if (entry.type === 'hardlink') {
      this.#hardlink(entry);
      return;
    }
    const state =
      entry.type === 'directory'
        ? this.#directory.make(entry)
        : entry.type === 'symlink'
          ? this.#symlink(entry)
          : this.#specials.add(entry);
    state.xattrs = entry.xattrs;
  }

  async #file(entry: Omit<FileEntry, 'digest'>, body: TarBody): Promise<Digest> {
    const { path } = entry;
    const whole = entry.size <= SMALL ? (body.bytesNow() ?? (await body.bytes())) : undefined;
    const { state, created: descriptor } = attempt(path, () =>
      this.#directory.place(path, (free) => openSync(free, 'wx', 0o600)),
    );
    state.xattrs = entry.xattrs;
    try {
      const digest =
        whole === undefined
          ? await writeBody(path, descriptor, body)
          : attempt(path, () => writeWhole(descriptor, whole));
      attempt(path, () => this.#finishFile(descriptor, entry));
      return digest;
    } finally {
      closeSync(descriptor);
    }
  }

  #finishFile(descriptor: number, entry: Omit<FileEntry, 'digest'>): void {
    if (this.#options.owner === 'preserve') fchownSync(descriptor, entry.uid, entry.gid);
    // After chown, which takes setuid away.
    fchmodSync(descriptor, entry.mode);
    futimesSync(descriptor, fileTime(entry.mtime), fileTime(entry.mtime));
  }

  #symlink(entry: SymlinkEntry): PathState {
    const { state, created } = this.#directory.place(entry.path, (free) => {
      symlinkSync(entry.target, free);
      return free;
    });
    if (this.#options.owner === 'preserve') lchownSync(created, entry.uid, entry.gid);
    lutimesSync(created, fileTime(entry.mtime), fileTime(entry.mtime));
    return state;
  }

  #hardlink(entry: HardlinkEntry): void {
    const { path, target } = entry;
    if (this.#specials.addLink(entry)) return;
    if (!this.#directory.hasFile(target)) throw new FailureError(linkTargetMissing(path, target));
    this.#directory.place(path, (file) => linkSync(scopedPath(this.#into, target), file));
  }

  /** Directories, children before parents, and attributes. What no entry describes is as it is below, if a directory. */
  #final(lower: Tree | undefined) {
    const directories: DirectoryEntry[] = [];
    const xattrs = new Map<string, Xattrs>();
    for (const { path, state } of this.#directory.all()) {
      const below = state.isImplicit === true ? lower?.lookup(path)?.entry : undefined;
      const directory = below?.type === 'directory' ? below : state.directory;
      if (directory !== undefined) directories.push(directory);
      const own = directory === below ? (below?.xattrs ?? state.xattrs) : state.xattrs;
      if (own !== undefined) xattrs.set(path, own);
    }
    return { directories: directories.reverse(), xattrs };
  }

  #setMetadata({ path, uid, gid, mode, mtime }: DirectoryEntry | FifoEntry | DeviceEntry): void {
    const file = scopedPath(this.#into, path);
    attempt(path, () => {
      if (this.#options.owner === 'preserve') lchownSync(file, uid, gid);
      chmodSync(file, mode);
      lutimesSync(file, fileTime(mtime), fileTime(mtime));
    });
  }
}

function writeWhole(descriptor: number, bytes: Buffer): Digest {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  return digestFromHex(hash('sha256', bytes, 'hex'));
}

/** Each chunk is hashed while it is written. */
async function writeBody(path: string, descriptor: number, body: TarBody): Promise<Digest> {
  const contentHash = createHash('sha256');
  for await (const chunk of body) {
    const writing = writeAll(path, descriptor, chunk);
    contentHash.update(chunk);
    await writing;
  }
  return digestFromHex(contentHash.digest('hex'));
}

async function writeAll(path: string, descriptor: number, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.length; ) at += (await writeChunk(descriptor, chunk, at)).bytesWritten;
  } catch (error) {
    throw explained(path, error);
  }
}

const writeChunk = promisify(write);

/** Failures of the disk get the path of the entry; those of the stream it comes from are none of its own. */
function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code !== 'string' || cause instanceof FailureError) return cause;
  return new FailureError(unpackFailed(path, code, hints.get(code)), { cause });
}

const hints: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'free some space, or put the store on another disk'],
  ['EDQUOT', 'free some space, or put the store on another disk'],
  ['EFBIG', 'files may not be that big here: see ulimit -f, or put the store on another disk'],
  [
    'EPERM',
    'the owner of the file cannot be set: give this user a range in /etc/subuid and /etc/subgid, or run as root',
  ],
  [
    'EINVAL',
    'the owner of the file is not in the range of this user: give it a greater one in /etc/subuid and /etc/subgid',
  ],
  ['ENAMETOOLONG', 'the file system of the store allows shorter names only'],
]);

/** Whole seconds for `utimes`, which takes a negative number for the present. */
export function fileTime(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}
