import type { Xattrs } from './xattr.ts';

/** Attributes by name, by path. */
export type RawXattrs = Map<string, Map<string, Buffer>>;

/** Paths below a directory, and one attribute that they are to lose. */
export interface XattrRemoval {
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * A program that reads and sets extended attributes of paths below `root`, links not followed, since Node cannot.
 * Each returns undefined where there is no such program, or it cannot; then nothing has been done.
 */
export interface XattrTool {
  /** Whether it names all attributes that there are: some know no ACLs. */
  readonly seesAll: boolean;
  /** Those of file systems without attributes, and of paths that are gone, are none. Throws FailureError. */
  readonly read: (root: string, paths: readonly string[], signal: AbortSignal) => Promise<RawXattrs | undefined>;
  /** Returns the paths that did not get all of theirs: the file system has none, or this user may not. */
  readonly write?: (
    root: string,
    byPath: ReadonlyMap<string, Xattrs>,
    signal: AbortSignal,
  ) => Promise<readonly string[] | undefined>;
  /** Whether none of them has it any more. */
  readonly remove?: (root: string, removal: XattrRemoval, signal: AbortSignal) => Promise<boolean | undefined>;
}

/** Bytes of paths per call: a fraction of what the kernel takes as arguments. */
const BATCH = 512 * 1024;

/** The paths in their order, as many at a time as fit into one command line. */
export function* inBatches(paths: readonly string[]): Generator<readonly string[], void, undefined> {
  let batch: string[] = [];
  let length = 0;
  for (const path of paths) {
    length += Buffer.byteLength(path) + 9;
    if (length > BATCH) {
      yield batch;
      batch = [];
      length = Buffer.byteLength(path) + 9;
    }
    batch.push(path);
  }
  if (batch.length > 0) yield batch;
}
