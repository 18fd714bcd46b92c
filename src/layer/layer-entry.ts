import type { Digest } from '../oci/digest.ts';

interface Named {
  /**
   * Relative to the root of the file system: no leading or trailing slash, no `.` or `..`. Not empty in a layer; only
   * the root of a `Tree` has ''.
   */
  readonly path: string;
}

interface Owned extends Named {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  /** Extended attributes by full name (`security.capability`); absent when there are none. Values in base64. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
}

/** A regular file; further names of it are entries of type `hardlink`. */
export interface FileEntry extends Owned {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** Of the content. */
  readonly digest: Digest;
}
/** Also one that a layer only mentions to change its mode or owner. */
export interface DirectoryEntry extends Owned {
  readonly type: 'directory';
}
/** A link that nobody follows while a layer is read or written. */
export interface SymlinkEntry extends Owned {
  readonly type: 'symlink';
  /** As stored: relative or absolute. */
  readonly target: string;
}
/** A second name of a file of the same layer, or of a file of a lower one. Metadata is that of the file. */
export interface HardlinkEntry extends Named {
  readonly type: 'hardlink';
  /** Path of the first name, in the form of `path`. */
  readonly target: string;
}
/** A named pipe: it has no content, and is never opened. */
export interface FifoEntry extends Owned {
  readonly type: 'fifo';
}
/** A device by its numbers; made on disk only where this process may. */
export interface DeviceEntry extends Owned {
  readonly type: 'char-device' | 'block-device';
  readonly major: number;
  readonly minor: number;
}
/** `path` of the layers below is gone. Written as `.wh.<name>`. */
export interface WhiteoutEntry extends Named {
  readonly type: 'whiteout';
}
/** Everything below `path` in the layers below is gone. `path` may be '': the root. Read, never written. */
export interface OpaqueEntry extends Named {
  readonly type: 'opaque';
}

/** What exists in a tree: everything but the marks of absence. */
export type NodeEntry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry | FifoEntry | DeviceEntry;

/** One entry of a layer, as the tar has it. */
export type LayerEntry = NodeEntry | WhiteoutEntry | OpaqueEntry;

/** All entries of one layer in the order of its tar: everything but the contents of files. */
export type LayerIndex = readonly LayerEntry[];
