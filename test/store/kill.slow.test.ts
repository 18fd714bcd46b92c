// What the store promises about kill -9: whatever was said to be done is there and whole, what was not is not in the way.
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { z } from 'zod';
import { copyGraph } from '../../src/oci/copy-graph.ts';
import { prune } from '../../src/store/prune.ts';
import { Store } from '../../src/store/store.ts';
import { emptyTrash } from '../../src/store/trash.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Child } from './start-child.ts';

const never = new AbortController().signal;
const rounds = 6;

/** Lets the children work for a moment that is never the same, and kills them all. */
async function killAll(children: readonly Child[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      await delay(Math.random() * 60);
      await child.kill();
    }),
  );
}

/** What they did since they were ready. */
function doneBy(child: Child): string[] {
  return child.said.filter((line) => line !== 'ready') as string[];
}

test('images: names lead to whole images, and none that was set is missing', async () => {
  await using dir = await tempDir();
  const root = join(dir.path, 'store');
  const expected = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const children = await Promise.all(['a', 'b'].map((name) => Child.start('images', root, `${name}${round}`)));
    await killAll(children);
    for (const name of children.flatMap(doneBy)) expected.add(name);
  }
  await using store = await Store.open(root);
  await using copy = await Store.open(join(dir.path, 'copy'));
  const refs = await store.refs.list();
  for (const name of expected) assert.ok(refs.has(name), `${name} is missing`);
  for (const descriptor of refs.values()) await copyGraph(descriptor, { from: store.blobs, to: copy.blobs }, never);
  assert.ok(refs.size >= expected.size);

  assert.deepEqual(await readdir(store.paths.sessions), [store.session.path.split('/').at(-1)]);
  assert.deepEqual(await emptyTrash(store.paths.trash), []);
  const odd = (await readdir(root)).filter((name) => name.startsWith('lock'));
  await prune(store, { grace: 0 }, never);
  assert.deepEqual(
    (await readdir(root)).filter((name) => name.startsWith('lock')),
    [],
    `before: ${odd}`,
  );
});

test('images: skopeo reads what a killed process has set', needs('skopeo'), async () => {
  await using dir = await tempDir();
  const child = await Child.start('images', dir.path, 'a');
  while (child.said.length < 5) await delay(5);
  await child.kill();
  for (const name of doneBy(child)) {
    const { stdout } = await execa('skopeo', ['inspect', '--raw', `oci:${join(dir.path, 'images')}:${name}`]);
    assert.equal(JSON.parse(stdout).layers.length, 1);
  }
});

test('records: all that were appended are there, while others are killed and one compacts', async () => {
  await using dir = await tempDir();
  const expected = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const writers = await Promise.all(['x', 'y'].map((name) => Child.start('records', dir.path, `${name}${round}`)));
    await killAll(writers);
    for (const key of writers.flatMap(doneBy)) expected.add(key);
    await using store = await Store.open(dir.path);
    const log = store.records('steps', z.object({ name: z.string(), i: z.number(), text: z.string() }));
    if (round % 3 === 2) await log.compact(never);
    for (const key of expected) {
      const value = await log.get(key);
      assert.equal(`${value?.name} ${value?.i}`, key);
    }
  }
  assert.ok(expected.size > rounds);
});

test('locks: kills never let two in, and never keep all out', async () => {
  await using dir = await tempDir();
  let entered = 0;
  for (let round = 0; round < rounds; round++) {
    // The file `inside` that a killed holder leaves is his to remove, so each round begins without.
    await rm(join(dir.path, 'inside'), { force: true });
    await using victim = await Child.start('hold', dir.path);
    const grabbers = await Promise.all(['a', 'b', 'c'].map((name) => Child.start('grab', dir.path, name)));
    assert.equal(await readFile(join(dir.path, 'inside'), 'utf8').catch(() => undefined), undefined);
    await victim.kill();
    const seen = new Set<string>();
    for (let i = 0; i < 400 && seen.size < 2; i++) {
      seen.add(await readFile(join(dir.path, 'inside'), 'utf8').catch(() => ''));
      await delay(1);
    }
    seen.delete('');
    entered += seen.size;
    // A grabber that found another inside has failed by itself, and kill() says so.
    await Promise.all(grabbers.map((child) => child.kill()));
  }
  assert.ok(entered >= rounds);
});

test('prune: a process that prunes all the time takes nothing that another is working with', async () => {
  await using dir = await tempDir();
  const root = join(dir.path, 'store');
  await (await Store.open(root)).close();
  const expected = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const children = [await Child.start('prune', root), await Child.start('images', root, `p${round}`)];
    await delay(200);
    await killAll(children);
    for (const name of children.flatMap(doneBy)) expected.add(name);
  }
  await using store = await Store.open(root);
  await using copy = await Store.open(join(dir.path, 'copy'));
  const refs = await store.refs.list();
  for (const name of expected) assert.ok(refs.has(name), `${name} is missing`);
  for (const descriptor of refs.values()) await copyGraph(descriptor, { from: store.blobs, to: copy.blobs }, never);
});
