/** Archives as ADD reads them: names, order, bytes on disk under numbers. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ArchiveUnpacker } from '../../../src/engine/op/archive.ts';
import type { RunnerServices } from '../../../src/engine/op/runner-services.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { failuresOf } from '../../../src/result.ts';
import type { TarHeader } from '../../../src/tar/header.ts';
import { END_OF_ARCHIVE, encodeHeader } from '../../../src/tar/write.ts';
import { tempDir } from '../../support/temp-dir.ts';

const { signal } = new AbortController();
const plain: TarHeader = {
  type: 'file',
  name: '',
  linkName: '',
  mode: 0o644,
  uid: 1,
  gid: 2,
  size: 0,
  mtime: 3,
  devMajor: 0,
  devMinor: 0,
};

function archive(entries: readonly (Partial<TarHeader> & { readonly text?: string })[]): Buffer {
  const blocks = entries.flatMap(({ text = '', ...header }) => {
    const bytes = Buffer.from(text);
    const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
    return [encodeHeader({ ...plain, ...header, size: bytes.length }), bytes, padding];
  });
  return Buffer.concat([...blocks, END_OF_ARCHIVE]);
}

async function read(bytes: Buffer, decided = digestOf(bytes)) {
  await using temp = await tempDir();
  const file = join(temp.path, 'a.tar');
  await writeFile(file, bytes);
  const session = { tempPath: (name: string) => join(temp.path, name) };
  const services = { store: { session } } as unknown as RunnerServices;
  await using unpacker = new ArchiveUnpacker(services, signal);
  const records = await unpacker.open(file, decided);
  if (records === undefined) return undefined;
  const found: string[] = [];
  for await (const { entry, sourcePath } of records) {
    const target = entry.type === 'hardlink' || entry.type === 'symlink' ? ` -> ${entry.target}` : '';
    const text = sourcePath === undefined ? '' : ` ${await readFile(sourcePath, 'utf8')}`;
    found.push(`${entry.type} ${entry.path}${target}${text}`);
    if (sourcePath !== undefined) assert.match((await readdir(dirname(sourcePath))).join(), /^[\d,]+$/);
  }
  return found;
}

const cases: [title: string, entries: Parameters<typeof archive>[0], want: readonly string[] | string][] = [
  [
    'entries keep their order, and may come twice',
    [
      { name: 'b', text: '1' },
      { name: 'a', text: '2' },
      { name: 'b', text: '3' },
    ],
    ['file b 1', 'file a 2', 'file b 3'],
  ],
  [
    '.. and a leading slash stay inside',
    [
      { name: '../x', text: '1' },
      { name: '/y', text: '2' },
      { name: 'a/../../z', text: '3' },
    ],
    ['file x 1', 'file y 2', 'file z 3'],
  ],
  [
    'a name and what is below it do not meet on disk',
    [
      { name: 'x/y', text: '1' },
      { name: 'x', text: '2' },
    ],
    ['file x/y 1', 'file x 2'],
  ],
  [
    '. says nothing',
    [
      { type: 'directory', name: './' },
      { name: './x', text: '1' },
    ],
    ['file x 1'],
  ],
  ['/ is the destination', [{ type: 'directory', name: '/' }], ['directory ']],
  [
    'targets of hard links are inside as well',
    [
      { type: 'hardlink', name: 'a', linkName: '../../b' },
      { type: 'symlink', name: 'c', linkName: '../../b' },
    ],
    ['hardlink a -> b', 'symlink c -> ../../b'],
  ],
  ['.wh. is no name', [{ name: 'd/.wh.x' }], 'reserved-name'],
];
for (const [title, entries, want] of cases) {
  test(`ArchiveUnpacker: ${title}`, async () => {
    if (typeof want !== 'string') return assert.deepEqual(await read(archive(entries)), want);
    await assert.rejects(read(archive(entries)), (error) => failuresOf(error)?.[0]?.reason === want);
  });
}

test('ArchiveUnpacker: a compressed archive, and a file that is none', async () => {
  assert.deepEqual(await read(gzipSync(archive([{ name: 'x', text: '1' }]))), ['file x 1']);
  assert.equal(await read(Buffer.from('no archive')), undefined);
  assert.equal(await read(gzipSync('no archive')), undefined);
});

test('ArchiveUnpacker: other bytes than were decided on', async () => {
  const reading = read(archive([{ name: 'x', text: '1' }]), digestOf('other'));
  await assert.rejects(reading, (error) => failuresOf(error)?.[0]?.reason === 'context-changing');
});
