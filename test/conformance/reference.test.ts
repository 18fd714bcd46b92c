import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { caseDigest, contextTimes, readCase, stageContext } from './case.ts';
import type { Node, ReadImage } from './image.ts';
import { Reference, resultFrom, textOf } from './reference.ts';

const file: Node = {
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 2,
  mtime: 50,
  size: 3,
  content: 'abc',
  xattrs: { a: 'b' },
};
const image: ReadImage = {
  config: { Env: ['A=host:1'] },
  history: [{ created_by: 'x' }],
  diffIDs: ['sha256:1'],
  tree: new Map([
    ['a', file],
    ['b', { ...file, mtime: 100 }],
    ['same', file],
  ]),
};

test('reference: what is kept is what was made, with names of one file, and without times that nobody defined', () => {
  const result = resultFrom(textOf({ image }, 100));
  assert.ok('image' in result);
  const { tree, ...rest } = result.image;
  assert.deepEqual(rest, { config: image.config, history: image.history, diffIDs: image.diffIDs });
  assert.deepEqual([...tree.keys()], ['a', 'b', 'same']);
  assert.deepEqual(tree.get('a'), file);
  assert.equal(tree.get('a'), tree.get('same'));
  assert.notEqual(tree.get('a'), tree.get('b'));
  assert.ok(tree.get('b')!.mtime > Date.now() / 1000);
  assert.deepEqual(resultFrom(textOf({ refused: 'no' }, 100)), { refused: 'no' });
});

/** A case in a new folder. */
async function caseIn(directory: string, dockerfile: string, content: string, mode = 0o644) {
  await mkdir(join(directory, 'context'), { recursive: true });
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  await writeFile(join(directory, 'context/f'), content);
  await chmod(join(directory, 'context/f'), mode);
  return await readCase(directory, 'it');
}

test('reference: each thing that a case is made of is in its digest, and the place is not', async () => {
  await using directory = await tempDir();
  const digest = async (name: string, ...made: [string, string, number?]) =>
    await caseDigest(await caseIn(join(directory.path, name), ...made));
  const first = await digest('a', 'FROM scratch\n', '1');
  assert.equal(await digest('b', 'FROM scratch\n', '1'), first);
  const others = [
    await digest('c', 'FROM scratch \n', '1'),
    await digest('d', 'FROM scratch\n', '2'),
    await digest('e', 'FROM scratch\n', '1', 0o600),
  ];
  assert.equal(new Set([first, ...others]).size, 4);
});

test('reference: a context has the same times whenever it is staged, and other cases have others', async () => {
  await using directory = await tempDir();
  const time = async (name: string, content: string) => {
    const one = await caseIn(join(directory.path, name), 'FROM scratch\n', content);
    const context = join(directory.path, `${name}-${Math.random()}`);
    await stageContext(one, context);
    const { statSync } = await import('node:fs');
    return statSync(join(context, 'f')).mtimeMs / 1000;
  };
  const first = await time('a', '1');
  assert.equal(await time('a', '1'), first);
  assert.notEqual(await time('b', '2'), first);
  assert.ok(first >= contextTimes.first && first <= contextTimes.last);
});

test('reference: builds a case once for all runs, another one for other bases, and what was not kept again', async () => {
  await using directory = await tempDir();
  const one = await caseIn(join(directory.path, 'case'), 'FROM scratch\n', '1');
  let builds = 0;
  let ended = 0;
  const start = async () => ({
    name: 'builder',
    build: async () => ({ refused: `by host:1, ${++builds}` }),
    async [Symbol.asyncDispose]() {
      ended++;
    },
  });
  const stage = async () => ({ case: one, context: '/nowhere', scratch: '/nowhere' });
  const ask = async (options: { surroundings: string; registry: string; keep: boolean }) => {
    const { keep, registry, ...rest } = options;
    const hosts = { BASES: registry };
    const results = join(directory.path, 'results');
    await using reference = new Reference({ start, directory: results, began: 0, hosts, ...rest });
    const result = await reference.resultOf(one, stage);
    if (keep) await reference.keep(one, result);
    return 'refused' in result ? result.refused : undefined;
  };
  const here = { surroundings: 'x', registry: 'host:1' };
  assert.equal(await ask({ ...here, keep: false }), 'by host:1, 1');
  assert.equal(await ask({ ...here, keep: true }), 'by host:1, 2');
  // The registry of a run has a port of its own.
  assert.equal(await ask({ ...here, registry: 'host:2', keep: false }), 'by host:2, 2');
  assert.equal(await ask({ ...here, surroundings: 'y', keep: false }), 'by host:1, 3');
  assert.equal(ended, 3);
});
