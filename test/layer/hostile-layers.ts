/**
 * Layers made to harm, none of them above 64 KiB as it would be sent, and what becomes of each: by reading the tar, by
 * making an index and a tree of it, by unpacking it. `ok`, or the reason of the failure. Add a row for each new trick.
 */
import { gzipSync } from 'node:zlib';
import { encodePax } from '../../src/tar/pax.ts';
import { end, octal, padded, rawBlock } from '../tar/raw-block.ts';

export interface HostileLayer {
  readonly title: string;
  /** The tar, before compression. */
  readonly tar: () => Buffer;
  readonly compression: 'none' | 'gzip';
  readonly read: string;
  readonly index: string;
  readonly unpack: string;
}

type Fields = Parameters<typeof rawBlock>[0];
type Records = readonly (readonly [key: string, value: string | Uint8Array])[];

export const LIMIT = 64 * 1024;

const block = (fields: Fields) => rawBlock(fields);
const file = (name: string, more: Fields = {}) => rawBlock({ name, ...more });
const directory = (name: string, more: Fields = {}) => rawBlock({ name, typeflag: '5', ...more });
const link = (name: string, linkName: string) => rawBlock({ name, linkName, typeflag: '2' });
const hard = (name: string, linkName: string) => rawBlock({ name, linkName, typeflag: '1' });
const extended = (typeflag: string, content: Buffer) => [
  rawBlock({ typeflag, size: octal(content.length) }),
  padded(content.toString('latin1')),
];
/** Latin-1 in, the same bytes out. */
const pax = (records: Records, typeflag = 'x') => {
  const bytes = encodePax(records);
  return Buffer.concat([
    rawBlock({ typeflag, size: octal(bytes.length) }),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ]);
};
const path = (name: string, ...rest: readonly Buffer[]) => [
  pax([['path', name]]),
  ...(rest.length > 0 ? rest : [file('f'), end]),
];
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
/** Base-256, of as many bytes as a field has. */
const binary = (length: number, fill: string) => `\x80${fill.repeat(length - 1)}`;

type Row = [title: string, blocks: () => readonly Buffer[], read: string, index: string, unpack: string];

const plain: readonly Row[] = [
  ['nothing at all', () => [], 'tar-truncated', 'ok', 'ok'],
  ['half a header', () => [file('f').subarray(0, 511)], 'tar-truncated', 'tar-truncated', 'tar-truncated'],
  ['half a body', () => [file('f', { size: octal(2000) }), Buffer.alloc(1000)], ...same('tar-truncated')],
  ['no more than the header of a body', () => [file('f', { size: octal(2000) })], ...same('tar-truncated')],
  ['8 GiB that are not there', () => [file('f', { size: octal(2 ** 33 - 1) }), end], ...same('tar-truncated')],
  [
    'as many bytes as a number can say that are not there',
    () => [file('f', { size: `\x80${'\0'.repeat(4)}\x1f${'\xff'.repeat(6)}` }), end],
    ...same('tar-truncated'),
  ],
  ['a size beyond numbers', () => [file('f', { size: binary(12, '\xff') }), end], ...same('tar-header-invalid')],
  ['a negative size', () => [file('f', { size: '\xff'.repeat(12) }), end], ...same('tar-header-invalid')],
  [
    'an extended header of a negative size, which would be read for ever',
    () => [rawBlock({ typeflag: 'x', size: `${'\xff'.repeat(10)}\xfe\0` }), file('f'), end],
    ...same('tar-header-invalid'),
  ],
  [
    'a long name of a negative size',
    () => [rawBlock({ typeflag: 'L', size: '\xff'.repeat(12) }), file('f'), end],
    ...same('tar-header-invalid'),
  ],
  [
    'an extended header of 8 GiB',
    () => [rawBlock({ typeflag: 'x', size: octal(2 ** 33 - 1) }), file('f')],
    ...same('tar-header-too-long'),
  ],
  ['a PAX size beyond numbers', () => [pax([['size', '9'.repeat(400)]]), file('f')], ...same('tar-header-invalid')],
  ['a PAX size below zero', () => [pax([['size', '-1']]), file('f')], ...same('tar-header-invalid')],
  [
    'a PAX record that is longer than its header',
    () => [...extended('x', Buffer.from('999999999 path=x\n')), file('f')],
    ...same('tar-header-invalid'),
  ],
  [
    'a PAX record of no length',
    () => [...extended('x', Buffer.from('0 path=x\n')), file('f')],
    ...same('tar-header-invalid'),
  ],
  [
    'a PAX length of a thousand digits',
    () => [...extended('x', Buffer.from(`${'1'.repeat(1000)} path=x\n`)), file('f')],
    ...same('tar-header-invalid'),
  ],
  [
    'a PAX record without a key',
    () => [...extended('x', Buffer.from('6 =abc\n')), file('f')],
    ...same('tar-header-invalid'),
  ],
  ['a NUL in a path', () => path('a\0b'), ...same('tar-header-invalid')],
  ['a name that is not UTF-8', () => [file('\xff\xfe'), end], ...same('tar-name-not-utf8')],
  ['a sparse file of GNU', () => [block({ typeflag: 'S', name: 'sparse' }), end], ...same('tar-unsupported-type')],
  [
    'a sparse file of PAX with holes of petabytes',
    () => [
      pax([
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.realsize', '9007199254740991'],
      ]),
      file('f'),
    ],
    ...same('tar-unsupported-type'),
  ],
  ['all files sparse', () => [pax([['GNU.sparse.size', '9007199254740991']], 'g'), file('f'), end], 'ok', 'ok', 'ok'],
  ['a volume that goes on elsewhere', () => [block({ typeflag: 'M' }), end], ...same('tar-unsupported-type')],
  ['one block of zeros and a file', () => [Buffer.alloc(512), file('f')], ...same('tar-header-invalid')],
  ['garbage after the end', () => [file('f'), end, Buffer.alloc(20_000, 'garbage'), file('../out')], 'ok', 'ok', 'ok'],
  ['garbage after a file', () => [file('f'), Buffer.alloc(512, 'garbage')], ...same('tar-header-invalid')],
  ['a whole archive after another', () => [file('f'), end, file('g'), end], 'ok', 'ok', 'ok'],
  [
    'an attribute of all files',
    () => [pax([['SCHILY.xattr.user.a', 'x'.repeat(60_000)]], 'g'), file('f'), end],
    'ok',
    'ok',
    'ok',
  ],
  [
    'an attribute named __proto__',
    () => [pax([['SCHILY.xattr.__proto__', 'x']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'an attribute with a name no kernel takes',
    () => [pax([[`SCHILY.xattr.user.${'n'.repeat(300)}`, 'x']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'an attribute twice',
    () => [
      pax([
        ['SCHILY.xattr.user.a', 'x'.repeat(50_000)],
        ['SCHILY.xattr.user.a', 'x'.repeat(10)],
      ]),
      file('f'),
      end,
    ],
    'ok',
    'ok',
    'ok',
  ],
  ['a name of 256 bytes', () => path('n'.repeat(256)), ...late('layer-path-too-long')],
  ['a name of 254 bytes and two more', () => path('ü'.repeat(128)), ...late('layer-path-too-long')],
  ['a name of 255 bytes', () => path('n'.repeat(255)), 'ok', 'ok', 'ok'],
  ['a path of 4096 bytes', () => path(`${'d/'.repeat(2047)}ff`), ...late('layer-path-too-long')],
  ['a path of 16000 components', () => path(`${'a/'.repeat(16_000)}f`), ...late('layer-path-too-long')],
  [
    'a path of 4100 bytes by way of a link',
    () => [link('l', 'd/'.repeat(45)), ...path(`l/${'d/'.repeat(2005)}f`)],
    ...late('layer-path-too-long'),
  ],
  [
    'a link target of 5000 bytes',
    () => [pax([['linkpath', 't/'.repeat(2500)]]), link('l', 't'), end],
    ...late('layer-path-too-long'),
  ],
  [
    'a hard link to 5000 bytes',
    () => [pax([['linkpath', 't/'.repeat(2500)]]), hard('l', 't'), end],
    ...late('layer-path-too-long'),
  ],
  ['a whiteout of a name of 256 bytes', () => path(`.wh.${'n'.repeat(256)}`), ...late('layer-path-too-long')],
  ['a whiteout of a name of 255 bytes', () => path(`.wh.${'n'.repeat(255)}`), 'ok', 'ok', 'ok'],
  ['.. out of the root', () => [file('a/../../x'), end], ...late('layer-entry-escapes')],
  ['a whiteout of nothing', () => [file('a/.wh.'), end], ...late('layer-entry-invalid')],
  ['a whiteout of ..', () => [file('a/.wh...'), end], ...late('layer-entry-invalid')],
  ['a file inside a whiteout', () => [file('.wh.a/f'), end], ...late('layer-entry-invalid')],
  ['a hard link to itself', () => [hard('h', 'h'), end], ...late('layer-entry-invalid')],
  ['a hard link to the root', () => [hard('h', '/'), end], ...late('layer-entry-invalid')],
  ['a hard link to a directory', () => [directory('d/'), hard('h', 'd'), end], ...late('link-target-missing')],
  ['a hard link to its own parent', () => [directory('d/'), hard('d/h', 'd'), end], ...late('layer-entry-invalid')],
  ['a hard link in a circle', () => [hard('a', 'b'), hard('b', 'a'), end], ...late('link-target-missing')],
  ['a hard link before its file', () => [hard('h', 'f'), file('f'), end], ...late('link-target-missing')],
  ['a hard link out of the root', () => [hard('h', '../x'), end], ...late('layer-entry-escapes')],
  ['a hard link to what was deleted', () => [file('f'), file('.wh.f'), hard('h', 'f'), end], 'ok', 'ok', 'ok'],
  [
    'a hard link onto the directory of its file',
    () => [file('d/f'), hard('d', 'd/f'), end],
    ...late('layer-entry-invalid'),
  ],
  ['links in a circle', () => [link('a', 'b'), link('b', 'a'), file('a/f'), end], ...late('too-many-links')],
  ['a link to itself', () => [link('a', 'a'), file('a/f'), end], ...late('too-many-links')],
  [
    'a chain of 41 links',
    () => [...times(41, (at) => link(`l${at}`, `l${at + 1}`)), file('l0/f'), end],
    ...late('too-many-links'),
  ],
  ['an owner below zero', () => [file('f', { uid: '\xff'.repeat(8) }), end], ...late('layer-entry-invalid')],
  [
    'an owner of 2³²-1, which is nobody',
    () => [pax([['uid', '4294967295']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'a group beyond 32 bits',
    () => [pax([['gid', '9007199254740991']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'a time beyond calendars',
    () => [pax([['mtime', '9007199254740991']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'a time before calendars',
    () => [pax([['mtime', '-9007199254740991']]), file('f'), end],
    ...late('layer-entry-invalid'),
  ],
  ['a time that the disk does not have', () => [pax([['mtime', '8640000000000']]), file('f'), end], 'ok', 'ok', 'ok'],
  ['a mode of all bits', () => [file('f', { mode: '7777777\0' }), end], 'ok', 'ok', 'ok'],
  [
    'a device of a negative number',
    () => [block({ name: 'c', typeflag: '3', devMajor: '\xff'.repeat(8) }), end],
    ...late('layer-entry-invalid'),
  ],
  [
    'a device of a huge number',
    () => [block({ name: 'c', typeflag: '3', devMajor: '7777777\0' }), end],
    ...late('layer-entry-invalid'),
  ],
  ['a device that overlayfs takes for a whiteout', () => [block({ name: 'c', typeflag: '3' }), end], 'ok', 'ok', 'ok'],
  ['opaque marks without end', () => times(120, () => file('d/.wh..wh..opq')), 'tar-truncated', 'ok', 'ok'],
];

const bombs: readonly Row[] = [
  ['a path of two thousand directories', () => path(`${'d/'.repeat(1950)}f`), 'ok', 'ok', 'ok'],
  ['a path of 4095 bytes', () => path(`${'d/'.repeat(2047)}f`), 'ok', 'ok', 'unpack-failed'],
  [
    '9000 global headers, each of another key',
    () => [...times(9000, (at) => pax([[`key${at}`, 'x']], 'g')), file('f'), end],
    'ok',
    'ok',
    'ok',
  ],
  [
    'a thousand global keys for 6000 files',
    () => [
      pax(
        times(1000, (at) => [`k${at}`, 'x']),
        'g',
      ),
      ...times(6000, () => file('f')),
      end,
    ],
    'ok',
    'ok',
    'ok',
  ],
  [
    '15000 extended headers for one file',
    () => [...times(15_000, () => pax([['mtime', '1']])), file('f'), end],
    'ok',
    'ok',
    'ok',
  ],
  [
    'a PAX header of 20000 records',
    () => [pax(times(20_000, (at) => [`k${at % 9000}`, ''])), file('f'), end],
    'ok',
    'ok',
    'ok',
  ],
  ['a PAX record of a megabyte', () => [pax([['comment', 'x'.repeat(1_048_000)]]), file('f'), end], 'ok', 'ok', 'ok'],
  ['a path of a megabyte', () => path('a/'.repeat(500_000)), ...late('layer-path-too-long')],
  ['a name of a megabyte', () => path('a'.repeat(1_000_000)), ...late('layer-path-too-long')],
  ['12000 times the same file', () => [...times(12_000, () => file('f')), end], 'ok', 'ok', 'ok'],
  [
    'a tree of 1900 directories, each with an entry',
    () => [...times(1900, (at) => path('d/'.repeat(at + 1), directory('d'))).flat(), end],
    'ok',
    'ok',
    'ok',
  ],
  [
    'ever new trees of a thousand directories',
    () => [...times(300, (at) => path(`${at}/${'d/'.repeat(1000)}f`, file('f'))).flat(), end],
    'ok',
    'layer-too-big',
    'layer-too-big',
  ],
  [
    'directories that become files and directories again',
    () => [
      ...times(4000, (at) => file(`k/${at}`)),
      ...times(7000, (at) => (at % 2 === 0 ? directory('d/') : file('d'))),
      end,
    ],
    'ok',
    'ok',
    'ok',
  ],
  ['8000 names of one file', () => [file('f'), ...times(8_000, (at) => hard(`h${at}`, 'f')), end], 'ok', 'ok', 'ok'],
  [
    'links made anew before each file that goes through them',
    () => [
      ...path('d/'.repeat(1000), directory('d')),
      ...times(1500, (at) => [link(`l${at % 3}`, 'x'), ...path(`${'d/'.repeat(1000)}l${at % 3}/f`)]).flat(),
      end,
    ],
    'ok',
    'ok',
    'ok',
  ],
  [
    'forty links of two thousand steps for each file',
    () => [
      ...times(40, (at) => [pax([['linkpath', `${'a/../'.repeat(800)}l${at + 1}`]]), link(`l${at}`, 'x')]).flat(),
      ...times(8000, (at) => (at % 2 === 0 ? link('again', 'x') : file(`l0/${at}`))),
      end,
    ],
    ...late('too-many-links'),
  ],
  [
    '5000 opaque marks of a directory of 4000 files',
    () => [...times(4000, (at) => file(`d/${at}`)), ...times(5000, () => file('d/.wh..wh..opq')), end],
    'ok',
    'ok',
    'ok',
  ],
  [
    'attributes that no file system takes',
    () => [...times(4000, (at) => [pax([['SCHILY.xattr.foo.bar', 'x']]), file(`f${at}`)]).flat(), end],
    'ok',
    'ok',
    'ok',
  ],
];

/** At every stage. */
function same(reason: string): [string, string, string] {
  return [reason, reason, reason];
}

/** What is no fault of the tar. */
function late(reason: string): [string, string, string] {
  return ['ok', reason, reason];
}

export const hostileLayers: readonly HostileLayer[] = plain.map((row) => rowOf(row, 'none'));

/** Little to send, much to do: they take seconds. */
export const layerBombs: readonly HostileLayer[] = bombs.map((row) => rowOf(row, 'gzip'));

function rowOf([title, blocks, read, index, unpack]: Row, compression: 'none' | 'gzip'): HostileLayer {
  return { title, tar: () => Buffer.concat(blocks()), compression, read, index, unpack };
}

/** As it would be sent. */
export function sent({ tar, compression }: HostileLayer): Buffer {
  return compression === 'gzip' ? gzipSync(tar(), { level: 9 }) : tar();
}
