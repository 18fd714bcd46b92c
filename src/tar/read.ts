import { isUtf8 } from 'node:buffer';
import { FailureError } from '../result.ts';
import { ByteSource } from './byte-source.ts';
import { checksumMatches } from './checksum.ts';
import { type EntryType, entryTypeOf, hasBody, unsupportedType } from './entry-type.ts';
import {
  tarHeaderInvalid,
  tarHeaderTooLong,
  tarNameNotUtf8,
  tarTruncated,
  tarUnsupportedType,
  tarWithoutEnd,
} from './failure.ts';
import { BLOCK, fields, paddingOf, type TarHeader, USTAR_MAGIC } from './header.ts';
import { decodeNumber, decodePaxNumber, decodePaxTime, shownName } from './numbers.ts';
import { decodePax, type PaxRecords, SPARSE_PREFIX, XATTR_PREFIX } from './pax.ts';

/** One entry of a tar; its body must be read or skipped before the next entry is asked for. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: TarBody;
}

/** The content of one entry, readable until the next entry is asked for. What is left unread is skipped. */
export interface TarBody extends AsyncIterable<Uint8Array> {
  /** All of it, if it is at hand and untouched: costs no wait. Valid until the next read. */
  bytesNow(): Buffer | undefined;
  /** All that is left of it. For what is known to be small. */
  bytes(): Promise<Buffer>;
}

/** How strictly the end of a tar is checked. */
export interface ReadTarOptions {
  /**
   * Whether a stream may end after an entry without the block of zeros. Only for streams whose digest is verified,
   * since a tar that was cut there looks the same. Default false.
   */
  readonly endMarkerOptional?: boolean;
}

/** Extended headers and long names are held in memory; more than this is no name. */
const EXTENDED_LIMIT = 1024 * 1024;
const ZEROS = Buffer.alloc(BLOCK);
const NO_RECORDS: PaxRecords = new Map();

/**
 * Entries of an uncompressed tar, in its order: ustar, PAX, GNU long names, and the format
 * before ustar. Reads the stream to its end, also past the end of the archive. Throws FailureError.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const source = new ByteSource(stream);
  let extensions: Extensions = {};
  try {
    for (;;) {
      const offset = source.position;
      const block = source.takeNow(BLOCK) ?? (await source.take(BLOCK, 'a header'));
      if (block === undefined) {
        if (options.endMarkerOptional !== true || extensions.offset !== undefined)
          throw new FailureError(tarWithoutEnd());
        return;
      }
      if (block[0] === 0 && block.equals(ZEROS)) {
        await readEnd(source, extensions);
        return;
      }
      if (!checksumMatches(block)) throw new FailureError(tarHeaderInvalid(offset, 'its checksum does not match'));
      const typeflag = String.fromCharCode(block[fields.typeflag[0]]!);
      const reader = extensionReaders[typeflag];
      if (reader !== undefined) {
        const bytes = await readExtension(source, block, offset);
        const said = reader(bytes, offset);
        // To Go a global header is an entry: what stands before it is said of nothing else.
        extensions = typeflag === 'g' ? {} : { offset, ...extensions, ...said };
        continue;
      }
      const header = decodeHeader({ block, offset, typeflag }, extensions);
      extensions = {};
      const body = new Body(source, header);
      yield { header, body };
      const rest = body.remaining + paddingOf(header.size);
      if (rest > 0 && source.takeNow(rest) === undefined) await source.skip(rest, shownName(header.name));
    }
  } finally {
    await source.close();
  }
}

/** What the headers before an entry said about it. */
interface Extensions {
  /** Of the first of them. */
  readonly offset?: number;
  readonly records?: PaxRecords;
  readonly name?: string;
  readonly linkName?: string;
}

type ExtensionReader = (bytes: Buffer, offset: number) => Extensions;

/** `X` is Solaris' older name of `x`; `V` names a volume and says nothing of the next entry. */
const extensionReaders: Readonly<Record<string, ExtensionReader>> = {
  x: (bytes, offset) => ({ records: decodeRecords(bytes, offset) }),
  X: (bytes, offset) => ({ records: decodeRecords(bytes, offset) }),
  // Go's reader, and with it every container runtime, lets a global header say nothing about entries.
  g: (bytes, offset) => {
    decodeRecords(bytes, offset);
    return {};
  },
  L: (bytes, offset) => ({ name: text(bytes, offset) }),
  K: (bytes, offset) => ({ linkName: text(bytes, offset) }),
  V: () => ({}),
};

async function readExtension(source: ByteSource, block: Buffer, offset: number): Promise<Buffer> {
  const size = number(block, 'size', offset);
  // A negative one would be read backwards.
  if (size < 0) throw new FailureError(tarHeaderInvalid(offset, `its size is ${size}`));
  if (size > EXTENDED_LIMIT) throw new FailureError(tarHeaderTooLong(offset, size, EXTENDED_LIMIT));
  const bytes = await source.take(size + paddingOf(size), 'an extended header');
  if (bytes === undefined) throw new FailureError(tarTruncated('an extended header'));
  // A copy: it outlives the chunk it was read from.
  return Buffer.from(bytes.subarray(0, size));
}

function decodeRecords(bytes: Buffer, offset: number): PaxRecords {
  const records = decodePax(bytes);
  if (records === undefined) throw new FailureError(tarHeaderInvalid(offset, 'its PAX records are malformed'));
  return records;
}

/** Two blocks of zeros end an archive, one is accepted before the end of the stream; anything else between is refused. */
async function readEnd(source: ByteSource, extensions: Extensions): Promise<void> {
  if (extensions.offset !== undefined) throw new FailureError(tarTruncated('an entry'));
  const offset = source.position;
  const second = await source.take(BLOCK, 'its end marker');
  if (second !== undefined && !second.equals(ZEROS))
    throw new FailureError(tarHeaderInvalid(offset, 'it follows a lone block of zeros'));
  await source.drain();
}

function decodeHeader(
  { block, offset, typeflag }: { readonly block: Buffer; readonly offset: number; readonly typeflag: string },
  extensions: Extensions,
): TarHeader {
  const records = extensions.records ?? NO_RECORDS;
  const name = paxText(records, 'path', offset) ?? extensions.name ?? nameOf(block, offset);
  const linkName = paxText(records, 'linkpath', offset) ?? extensions.linkName ?? fieldText(block, 'linkName', offset);
  const size = paxNumber(records, 'size', offset) ?? number(block, 'size', offset);
  if (size < 0) throw new FailureError(tarHeaderInvalid(offset, `its size is ${size}`));
  const isSparse = isSparseOf(records);
  const type = typeOf(typeflag, { name, size, isSparse, offset });
  const isDevice = type === 'char-device' || type === 'block-device';
  const xattrs = records.size > 0 ? xattrsOf(records) : undefined;
  return {
    type,
    name,
    linkName: type === 'symlink' || type === 'hardlink' ? linkName : '',
    mode: number(block, 'mode', offset) & 0o7777,
    uid: paxNumber(records, 'uid', offset) ?? number(block, 'uid', offset),
    gid: paxNumber(records, 'gid', offset) ?? number(block, 'gid', offset),
    size: hasBody(type) ? size : 0,
    mtime: paxTime(records, offset) ?? number(block, 'mtime', offset),
    devMajor: isDevice ? number(block, 'devMajor', offset) : 0,
    devMinor: isDevice ? number(block, 'devMinor', offset) : 0,
    ...(xattrs && { xattrs }),
  };
}

function isSparseOf(records: PaxRecords): boolean {
  for (const key of records.keys()) if (key.startsWith(SPARSE_PREFIX)) return true;
  return false;
}

function typeOf(
  typeflag: string,
  entry: { readonly name: string; readonly size: number; readonly isSparse: boolean; readonly offset: number },
): EntryType {
  const { name, size, isSparse, offset } = entry;
  const type = entryTypeOf(typeflag);
  if (type === undefined) throw new FailureError(tarUnsupportedType(name, unsupportedType(typeflag)));
  if (isSparse) throw new FailureError(tarUnsupportedType(name, unsupportedType('S')));
  // Before ustar, a directory was a file whose name ends in a slash.
  if (type !== 'file' || !name.endsWith('/')) return type;
  if (size > 0) throw new FailureError(tarHeaderInvalid(offset, `${shownName(name)} is a directory of ${size} bytes`));
  return 'directory';
}

/** GNU has times where ustar has the prefix, and so has star behind the first 131 bytes of it, marked by `tar` at the end. */
function nameOf(block: Buffer, offset: number): string {
  const name = fieldText(block, 'name', offset);
  if (block.toString('latin1', fields.magic[0], fields.magic[0] + 6) !== USTAR_MAGIC.slice(0, 6)) return name;
  const isStar = block.toString('latin1', 508, 512) === 'tar\0';
  const [start, length] = fields.prefix;
  const prefix = text(block.subarray(start, start + (isStar ? 131 : length)), offset);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function xattrsOf(records: PaxRecords): Record<string, string> | undefined {
  const xattrs: [name: string, value: string][] = [];
  for (const [key, value] of records)
    if (key.startsWith(XATTR_PREFIX)) xattrs.push([key.slice(XATTR_PREFIX.length), value.toString('base64')]);
  return xattrs.length === 0 ? undefined : Object.fromEntries(xattrs);
}

function paxText(records: PaxRecords, key: string, offset: number): string | undefined {
  const value = records.get(key);
  if (value === undefined || value.length === 0) return undefined;
  if (value.includes(0)) throw new FailureError(tarHeaderInvalid(offset, `its ${key} has a NUL`));
  return text(value, offset);
}

function paxNumber(records: PaxRecords, key: string, offset: number): number | undefined {
  return paxValue(records, { key, offset }, decodePaxNumber);
}

function paxTime(records: PaxRecords, offset: number): number | undefined {
  return paxValue(records, { key: 'mtime', offset }, decodePaxTime);
}

function paxValue(
  records: PaxRecords,
  { key, offset }: { readonly key: string; readonly offset: number },
  decode: (text: string) => number | undefined,
): number | undefined {
  const bytes = records.get(key);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const value = decode(bytes.toString('latin1'));
  if (value === undefined) throw new FailureError(tarHeaderInvalid(offset, `its PAX ${key} is no number`));
  return value;
}

function number(block: Buffer, field: keyof typeof fields, offset: number): number {
  const [start, length] = fields[field];
  const value = decodeNumber(block, start, length);
  if (value === undefined) throw new FailureError(tarHeaderInvalid(offset, `its ${field} is no number`));
  return value;
}

function fieldText(block: Buffer, field: keyof typeof fields, offset: number): string {
  const [start, length] = fields[field];
  return text(block.subarray(start, start + length), offset);
}

/** Up to the first NUL. */
function text(bytes: Buffer, offset: number): string {
  const nul = bytes.indexOf(0);
  const shown = nul === -1 ? bytes : bytes.subarray(0, nul);
  const decoded = shown.toString('utf8');
  if (decoded.includes('\uFFFD') && !isUtf8(shown)) throw new FailureError(tarNameNotUtf8(offset, decoded));
  return decoded;
}

class Body implements TarBody {
  readonly #source: ByteSource;
  readonly #header: TarHeader;
  remaining: number;

  constructor(source: ByteSource, header: TarHeader) {
    this.#source = source;
    this.#header = header;
    this.remaining = header.size;
  }

  bytesNow(): Buffer | undefined {
    if (this.remaining !== this.#header.size) return undefined;
    const bytes = this.#source.takeNow(this.remaining);
    if (bytes !== undefined) this.remaining = 0;
    return bytes;
  }

  async bytes(): Promise<Buffer> {
    const length = this.remaining;
    if (length === 0) return Buffer.alloc(0);
    const bytes = await this.#source.take(length, shownName(this.#header.name));
    if (bytes === undefined) throw new FailureError(tarTruncated(shownName(this.#header.name)));
    this.remaining = 0;
    return bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.remaining > 0) {
      const part = await this.#source.some(this.remaining);
      if (part === undefined) throw new FailureError(tarTruncated(shownName(this.#header.name)));
      this.remaining -= part.length;
      yield part;
    }
  }
}
