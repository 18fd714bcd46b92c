/**
 * Records of an extended header, `<length> <key>=<value>\n`, the length in bytes and counting itself. Values are
 * bytes, since extended attributes are. An empty value takes back what a global header said.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
 */
export type PaxRecords = ReadonlyMap<string, Buffer>;

const BLANK = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** Prefix of the keys of extended attributes; the value is the raw attribute. */
export const XATTR_PREFIX = 'SCHILY.xattr.';
/** Prefix of the keys of a sparse file. */
export const SPARSE_PREFIX = 'GNU.sparse.';

/** undefined where the bytes are not records from end to end. */
export function decodePax(bytes: Buffer): PaxRecords | undefined {
  const records = new Map<string, Buffer>();
  let start = 0;
  while (start < bytes.length) {
    const blank = bytes.indexOf(BLANK, start);
    if (blank === -1) return undefined;
    const digits = bytes.toString('latin1', start, blank);
    const end = start + Number(digits);
    if (!/^[1-9]\d{0,9}$/.test(digits) || end > bytes.length || bytes[end - 1] !== NEWLINE) return undefined;
    const equals = bytes.indexOf(EQUALS, blank);
    if (equals <= blank + 1 || equals >= end) return undefined;
    records.set(bytes.toString('utf8', blank + 1, equals), bytes.subarray(equals + 1, end - 1));
    start = end;
  }
  return records;
}

/** Records in the order given. */
export function encodePax(records: Iterable<readonly [key: string, value: string | Uint8Array]>): Buffer {
  return Buffer.concat([...records].map(([key, value]) => encodeRecord(key, Buffer.from(value as Uint8Array))));
}

function encodeRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.of(NEWLINE)]);
  // The length counts its own digits: at most one correction is needed, where they grow by one.
  let length = rest.length + String(rest.length).length;
  length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
