import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { isReadAsUnpacked, nameOrderOf } from '../../src/layer/name-order.ts';
import { tempDir } from '../support/temp-dir.ts';

const owned = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
const directory = (path: string): LayerEntry => ({ type: 'directory', path, ...owned });

test('the order of names: a directory that was made as its layer says is read as if it were unpacked', async () => {
  await using temp = await tempDir();
  const order = nameOrderOf(join(temp.path, 'names'));
  const index = ['d', 'd/a', 'd/a-b', 'd/a/x', 'd/b', 'e'].map(directory);
  const root = join(temp.path, 'root');
  await mkdir(root);
  for (const { path } of index.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
    await mkdir(join(root, path), { recursive: true });
  assert.equal(isReadAsUnpacked(root, index, order), order !== 'unknown');
});

/** Of one name or none in each directory, no order can be told. */
const rows: readonly [
  title: string,
  paths: readonly string[],
  order: 'own' | 'forwards' | 'backwards' | 'unknown',
  want: boolean,
][] = [
  ['files of a file system with an order of its own', ['a', 'b'], 'own', true],
  ['one name in each directory, forwards', ['a', 'a/b'], 'forwards', true],
  ['one name in each directory, backwards', ['a', 'a/b'], 'backwards', true],
  ['an order that nobody knows', ['a', 'a/b'], 'unknown', false],
];
for (const [title, paths, order, want] of rows)
  test(`the order of names: ${title}`, async () => {
    await using temp = await tempDir();
    for (const path of paths) await mkdir(join(temp.path, path));
    await mkdir(join(temp.path, 'not-of-the-layer'));
    assert.equal(isReadAsUnpacked(temp.path, paths.map(directory), order), want);
  });

test('the order of names: two of one directory are in one order only', async () => {
  await using temp = await tempDir();
  for (const name of ['a', 'b']) await mkdir(join(temp.path, name));
  const index = ['a', 'b'].map(directory);
  const answers = (['forwards', 'backwards'] as const).map((order) => isReadAsUnpacked(temp.path, index, order));
  assert.deepEqual(answers.toSorted(), [false, true]);
});

test('the order of names: pipes are made at the end, so nothing is known of a layer with one', async () => {
  await using temp = await tempDir();
  assert.equal(isReadAsUnpacked(temp.path, [{ type: 'fifo', path: 'p', ...owned }], 'forwards'), false);
});
