import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { fails } from './fails.ts';
import { Child } from './start-child.ts';

const never = new AbortController().signal;

function image(name: string): Descriptor {
  return { mediaType: mediaTypes.imageIndex, digest: digestOf(name), size: name.length };
}

const descriptors: [title: string, descriptor: Descriptor][] = [
  ['as plain as can be', image('a')],
  ['with annotations', { ...image('a'), annotations: { 'test.key': 'value' } }],
  ['with a platform', { ...image('a'), platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }],
];
for (const [title, descriptor] of descriptors) {
  test(`get() gives what set() was given: a descriptor ${title}`, async () => {
    await using dir = await tempDir();
    await using store = await Store.open(dir.path);
    await store.refs.set(new Map([['localhost:5000/a/b:1', descriptor]]), never);
    assert.deepEqual(await store.refs.get('localhost:5000/a/b:1'), descriptor);
    assert.equal(await store.refs.get('localhost:5000/a/b:2'), undefined);
    await using other = await Store.open(dir.path);
    assert.deepEqual(await other.refs.get('localhost:5000/a/b:1'), descriptor);
  });
}

test('set() replaces, adds and keeps the rest; remove() says what was there', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await store.refs.set(
    new Map([
      ['a:1', image('x')],
      ['b:1', image('x')],
    ]),
    never,
  );
  await store.refs.set(
    new Map([
      ['a:1', image('y')],
      ['c:1', image('z')],
    ]),
    never,
  );
  assert.deepEqual(
    await store.refs.list(),
    new Map([
      ['b:1', image('x')],
      ['a:1', image('y')],
      ['c:1', image('z')],
    ]),
  );
  assert.deepEqual(await store.refs.remove(['b:1', 'c:1', 'd:1'], never), ['b:1', 'c:1']);
  assert.deepEqual(await store.refs.list(), new Map([['a:1', image('y')]]));
});

test('what other tools have written is kept: entries without a name, fields we do not know', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const nameless = { ...image('n'), annotations: { 'other.tool': '1' } };
  const index = { schemaVersion: 2, annotations: { by: 'hand' }, manifests: [nameless], extra: { a: 1 } };
  await writeFile(store.paths.index, JSON.stringify(index));
  await store.refs.set(new Map([['a:1', image('x')]]), never);
  assert.deepEqual(JSON.parse(await readFile(store.paths.index, 'utf8')), {
    ...index,
    manifests: [nameless, { ...image('x'), annotations: { 'org.opencontainers.image.ref.name': 'a:1' } }],
  });
  assert.deepEqual(await store.refs.list(), new Map([['a:1', image('x')]]));
  assert.equal((await store.refs.roots()).length, 2);
});

const broken: [title: string, text: string | undefined][] = [
  ['missing', undefined],
  ['empty', ''],
  ['cut off', '{"schemaVersion":2,"manif'],
  ['not an index', '{"schemaVersion":2}'],
  ['with a digest that is none', '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:1","size":1}]}'],
];
for (const [title, text] of broken) {
  test(`an index.json that is ${title} is reported and never replaced`, async () => {
    await using dir = await tempDir();
    await using store = await Store.open(dir.path);
    await store.refs.set(new Map([['a:1', image('x')]]), never);
    await (text === undefined ? rm(store.paths.index) : writeFile(store.paths.index, text));
    for (const work of [
      () => store.refs.get('a:1'),
      () => store.refs.list(),
      () => store.refs.set(new Map([['b:1', image('x')]]), never),
      () => store.refs.remove(['a:1'], never),
    ]) {
      const { hint } = await fails(work(), 'index-unreadable');
      assert.notEqual(hint, undefined);
    }
    assert.equal(await readFile(store.paths.index, 'utf8').catch(() => undefined), text);
  });
}

test('set() of several at once loses none: in one process, two stores', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await using other = await Store.open(dir.path);
  const names = Array.from({ length: 20 }, (_, i) => `a:${i}`);
  await Promise.all(names.map((name, i) => (i % 2 ? store : other).refs.set(new Map([[name, image(name)]]), never)));
  assert.deepEqual([...(await store.refs.list()).keys()].sort(), [...names].sort());
});

test('set() loses no name of several processes', async () => {
  await using dir = await tempDir();
  const names = ['a', 'b', 'c'];
  const children = await Promise.all(names.map((name) => Child.start('refs', dir.path, name, '15')));
  await Promise.all(children.map((child) => child.ended()));
  await using store = await Store.open(dir.path);
  const expected = names.flatMap((name) => Array.from({ length: 15 }, (_, i) => `registry.test/${name}:${i}`));
  assert.deepEqual([...(await store.refs.list()).keys()].sort(), expected.sort());
});
