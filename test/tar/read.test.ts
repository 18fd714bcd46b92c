import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TarHeader } from '../../src/tar/header.ts';
import { type ReadTarOptions, readTar } from '../../src/tar/read.ts';
import { chunksOf, header, readAll, tarOf } from './archive.ts';
import { failsWith } from './failing.ts';
import { end, octal, padded, rawBlock } from './raw-block.ts';

type Entry = TarHeader & { readonly content: string };
const entry = ({ content = '', ...fields }: Partial<Entry>): Entry => ({ ...header(fields), content });
const pax = (typeflag: string, ...records: [key: string, value: string][]) => {
  const text = records.map(([key, value]) => record(`${key}=${value}\n`)).join('');
  return [rawBlock({ typeflag, size: octal(Buffer.byteLength(text)) }), padded(text)];
};
const record = (text: string) => {
  const length = Buffer.byteLength(text) + 2;
  return length < 10 ? `${length} ${text}` : `${length + 1} ${text}`;
};
const gnu = (typeflag: string, text: string) => [
  rawBlock({ typeflag, name: '././@LongLink', size: octal(text.length) }),
  padded(text),
];
const long = 'd/'.repeat(100);

const cases: [title: string, blocks: Buffer[], want: Entry[]][] = [
  ['nothing but the end', [], []],
  ['a file', [rawBlock({ name: 'a', size: octal(3) }), padded('abc')], [entry({ name: 'a', size: 3, content: 'abc' })]],
  ['a file of the time before ustar', [rawBlock({ name: 'a', typeflag: '\0', magic: '' })], [entry({ name: 'a' })]],
  [
    'a directory of that time, a file whose name ends in a slash',
    [rawBlock({ name: 'a/', typeflag: '\0', magic: '' })],
    [entry({ name: 'a/', type: 'directory' })],
  ],
  ['a contiguous file', [rawBlock({ typeflag: '7' })], [entry({})]],
  ['a prefix', [rawBlock({ name: 'c', prefix: 'a/b' })], [entry({ name: 'a/b/c' })]],
  ['a name that fills its field', [rawBlock({ name: 'n'.repeat(100) })], [entry({ name: 'n'.repeat(100) })]],
  [
    'no prefix where GNU keeps times',
    [rawBlock({ name: 'c', magic: 'ustar  \0', prefix: '14711' })],
    [entry({ name: 'c' })],
  ],
  [
    'a device',
    [rawBlock({ typeflag: '3', devMajor: '0000001\0', devMinor: '0000003\0' })],
    [entry({ type: 'char-device', devMajor: 1, devMinor: 3 })],
  ],
  ['file type bits in the mode', [rawBlock({ mode: '0100644\0' })], [entry({ mode: 0o644 })]],
  [
    'no content of a directory, whatever its size',
    [rawBlock({ typeflag: '5', name: 'd/', size: octal(99) })],
    [entry({ type: 'directory', name: 'd/' })],
  ],
  [
    'no content of a hard link',
    [rawBlock({ typeflag: '1', linkName: 'g', size: octal(5) })],
    [entry({ type: 'hardlink', linkName: 'g' })],
  ],
  [
    'a size in base-256',
    [rawBlock({ size: '\x80\0\0\0\0\0\0\0\0\0\0\x03' }), padded('abc')],
    [entry({ size: 3, content: 'abc' })],
  ],
  [
    'GNU long names',
    [...gnu('L', `${long}\0`), ...gnu('K', `${long}x\0`), rawBlock({ typeflag: '2' })],
    [entry({ type: 'symlink', name: long, linkName: `${long}x` })],
  ],
  ['a GNU volume label', [rawBlock({ typeflag: 'V', name: 'label' }), rawBlock({})], [entry({})]],
  [
    'PAX',
    [...pax('x', ['path', 'größe'], ['mtime', '9'], ['uid', '12'], ['gid', '34']), rawBlock({})],
    [entry({ name: 'größe', mtime: 9, uid: 12, gid: 34 })],
  ],
  ['a size in PAX', [...pax('x', ['size', '3']), rawBlock({}), padded('abc')], [entry({ size: 3, content: 'abc' })]],
  [
    'extended attributes',
    [...pax('x', ['SCHILY.xattr.user.a', 'b\x00\xff']), rawBlock({})],
    [entry({ xattrs: { 'user.a': 'YgDDvw==' } })],
  ],
  [
    'PAX for one entry only',
    [...pax('x', ['path', 'g']), rawBlock({}), rawBlock({})],
    [entry({ name: 'g' }), entry({})],
  ],
  [
    'global PAX, which says nothing of entries',
    [
      ...pax('g', ['mtime', '5'], ['uid', '70']),
      rawBlock({}),
      ...pax('x', ['mtime', '6'], ['uid', '']),
      rawBlock({}),
      ...pax('g', ['mtime', '']),
      rawBlock({}),
    ],
    [entry({}), entry({ mtime: 6 }), entry({})],
  ],
  [
    'global PAX in between, which takes what was said of the next entry',
    [...pax('x', ['path', 'g']), ...pax('g', ['comment', 'c']), rawBlock({})],
    [entry({})],
  ],
  ['PAX before GNU', [...gnu('L', 'gnu\0'), ...pax('x', ['path', 'pax']), rawBlock({})], [entry({ name: 'pax' })]],
];
for (const [title, blocks, want] of cases) {
  for (const chunk of [1, 511, 512, 100_000])
    test(`readTar() reads ${title}, in chunks of ${chunk}`, async () => {
      assert.deepEqual(await readAll(Buffer.concat([...blocks, end]), {}, chunk), want);
    });
}

const failures: [title: string, bytes: Buffer, reason: string, options?: ReadTarOptions][] = [
  ['an empty stream', Buffer.alloc(0), 'tar-truncated'],
  ['no end marker', rawBlock({}), 'tar-truncated'],
  ['half a header', rawBlock({}).subarray(0, 300), 'tar-truncated', { endMarkerOptional: true }],
  [
    'half a body',
    Buffer.concat([rawBlock({ size: octal(9) }), Buffer.from('abc')]),
    'tar-truncated',
    { endMarkerOptional: true },
  ],
  [
    'no padding',
    Buffer.concat([rawBlock({ size: octal(3) }), Buffer.from('abc')]),
    'tar-truncated',
    { endMarkerOptional: true },
  ],
  ['half an extended header', Buffer.concat(pax('x', ['path', 'g'])).subarray(0, 700), 'tar-truncated'],
  [
    'an extended header of nothing',
    Buffer.concat(pax('x', ['path', 'g'])),
    'tar-truncated',
    { endMarkerOptional: true },
  ],
  ['an extended header before the end', Buffer.concat([...pax('x', ['path', 'g']), end]), 'tar-truncated'],
  ['a wrong checksum', rawBlock({ checksum: '0000001\0' }), 'tar-header-invalid'],
  ['text', Buffer.from('x'.repeat(1024)), 'tar-header-invalid'],
  ['a lone block of zeros', Buffer.concat([Buffer.alloc(512), rawBlock({}), end]), 'tar-header-invalid'],
  ['a size that is no number', rawBlock({ size: 'x' }), 'tar-header-invalid'],
  ['a negative size', rawBlock({ size: '\xff'.repeat(12) }), 'tar-header-invalid'],
  ['a PAX size that is no number', Buffer.concat([...pax('x', ['size', '-3']), rawBlock({})]), 'tar-header-invalid'],
  [
    'PAX that is none',
    Buffer.concat([rawBlock({ typeflag: 'x', size: octal(8) }), padded('nonsense'), rawBlock({})]),
    'tar-header-invalid',
  ],
  ['a NUL in a PAX path', Buffer.concat([...pax('x', ['path', 'a\0b']), rawBlock({})]), 'tar-header-invalid'],
  [
    'a directory with content',
    Buffer.concat([rawBlock({ name: 'a/', size: octal(3) }), padded('abc'), end]),
    'tar-header-invalid',
  ],
  ['a GNU sparse file', rawBlock({ typeflag: 'S' }), 'tar-unsupported-type'],
  ['a PAX sparse file', Buffer.concat([...pax('x', ['GNU.sparse.major', '1']), rawBlock({})]), 'tar-unsupported-type'],
  ['part of a multi-volume', rawBlock({ typeflag: 'M' }), 'tar-unsupported-type'],
  ['an unknown type', rawBlock({ typeflag: 'Q' }), 'tar-unsupported-type'],
  ['a name that is not UTF-8', rawBlock({ name: 'gr\xfcn' }), 'tar-name-not-utf8'],
  ['an extended header too long', rawBlock({ typeflag: 'x', size: octal(2 ** 21) }), 'tar-header-too-long'],
];
for (const [title, bytes, reason, options] of failures) {
  test(`readTar() refuses ${title}`, async () => {
    await assert.rejects(readAll(bytes, options), failsWith(reason));
  });
}

test('readTar() accepts an end without marker where it may', async () => {
  assert.deepEqual(await readAll(rawBlock({}), { endMarkerOptional: true }), [entry({})]);
});

test('readTar() accepts a checksum of signed bytes', async () => {
  const block = rawBlock({ name: 'ü' });
  block.write('ü', 0);
  let signed = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at > 155) signed += byte > 127 ? byte - 256 : byte;
  block.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148);
  assert.deepEqual(await readAll(Buffer.concat([block, end])), [entry({ name: 'ü' })]);
});

test('readTar() skips what is left of a body', async () => {
  const tar = await tarOf(
    { name: 'a', content: 'a'.repeat(5000) },
    { name: 'b', content: 'b'.repeat(600) },
    { name: 'c' },
  );
  const seen: string[] = [];
  for await (const { header: read, body } of readTar(chunksOf(tar, 700))) {
    seen.push(read.name);
    if (read.name === 'b') for await (const chunk of body) seen.push(chunk.length > 0 ? 'part' : 'nothing');
    if (read.name === 'a') for await (const _ of body) break;
  }
  assert.deepEqual(seen, ['a', 'b', ...seen.slice(2, -1), 'c']);
  assert.ok(seen.includes('part'));
});

test('readTar() reads its stream to the end', async () => {
  let ended = false;
  const stream = async function* () {
    yield await tarOf({ name: 'a' });
    yield Buffer.alloc(9000);
    ended = true;
  };
  for await (const _ of readTar(stream())) assert.equal(ended, false);
  assert.equal(ended, true);
});

test('readTar() closes its stream when it is left', async () => {
  let closed = false;
  const tar = await tarOf({ name: 'a' }, { name: 'b' });
  const stream = async function* () {
    try {
      yield* chunksOf(tar, 512);
    } finally {
      closed = true;
    }
  };
  for await (const _ of readTar(stream())) break;
  assert.equal(closed, true);
});
