import { attrTools } from './attr-tools.ts';
import { tarXattrs } from './tar-xattrs.ts';
import { isSeenBySteps, isWanted, opaqueXattr, portableXattr, type XattrKind, type Xattrs } from './xattr.ts';
import { perlXattrs, pythonXattrs } from './xattr-script.ts';
import type { RawXattrs, XattrRemoval, XattrTool } from './xattr-tool.ts';

/** What a program said of many paths at once. */
export interface ReadXattrs {
  /** By path; only those that have any of the kinds asked for. */
  readonly byPath: ReadonlyMap<string, Xattrs>;
  readonly besides: OtherXattrs;
  /** Whether some program could read them at all. If not, `byPath` is empty, and the caller has to say so. */
  readonly available: boolean;
}

/** What paths have besides the kinds asked for. */
export interface OtherXattrs {
  /** Whether all could be seen: some programs know no ACLs. */
  readonly areKnown: boolean;
  /** Whether there are any that steps can see. */
  readonly areSeen: boolean;
  /** Paths of directories that overlayfs marked as hiding what is below. */
  readonly opaque: readonly string[];
}

/** In the order in which they are tried. */
const TOOLS: readonly XattrTool[] = [attrTools, perlXattrs, pythonXattrs, tarXattrs];

const unknownOthers: OtherXattrs = { areKnown: false, areSeen: false, opaque: [] };

/**
 * Extended attributes of paths below `root`, links not followed: by the first of TOOLS that this machine has. File
 * systems without attributes have none. Throws FailureError.
 */
export async function readXattrs(
  root: string,
  { paths, kinds }: { readonly paths: readonly string[]; readonly kinds: readonly XattrKind[] },
  signal: AbortSignal,
): Promise<ReadXattrs> {
  if (paths.length === 0) return { byPath: new Map(), besides: { ...unknownOthers, areKnown: true }, available: true };
  if (kinds.length === 0) return { byPath: new Map(), besides: unknownOthers, available: true };
  for (const tool of TOOLS) {
    const all = await tool.read(root, paths, signal);
    if (all === undefined) continue;
    const besides = { ...othersOf(all, kinds), areKnown: tool.seesAll };
    return { byPath: wanted(all, kinds), besides, available: true };
  }
  return { byPath: new Map(), besides: unknownOthers, available: false };
}

function othersOf(all: RawXattrs, kinds: readonly XattrKind[]): Omit<OtherXattrs, 'areKnown'> {
  const opaque: string[] = [];
  let areSeen = false;
  for (const [path, xattrs] of all) {
    for (const name of xattrs.keys()) {
      if (name === opaqueXattr) opaque.push(path);
      else if (isSeenBySteps(name) && !isWanted(name, kinds)) areSeen = true;
    }
  }
  return { areSeen, opaque };
}

function wanted(all: RawXattrs, kinds: readonly XattrKind[]): Map<string, Xattrs> {
  const byPath = new Map<string, Xattrs>();
  for (const [path, xattrs] of all) {
    const kept = [...xattrs]
      .filter(([name]) => isWanted(name, kinds))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, portableXattr(name, value).toString('base64')] as const);
    if (kept.length > 0) byPath.set(path, Object.fromEntries(kept));
  }
  return byPath;
}

/**
 * Sets extended attributes of paths below `root`, links not followed. Returns the paths that did not get all of theirs:
 * there is no program, the file system has none, or this user may not. Throws FailureError.
 */
export async function writeXattrs(
  root: string,
  byPath: ReadonlyMap<string, Xattrs>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (byPath.size === 0) return [];
  for (const tool of TOOLS) {
    const skipped = await tool.write?.(root, byPath, signal);
    if (skipped !== undefined) return skipped;
  }
  return [...byPath.keys()];
}

/** Takes one attribute from paths below `root`. Returns false where some may still have it. Throws FailureError. */
export async function removeXattr(root: string, removal: XattrRemoval, signal: AbortSignal): Promise<boolean> {
  if (removal.paths.length === 0) return true;
  for (const tool of TOOLS) {
    const removed = await tool.remove?.(root, removal, signal);
    if (removed !== undefined) return removed;
  }
  return false;
}
