import { digestFromHex, hexOf } from '../oci/digest.ts';
import { failed, ok, type Result } from '../result.ts';
import { indexInvalid } from './failure.ts';
import type { LayerEntry, LayerIndex } from './layer-entry.ts';
import { isCanonical } from './scoped-path.ts';

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
  const form = Array.isArray(row) ? forms.get(row[0]) : undefined;
  if (form === undefined || !hasForm(row, form)) throw new Error(`an entry is ${JSON.stringify(row)?.slice(0, 200)}`);
  return form.read(row);
}

/** What the places of a row hold after its letter; `x` may be missing. */
interface Form {
  readonly fields: readonly (keyof typeof fieldTests)[];
  readonly read: (row: Row) => LayerEntry;
}

const OWNED = ['path', 'count', 'count', 'count', 'number'] as const;

const forms: ReadonlyMap<unknown, Form> = new Map<unknown, Form>([
  [
    'f',
    {
      fields: [...OWNED, 'count', 'hex', 'xattrs'],
      read: (row) => ({ type: 'file', ...owned(row, row[8]), size: row[6], digest: digestFromHex(row[7]) }),
    },
  ],
  ['d', { fields: [...OWNED, 'xattrs'], read: (row) => ({ type: 'directory', ...owned(row, row[6]) }) }],
  ['p', { fields: [...OWNED, 'xattrs'], read: (row) => ({ type: 'fifo', ...owned(row, row[6]) }) }],
  [
    'l',
    {
      fields: [...OWNED, 'text', 'xattrs'],
      read: (row) => ({ type: 'symlink', ...owned(row, row[7]), target: row[6] }),
    },
  ],
  ['c', { fields: [...OWNED, 'count', 'count', 'xattrs'], read: (row) => ({ type: 'char-device', ...device(row) }) }],
  ['b', { fields: [...OWNED, 'count', 'count', 'xattrs'], read: (row) => ({ type: 'block-device', ...device(row) }) }],
  ['h', { fields: ['path', 'path'], read: ([, path, target]) => ({ type: 'hardlink', path, target }) }],
  ['w', { fields: ['path'], read: ([, path]) => ({ type: 'whiteout', path }) }],
  ['o', { fields: ['directory'], read: ([, path]) => ({ type: 'opaque', path }) }],
]);

const fieldTests = {
  path: (value) => typeof value === 'string' && isCanonical(value),
  directory: (value) => typeof value === 'string' && (value === '' || isCanonical(value)),
  text: (value) => typeof value === 'string' && value !== '',
  number: (value) => Number.isSafeInteger(value),
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  hex: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  xattrs: (value) =>
    value === undefined ||
    (typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((attribute) => typeof attribute === 'string')),
} satisfies Record<string, (value: unknown) => boolean>;

function hasForm(row: Row, { fields }: Form): boolean {
  return row.length <= fields.length + 1 && fields.every((field, at) => fieldTests[field](row[at + 1]));
}

function device(row: Row) {
  return { ...owned(row, row[8]), major: row[6], minor: row[7] };
}

function owned([, path, mode, uid, gid, mtime]: Row, xattrs: Xattrs) {
  return xattrs === undefined ? { path, mode, uid, gid, mtime } : { path, mode, uid, gid, mtime, xattrs };
}
