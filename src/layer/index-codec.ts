import { digestFromHex, hexOf } from '../oci/digest.ts';
import { failed, ok, type Result } from '../result.ts';
import { indexInvalid } from './failure.ts';
import type { LayerEntry, LayerIndex } from './layer-entry.ts';

/**
 * An index as JSON lines: first `["cip.layer-index/v1", <count>]`, then one array per entry, in order:
 *
 *     ["f", path, mode, uid, gid, mtime, size, hex digest, xattrs?]   file
 *     ["d", path, mode, uid, gid, mtime, xattrs?]                      directory; "p" a FIFO likewise
 *     ["l", path, mode, uid, gid, mtime, target, xattrs?]              symlink
 *     ["c", path, mode, uid, gid, mtime, major, minor, xattrs?]        character device; "b" a block device likewise
 *     ["h", path, target]                                              hard link
 *     ["w", path]                                                      whiteout; "o" an opaque directory likewise
 */
export function serializeIndex(index: LayerIndex): string {
  const lines = index.map((entry) => JSON.stringify(rowOf(entry)));
  return `${JSON.stringify([SCHEMA, index.length])}\n${lines.length === 0 ? '' : `${lines.join('\n')}\n`}`;
}

const SCHEMA = 'cip.layer-index/v1';

/** What `serializeIndex` wrote. Its integrity is for the store to know; what is cut or of another version fails. */
export function parseIndex(text: string): Result<LayerIndex, [ReturnType<typeof indexInvalid>]> {
  let rows: unknown;
  try {
    // All lines as one array: JSON has no raw line breaks, and one parse is much faster than one per line.
    rows = JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`);
  } catch {
    return failed([indexInvalid('it is not JSON lines')]);
  }
  const [head, ...entries] = rows as Row[];
  if (!Array.isArray(head) || head[0] !== SCHEMA) return failed([indexInvalid(`it is not of the schema ${SCHEMA}`)]);
  if (head[1] !== entries.length) return failed([indexInvalid(`it has ${entries.length} entries, not ${head[1]}`)]);
  try {
    return ok(entries.map(entryOf));
  } catch (error) {
    return failed([indexInvalid((error as Error).message)]);
  }
}

type Xattrs = Readonly<Record<string, string>> | undefined;
// biome-ignore lint/suspicious/noExplicitAny: a row of a file of our own, of the shape its letter says.
type Row = readonly any[];

function rowOf(entry: LayerEntry): Row {
  if (entry.type === 'whiteout') return ['w', entry.path];
  if (entry.type === 'opaque') return ['o', entry.path];
  if (entry.type === 'hardlink') return ['h', entry.path, entry.target];
  const own = [entry.path, entry.mode, entry.uid, entry.gid, entry.mtime];
  const xattrs = entry.xattrs === undefined ? [] : [entry.xattrs];
  switch (entry.type) {
    case 'file':
      return ['f', ...own, entry.size, hexOf(entry.digest), ...xattrs];
    case 'directory':
      return ['d', ...own, ...xattrs];
    case 'fifo':
      return ['p', ...own, ...xattrs];
    case 'symlink':
      return ['l', ...own, entry.target, ...xattrs];
    case 'char-device':
      return ['c', ...own, entry.major, entry.minor, ...xattrs];
    case 'block-device':
      return ['b', ...own, entry.major, entry.minor, ...xattrs];
  }
}

function entryOf(row: Row): LayerEntry {
  const read = Array.isArray(row) ? rowReaders[row[0] as string] : undefined;
  if (read === undefined || typeof row[1] !== 'string') throw new Error(`an entry is ${JSON.stringify(row)}`);
  return read(row);
}

const rowReaders: Readonly<Record<string, (row: Row) => LayerEntry>> = {
  f: (row) => ({ type: 'file', ...owned(row, row[8]), size: row[6], digest: digestFromHex(row[7]) }),
  d: (row) => ({ type: 'directory', ...owned(row, row[6]) }),
  p: (row) => ({ type: 'fifo', ...owned(row, row[6]) }),
  l: (row) => ({ type: 'symlink', ...owned(row, row[7]), target: row[6] }),
  c: (row) => ({ type: 'char-device', ...owned(row, row[8]), major: row[6], minor: row[7] }),
  b: (row) => ({ type: 'block-device', ...owned(row, row[8]), major: row[6], minor: row[7] }),
  h: ([, path, target]) => ({ type: 'hardlink', path, target }),
  w: ([, path]) => ({ type: 'whiteout', path }),
  o: ([, path]) => ({ type: 'opaque', path }),
};

function owned([, path, mode, uid, gid, mtime]: Row, xattrs: Xattrs) {
  return xattrs === undefined ? { path, mode, uid, gid, mtime } : { path, mode, uid, gid, mtime, xattrs };
}
