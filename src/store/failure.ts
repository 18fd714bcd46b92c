import type { Digest } from '../oci/digest.ts';
import { type Failure, FailureError, type FailureShape, type ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly store: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** The file `version` of the store says another number than this program writes: nothing of it is touched. */
export function storeVersionUnknown(root: string, found: string) {
  return {
    reason: 'store-version-unknown',
    message: `the store ${root} was made by another version of cip: its format is "${found}"`,
    hint: 'use the cip that made it, or name another directory with CIP_STORE',
  } as const satisfies FailureShape;
}

/** CIP_STORE names a directory with other things in it, such as `stranger`: prune would remove them. */
export function notAStore(root: string, stranger: string) {
  return {
    reason: 'not-a-store',
    message: `${root} is not a store of cip and not empty: it holds ${stranger}`,
    hint: 'name an empty or a new directory with CIP_STORE',
  } as const satisfies FailureShape;
}

/** A worker was to join the session of its parent process, and that is gone. */
export function sessionMissing(path: string) {
  return {
    reason: 'session-missing',
    message: `the session ${path} is not there: the process that opened it has ended`,
  } as const satisfies FailureShape;
}

/** Of a store that has lost content: what brings it again. Builds take what has a name for done. */
export const damagedHint =
  'cip cache verify --repair says which images lack it, and takes their names away: build or pull those again; and look after the disk';

/** A blob that a manifest or a record names is not in the store; `path` is where it would be. */
export function blobMissing(digest: Digest, path: string) {
  return {
    reason: 'blob-missing',
    message: `the store has no blob ${digest} (${path})`,
    hint: damagedHint,
  } as const satisfies FailureShape;
}

/** Bytes of a blob are not those that its name promises; `images` need it, and `isRemoved` tells whether it is gone now. */
export function blobBroken({
  digest,
  images,
  isRemoved,
}: {
  readonly digest: Digest;
  readonly images: readonly string[];
  readonly isRemoved: boolean;
}) {
  const users = images.length === 0 ? 'no image that has a name needs it' : `needed by ${images.join(', ')}`;
  return {
    reason: 'blob-broken',
    message: `the bytes of the blob ${digest} have changed on disk (${users})${isRemoved ? ': removed' : ''}`,
    hint: isRemoved
      ? 'it is fetched or built again with the images that need it; look after the disk'
      : 'cip cache verify --repair removes it, so that it is fetched or built again; look after the disk',
  } as const satisfies FailureShape;
}

/** An image that has a name is not whole. `isRemoved`: it has lost its names. */
export function imageIncomplete({
  names,
  missing,
  isRemoved,
}: {
  readonly names: readonly string[];
  readonly missing: readonly Digest[];
  readonly isRemoved: boolean;
}) {
  const [first, ...others] = missing;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    reason: 'image-incomplete',
    message: `the store has not all of ${names.join(', ')}: ${first} is missing${more}${isRemoved ? '; the name is removed' : ''}`,
    hint: isRemoved
      ? 'build or pull it again'
      : 'build it again with --no-cache or pull it again; or let cip cache verify --repair take the name away, so that builds make it again',
  } as const satisfies FailureShape;
}

/** `index.json` of the OCI layout is missing or no JSON of an index: without it every image would look nameless. */
export function indexUnreadable(path: string, why: string) {
  return {
    reason: 'index-unreadable',
    message: `${path}, which holds the names of all images, cannot be read: ${why}`,
    hint: 'restore it from a copy; or move it away and write {"schemaVersion":2,"manifests":[]} in its place, which forgets the names and keeps the blobs',
  } as const satisfies FailureShape;
}

/** `holder` describes the process that has the lock, `waited` is in milliseconds. */
export function lockTimeout(path: string, holder: string, waited: number) {
  return {
    reason: 'lock-timeout',
    message: `${path} is held by ${holder} since more than ${Math.round(waited / 1000)} s`,
    hint: 'wait for that process to end, or end it; a lock is given up by itself when its process is gone',
  } as const satisfies FailureShape;
}

/** ENOSPC or EDQUOT at `path`. */
export function diskFull(path: string) {
  return {
    reason: 'disk-full',
    message: `no space left on the disk of ${path}`,
    hint: 'free some space, or set CIP_STORE to a directory on another disk, and run again: what is in the store stays valid',
  } as const satisfies FailureShape;
}

/** EFBIG at `path`: a limit of this process, of a quota or of the file system. */
export function fileTooBig(path: string) {
  return {
    reason: 'file-too-big',
    message: `${path} grew beyond the size that files may have here`,
    hint: 'see ulimit -f; or set CIP_STORE to a directory on another disk: FAT, for one, has no files of 4 GiB and more',
  } as const satisfies FailureShape;
}

/** EROFS at `path`. */
export function storeReadOnly(path: string) {
  return {
    reason: 'store-read-only',
    message: `${path} cannot be written: its file system is mounted read-only`,
    hint: 'name a directory on another disk with CIP_STORE',
  } as const satisfies FailureShape;
}

/** EACCES or EPERM at `path`. */
export function noPermission(path: string) {
  return {
    reason: 'no-permission',
    message: `no permission to use ${path}`,
    hint: 'give it to the user that runs cip (was cip run as root before?), or name another directory with CIP_STORE',
  } as const satisfies FailureShape;
}

/** ENOTDIR: what is above `path` is a file, so CIP_STORE can't be there. */
export function noDirectory(path: string) {
  return {
    reason: 'not-a-store',
    message: `there can be no directory at ${path}`,
    hint: 'name another one with CIP_STORE',
  } as const satisfies FailureShape;
}

const byCode: Readonly<Record<string, (path: string) => Failure>> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EFBIG: fileTooBig,
  EROFS: storeReadOnly,
  EACCES: noPermission,
  EPERM: noPermission,
  ENOTDIR: noDirectory,
};

/** What a person can do something about as a FailureError; anything else as it is. `path` serves where the error names none. */
export function explained(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  const failure = code === undefined ? undefined : byCode[code];
  if (failure === undefined) return error;
  return new FailureError(failure((error as NodeJS.ErrnoException).path ?? path), { cause: error });
}

/** `ENOENT` and the like; undefined for what is not an error of the operating system. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && !(error instanceof FailureError) ? (error as NodeJS.ErrnoException).code : undefined;
}
