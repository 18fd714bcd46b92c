import type { EntryType } from './entry-type.ts';

/** The unit of a tar: headers are one block, bodies are padded to whole ones. */
export const BLOCK = 512;

/** One entry of a tar as it was written: names are not to be trusted. */
export interface TarHeader {
  readonly type: EntryType;
  /** As stored; directories mostly end in a slash. */
  readonly name: string;
  /** Target of a symlink, first name of a hard link; empty for others. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number;
  /** Whole seconds since the epoch; fractions are dropped. */
  readonly mtime: number;
  /** 0 for all but devices. */
  readonly devMajor: number;
  readonly devMinor: number;
  /** Extended attributes by full name, values in base64; absent when there are none. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

/** Position and length of each field of a header block, in bytes. */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  devMajor: [329, 8],
  devMinor: [337, 8],
  prefix: [345, 155],
} as const;

/** `ustar`, a NUL and the version `00`: POSIX. GNU's is `ustar  ` and a NUL; what has neither is of the time before. */
export const USTAR_MAGIC = 'ustar\x0000';

/** Bytes of zeros between a body of `size` bytes and the next block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
