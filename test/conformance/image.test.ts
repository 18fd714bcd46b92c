import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { TarHeader } from '../../src/tar/header.ts';
import { writeTar } from '../../src/tar/write.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type ReadImage, readImage } from './image.ts';

type Entry = Partial<TarHeader> & { readonly name: string; readonly text?: string };

const d = (name: string, fields: Partial<TarHeader> = {}): Entry => ({
  type: 'directory',
  mode: 0o755,
  name,
  ...fields,
});
const f = (name: string, text = name): Entry => ({ name, text });
const whiteout = (name: string): Entry => ({ name, mode: 0 });

/** Names that the layers above each other leave. */
const stacks: readonly [name: string, layers: readonly (readonly Entry[])[], left: readonly string[]][] = [
  ['one layer', [[d('d/'), f('d/x')]], ['d', 'd/x']],
  ['names with dots and slashes in front', [[d('./'), d('./d/'), f('/d/x')]], ['d', 'd/x']],
  ['a file that is removed', [[d('d/'), f('d/x'), f('d/y')], [whiteout('d/.wh.x')]], ['d', 'd/y']],
  ['a file of the root that is removed', [[f('x'), f('y')], [whiteout('.wh.x')]], ['y']],
  ['a directory that is removed', [[d('d/'), f('d/x'), f('dx')], [whiteout('.wh.d')]], ['dx']],
  [
    'an opaque directory',
    [
      [d('d/'), f('d/x'), d('d/s/'), f('d/s/y'), f('e')],
      [d('d/'), whiteout('d/.wh..wh..opq'), f('d/n')],
    ],
    ['d', 'd/n', 'e'],
  ],
  [
    'an opaque mark after what is new',
    [
      [d('d/'), f('d/x')],
      [d('d/'), f('d/n'), whiteout('d/.wh..wh..opq')],
    ],
    ['d', 'd/n'],
  ],
  ['a file in the place of a directory', [[d('d/'), f('d/x')], [f('d')]], ['d']],
  ['a directory in the place of a file', [[f('d')], [d('d/'), f('d/x')]], ['d', 'd/x']],
  [
    'a directory above another',
    [
      [d('d/'), f('d/x')],
      [d('d/'), f('d/y')],
    ],
    ['d', 'd/x', 'd/y'],
  ],
];

for (const [name, layers, left] of stacks) {
  test(`image: ${name}`, async () => {
    assert.deepEqual([...(await imageOf(layers)).tree.keys()].sort(), left);
  });
}

test('image: what is known of a file', async () => {
  const link: Entry = { name: 'l', type: 'symlink', linkName: '../x', mode: 0o777 };
  const device: Entry = { name: 'n', type: 'char-device', devMajor: 1, devMinor: 3, mode: 0o600 };
  const file: Entry = { name: 'f', text: 'abc', mode: 0o4755, uid: 5, gid: 6, mtime: 7, xattrs: { 'user.a': 'Yg==' } };
  const { tree } = await imageOf([[link, device, file]]);
  assert.deepEqual(tree.get('f'), {
    type: 'file',
    mode: 0o4755,
    uid: 5,
    gid: 6,
    mtime: 7,
    size: 3,
    content: createHash('sha256').update('abc').digest('hex'),
    xattrs: { 'user.a': 'Yg==' },
  });
  assert.equal(tree.get('l')?.content, '../x');
  assert.equal(tree.get('n')?.content, '1:3');
});

test('image: the mode of a directory is that of the last layer', async () => {
  const { tree } = await imageOf([[d('d/', { mode: 0o700 })], [d('d/', { mode: 0o711, uid: 3 })]]);
  assert.deepEqual([tree.get('d')?.mode, tree.get('d')?.uid], [0o711, 3]);
});

test('image: names that are one file are one object, until one is written anew', async () => {
  const link: Entry = { name: 'b', type: 'hardlink', linkName: './a' };
  const one = await imageOf([[f('a'), link]]);
  assert.equal(one.tree.get('a'), one.tree.get('b'));
  const two = await imageOf([[f('a'), link], [f('b')]]);
  assert.notEqual(two.tree.get('a'), two.tree.get('b'));
});

test('image: configuration, history and layers', async () => {
  const { config, history, diffIDs } = await imageOf([[f('a')], [f('b')]]);
  assert.deepEqual(config, { architecture: 'amd64', os: 'linux', Env: ['A=1'] });
  assert.deepEqual(history, [{ created_by: 'x' }]);
  assert.equal(diffIDs.length, 2);
});

/** An image of these layers, written with an attestation beside it, and read. */
async function imageOf(layers: readonly (readonly Entry[])[]): Promise<ReadImage> {
  await using directory = await tempDir();
  await mkdir(join(directory.path, 'blobs/sha256'), { recursive: true });
  const add = async (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(directory.path, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object) => add(Buffer.from(JSON.stringify(value)), 'application/json');
  const blobs = [];
  for (const [index, entries] of layers.entries()) {
    const bytes = await buffer(writeTar(entries.map(inputOf)));
    // Every other one is compressed.
    const isZipped = index % 2 === 1;
    blobs.push(
      await add(isZipped ? gzipSync(bytes) : bytes, `application/vnd.oci.image.layer.v1.tar${isZipped ? '+gzip' : ''}`),
    );
  }
  const config = await json({
    ...{ architecture: 'amd64', os: 'linux', created: 'now', config: { Env: ['A=1'] } },
    ...{ history: [{ created_by: 'x' }], rootfs: { type: 'layers', diff_ids: blobs.map(({ digest }) => digest) } },
  });
  const manifest = { ...(await json({ config, layers: blobs })), platform: { os: 'linux' } };
  const attestation = { ...(await json({ config: manifest, layers: [] })), platform: { os: 'unknown' } };
  await writeFile(join(directory.path, 'index.json'), JSON.stringify({ manifests: [attestation, manifest] }));
  return await readImage(directory.path);
}

function inputOf({ text = '', ...fields }: Entry) {
  const header = {
    type: 'file',
    linkName: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    devMajor: 0,
    devMinor: 0,
  } as const;
  const body = Buffer.from(text);
  return { header: { ...header, ...fields, size: body.length }, body: body.length > 0 ? [body] : undefined };
}
