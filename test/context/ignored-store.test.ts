/** The store of cip below a context: no line of an ignore file brings any of it back, and nothing else is left out. */
import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ignoringStore } from '../../src/context/ignored-store.ts';
import { ignoreMatcher } from '../../src/dockerfile/dockerignore.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Row {
  /** From the context. */
  readonly store: string;
  readonly ignore?: readonly string[];
  /** Paths that are left out, besides all that is in the store. */
  readonly out?: readonly string[];
  readonly in?: readonly string[];
}

const below: Readonly<Record<string, Row>> = {
  'a directory': { store: '.cip-store', out: ['.cip-store'], in: ['.cip-store2', 'x/.cip-store', 'cip-store'] },
  'a directory further below': { store: '.cache/cip', out: ['.cache/cip'], in: ['.cache', '.cache/npm', 'cip'] },
  'a star in its name': { store: 'a*b', in: ['axb', 'ab', 'a/b'] },
  'a question mark in its name': { store: 'a?b', in: ['axb'] },
  'brackets in its name': { store: 'a[bc]d', in: ['abd', 'acd'] },
  'half a bracket in its name': { store: 'a[b', in: ['ab'] },
  'two stars for a name': { store: '**/s', in: ['s', 'x/s', 'x/y/s'] },
  'a backslash in its name': { store: 'a\\*b', in: ['a*b', 'a\\xb'] },
  'a mark of exceptions in front of its name': { store: '!s', in: ['s', 's/file'] },
  'a mark of comments in front of its name': { store: '#s', in: ['s'] },
  'blanks around its name': { store: ' s ', in: ['s'] },
  'dots in front of its name': { store: '..s', in: ['s'] },
  'an exception for it': { store: 's', ignore: ['!s', '!s/**'], in: ['t'] },
  'an exception for files of it, in a directory that is left out': {
    store: 's',
    ignore: ['*', '!**/records', '!s/blobs/x'],
    out: ['s', 't'],
    in: ['t/records'],
  },
  'an exception for what is beside it': { store: 'a/s', ignore: ['a', '!a/t'], out: ['a/u'], in: ['a/t'] },
};

for (const [title, { store, ignore = [], out = [], in: taken = [] }] of Object.entries(below)) {
  test(`the store is left out: ${title}`, async () => {
    const patterns = await ignoringStore(ignore, { context: '/none/context', store: `/none/context/${store}` });
    assert.deepEqual(patterns.slice(0, ignore.length), ignore);
    const matcher = ignoreMatcher(patterns);
    const inStore = ['', '/records', '/records/file-digests.log', '/blobs/x', '/blobs/x/y'].map((path) => store + path);
    for (const path of [...inStore, ...out]) assert.equal(matcher.excludes(path), true, path);
    for (const path of taken) assert.equal(matcher.excludes(path), false, path);
    assert.equal(matcher.mayContainIncluded(store), false);
  });
}

const elsewhere = {
  'beside the context': '/none/store',
  'the context itself': '/none/context',
  'above the context': '/none',
  'beside it, with a name that goes on': '/none/context-store',
};
for (const [title, store] of Object.entries(elsewhere)) {
  test(`nothing is left out: ${title}`, async () => {
    assert.deepEqual(await ignoringStore(['x'], { context: '/none/context', store }), ['x']);
  });
}

test('where links lead decides', async () => {
  await using temp = await tempDir();
  const context = join(temp.path, 'context');
  await mkdir(join(context, 'real'), { recursive: true });
  await mkdir(join(temp.path, 'outside'));
  await symlink('context/real', join(temp.path, 'inwards'));
  await symlink('../outside', join(context, 'outwards'));
  const patternsFor = (store: string) => ignoringStore([], { context, store });
  assert.deepEqual(await patternsFor(join(temp.path, 'inwards')), ['real']);
  assert.deepEqual(await patternsFor(join(context, 'outwards')), []);
});
