import { FailureError } from '../result.ts';
import { checksum } from './checksum.ts';
import { hasBody, typeflags } from './entry-type.ts';
import { tarBodySize, tarXattrName } from './failure.ts';
import { BLOCK, fields, paddingOf, type TarHeader, USTAR_MAGIC } from './header.ts';
import { encodeOctal, octalLimit } from './numbers.ts';
import { encodePax, XATTR_PREFIX } from './pax.ts';

/** One entry to be written: the size in the header comes before the bytes, so it must be known. */
export interface TarInput {
  readonly header: TarHeader;
  /** Exactly `header.size` bytes; absent for what has no content. */
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

/** Two blocks of zeros. Nothing follows: no padding to a record of 20 blocks. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK);

/**
 * A tar of these entries. The same entries give the same bytes anywhere. Throws FailureError where a body is not of
 * the size its header says.
 */
export async function* writeTar(
  entries: AsyncIterable<TarInput> | Iterable<TarInput>,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const { header, body } of entries) {
    yield encodeHeader(header);
    let written = 0;
    for await (const chunk of body ?? []) {
      written += chunk.byteLength;
      if (written > header.size) throw new FailureError(tarBodySize(header.name, header.size, written));
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (written < header.size) throw new FailureError(tarBodySize(header.name, header.size, written));
    const padding = paddingOf(header.size);
    if (padding > 0) yield ZEROS.subarray(0, padding);
  }
  yield END_OF_ARCHIVE;
}

/**
 * The blocks before an entry's content: ustar where it can say everything, a long name by its prefix, else an extended
 * PAX header first. PAX records carry what does not fit a field, what is not ASCII, and extended attributes; they are
 * sorted by key. User and group have no names. The fields are filled as Go's archive/tar fills them, so that equal
 * trees give the layers other builders give.
 */
export function encodeHeader(header: TarHeader): Buffer {
  const records = recordsOf(header);
  if (records.length === 0) return encodeBlock(header);
  const split = records.length === 1 && records[0]![0] === 'path' ? splitName(header.name) : undefined;
  if (split !== undefined) return encodeBlock({ ...header, name: split.name }, split.prefix);
  const pax = encodePax(records);
  const name = paxHeaderName(header.name);
  const blocks = [
    encodeExtendedBlock(name, pax.length),
    pax,
    ZEROS.subarray(0, paddingOf(pax.length)),
    encodeBlock(header),
  ];
  return Buffer.concat(blocks);
}

const ZEROS = Buffer.alloc(BLOCK);
const NOT_ASCII = /[^\x00-\x7f]/;
const ID_LIMIT = octalLimit(fields.uid[1]);
const LONG_LIMIT = octalLimit(fields.size[1]);

function recordsOf(header: TarHeader): [key: string, value: string | Buffer][] {
  const records: [key: string, value: string | Buffer][] = [];
  if (!fitsField(header.name)) records.push(['path', header.name]);
  if (!fitsField(header.linkName)) records.push(['linkpath', header.linkName]);
  if (header.size > LONG_LIMIT) records.push(['size', String(header.size)]);
  if (header.uid > ID_LIMIT) records.push(['uid', String(header.uid)]);
  if (header.gid > ID_LIMIT) records.push(['gid', String(header.gid)]);
  if (header.mtime < 0 || header.mtime > LONG_LIMIT) records.push(['mtime', String(header.mtime)]);
  for (const [name, value] of Object.entries(header.xattrs ?? {})) {
    if (name.includes('=')) throw new FailureError(tarXattrName(header.name, name));
    records.push([XATTR_PREFIX + name, Buffer.from(value, 'base64')]);
  }
  return records.sort(([a], [b]) => (a < b ? -1 : 1));
}

function fitsField(text: string): boolean {
  return text.length <= fields.name[1] && !NOT_ASCII.test(text);
}

/** A long name at the last slash that leaves both parts short enough for their fields, if there is one. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (NOT_ASCII.test(name)) return undefined;
  // A slash at the end is part of the name, and what divides is not part of the prefix.
  const slash = name.lastIndexOf('/', Math.min(fields.prefix[1], name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > fields.name[1]) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

function encodeBlock(header: TarHeader, prefix = ''): Buffer {
  const block = Buffer.alloc(BLOCK);
  putText(block, 'name', header.name);
  putNumber(block, 'mode', header.mode);
  putNumber(block, 'uid', header.uid);
  putNumber(block, 'gid', header.gid);
  putNumber(block, 'size', hasBody(header.type) ? header.size : 0);
  putNumber(block, 'mtime', header.mtime);
  putText(block, 'typeflag', typeflags[header.type]);
  putText(block, 'linkName', header.linkName);
  putNumber(block, 'devMajor', header.devMajor);
  putNumber(block, 'devMinor', header.devMinor);
  putText(block, 'prefix', prefix);
  return sealed(block);
}

function encodeExtendedBlock(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  putText(block, 'name', name);
  for (const field of ['mode', 'uid', 'gid', 'mtime'] as const) putNumber(block, field, 0);
  putNumber(block, 'size', size);
  putText(block, 'typeflag', 'x');
  return sealed(block);
}

function sealed(block: Buffer): Buffer {
  block.write(USTAR_MAGIC, fields.magic[0], 'latin1');
  const [start] = fields.checksum;
  // Six digits, a NUL and a blank: the one field that differs.
  encodeOctal(block, { start, length: 7 }, checksum(block));
  block[start + 7] = 0x20;
  return block;
}

/** Cut to the field and to ASCII: PAX has the rest. A name must not be cut behind a slash, which would mean a directory. */
function putText(block: Buffer, field: keyof typeof fields, text: string): void {
  const [start, length] = fields[field];
  const ascii = NOT_ASCII.test(text) ? text.replaceAll(new RegExp(NOT_ASCII, 'g'), '') : text;
  const cut = ascii.length > length ? ascii.slice(0, length).replace(/\/$/, '') : ascii;
  block.write(cut, start, 'latin1');
}

/** 0 where PAX has the number. */
function putNumber(block: Buffer, field: keyof typeof fields, value: number): void {
  const [start, length] = fields[field];
  encodeOctal(block, { start, length }, value < 0 || value > octalLimit(length) ? 0 : value);
}

/** `PaxHeaders.0` before the last component: what a reader that does not know PAX would unpack it as. */
function paxHeaderName(name: string): string {
  const slash = name.lastIndexOf('/') + 1;
  const ascii = `${name.slice(0, slash)}PaxHeaders.0/${name.slice(slash)}`.replaceAll(new RegExp(NOT_ASCII, 'g'), '');
  return ascii.slice(0, fields.name[1]).replace(/\/+$/, '');
}
