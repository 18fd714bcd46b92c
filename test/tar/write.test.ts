import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TarHeader } from '../../src/tar/header.ts';
import { encodeHeader, writeTar } from '../../src/tar/write.ts';
import { header, readAll, tarOf } from './archive.ts';
import { failsWith } from './failing.ts';

const long = `${'dir/'.repeat(40)}file`;
const cases: [title: string, fields: Partial<TarHeader>, blocks: number][] = [
  ['a plain file', { name: 'a/b', mode: 0o4755, uid: 1, gid: 2, mtime: 1700000000 }, 1],
  ['a name that fills its field', { name: 'n'.repeat(100) }, 1],
  ['a name that does not', { name: 'n'.repeat(101) }, 3],
  ['a long name', { name: long }, 1],
  ['a long name of a directory', { name: `${long}/`, type: 'directory' }, 1],
  ['a name that fills prefix and field', { name: `${'p'.repeat(155)}/${'n'.repeat(100)}` }, 1],
  ['a name with a prefix too long', { name: `${'p'.repeat(156)}/n` }, 3],
  ['a name with a last part too long', { name: `p/${'n'.repeat(101)}` }, 3],
  ['a directory with a last part that fills its field', { name: `p/${'n'.repeat(99)}/`, type: 'directory' }, 1],
  ['a directory with a last part too long', { name: `p/${'n'.repeat(100)}/`, type: 'directory' }, 3],
  ['a long name that needs PAX for its owner', { name: long, uid: 2 ** 21 }, 3],
  ['a name cut behind a slash', { name: `${'n'.repeat(99)}/f`, mtime: -1 }, 3],
  ['a name in UTF-8', { name: 'größe' }, 3],
  ['a long target', { type: 'symlink', linkName: long }, 3],
  ['an owner of eight digits', { uid: 2 ** 21, gid: 2 ** 32 - 2 }, 3],
  ['the greatest owner of ustar', { uid: 2 ** 21 - 1 }, 1],
  ['a size above 8 GiB', { size: 2 ** 33 }, 3],
  ['a time before the epoch', { mtime: -1 }, 3],
  ['a time far off', { mtime: 2 ** 33 }, 3],
  ['attributes', { xattrs: { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=', 'user.a': 'AP8K' } }, 3],
  ['a device', { type: 'block-device', devMajor: 8, devMinor: 1 }, 1],
];
for (const [title, fields, blocks] of cases) {
  test(`encodeHeader() writes ${title}`, async () => {
    const bytes = encodeHeader(header(fields));
    assert.equal(bytes.length, blocks * 512);
    const size = Buffer.alloc(fields.size === undefined ? 0 : 1024);
    const read = readAll(Buffer.concat([bytes, size, Buffer.alloc(1024)]));
    // The body of 8 GiB is not there; its header is.
    if (fields.size === undefined) assert.deepEqual(await read, [{ ...header(fields), content: '' }]);
    else await assert.rejects(read, /the tar ends in the middle of "f"/);
  });
}

test('writeTar() writes what archive/tar of Go 1.26 writes of the same', async () => {
  const tar = await tarOf(
    { type: 'directory', name: 'd/', mode: 0o1777, mtime: 1700000000 },
    { name: 'd/ä', content: 'hello', uid: 3_000_000, xattrs: { 'user.b': 'Yg==', 'user.a': 'YQ==' } },
    { type: 'symlink', name: long, linkName: '../x', mode: 0o777 },
  );
  assert.equal(tar.length, 6 * 512 + 1024);
  assert.equal(
    createHash('sha256').update(tar).digest('hex'),
    '70ef0b7fb2710ae388782c90c403961904e6b54fc0f12e6a7d7ebd012485cceb',
  );
});

const sizes: [title: string, size: number, content: string][] = [
  ['shorter', 4, 'abc'],
  ['longer', 2, 'abc'],
];
for (const [title, size, content] of sizes) {
  test(`writeTar() refuses a body ${title} than its header says`, async () => {
    await assert.rejects(tarOf({ size, content }), failsWith('tar-body-size'));
  });
}

test('writeTar() refuses an attribute whose name PAX cannot say', async () => {
  await assert.rejects(tarOf({ xattrs: { 'user.a=b': '' } }), failsWith('tar-xattr-name'));
});

const component = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
  .filter((text) => !/[\0/]/.test(text) && !/\p{Surrogate}/u.test(text));
const path = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const id = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const xattrs = fc.option(
  fc.dictionary(
    fc.stringMatching(/^user\.[a-z.]{1,20}$/),
    fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    { minKeys: 1, maxKeys: 3 },
  ),
  { nil: undefined },
);
const metadata = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: id,
  gid: id,
  mtime: fc.integer({ min: -(2 ** 35), max: 2 ** 35 }),
});
const written = fc.oneof(
  fc.record({ type: fc.constant('file' as const), name: path, content: fc.string({ maxLength: 2000 }) }),
  fc.record({ type: fc.constant('directory' as const), name: path.map((text) => `${text}/`) }),
  fc.record({ type: fc.constantFrom('symlink' as const, 'hardlink' as const), name: path, linkName: path }),
  fc.record({
    type: fc.constant('char-device' as const),
    name: path,
    devMajor: fc.nat(4095),
    devMinor: fc.nat(2 ** 20),
  }),
);

test('readTar() reads what writeTar() wrote', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(written, metadata, xattrs)),
      fc.integer({ min: 1, max: 5000 }),
      async (entries, chunk) => {
        const inputs = entries.map(([what, meta, extra]) => ({
          ...what,
          ...meta,
          ...(extra && { xattrs: { ...extra } }),
        }));
        const want = inputs.map((input) => {
          const { content = '', ...fields } = { content: undefined, ...input };
          return { ...header({ ...fields, size: Buffer.byteLength(content) }), content };
        });
        assert.deepEqual(await readAll(await tarOf(...inputs), {}, chunk), want);
      },
    ),
    { numRuns: 60 },
  );
});

test('writeTar() takes bodies in any number of chunks', async () => {
  const body = [Buffer.from('ab'), new Uint8Array(0), new Uint8Array([99])];
  const tar = await buffer(writeTar([{ header: header({ size: 3 }), body }]));
  assert.deepEqual(
    (await readAll(tar)).map(({ content }) => content),
    ['abc'],
  );
});
