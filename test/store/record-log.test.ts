import assert from 'node:assert/strict';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { RecordLog } from '../../src/store/record-log.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Child } from './start-child.ts';

const never = new AbortController().signal;
const Value = z.object({ n: z.number() });

function file(store: Store): string {
  return join(store.paths.records, 'test.log');
}

async function entries<T>(log: RecordLog<T>): Promise<(readonly [key: string, value: T])[]> {
  const found: (readonly [key: string, value: T])[] = [];
  for await (const entry of log.entries()) found.push(entry);
  return found;
}

test('get() gives the last value of a key, also to others that have the log open', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await using other = await Store.open(dir.path);
  const log = store.records('test', Value);
  const theirs = other.records('test', Value);
  assert.equal(await theirs.get('a'), undefined);
  await log.append('a', { n: 1 });
  assert.deepEqual(await theirs.get('a'), { n: 1 });
  await theirs.append('a', { n: 2 });
  await log.append('b', { n: 3 });
  assert.deepEqual(await log.get('a'), { n: 2 });
  assert.deepEqual(await entries(theirs), [
    ['a', { n: 2 }],
    ['b', { n: 3 }],
  ]);
});

test('any keys and values come back', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('test', z.unknown());
  await using other = await Store.open(dir.path);
  const theirs = other.records('test', z.unknown());
  const key = fc.oneof(fc.string(), fc.constantFrom('', '\n', '\t', '__proto__', '\ud800', 'ä\u2028'));
  await fc.assert(
    fc.asyncProperty(key, fc.jsonValue(), async (key, value) => {
      await log.append(key, value);
      assert.deepEqual(await theirs.get(key), JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 100 },
  );
});

test('a value of another shape counts as none', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await store.records('test', z.unknown()).append('a', 'text');
  await using other = await Store.open(dir.path);
  assert.equal(await other.records('test', Value).get('a'), undefined);
});

test('a last line that a kill has cut off anywhere is skipped, and the next append is whole', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('test', Value);
  await log.append('a', { n: 1 });
  const { size: before } = await stat(file(store));
  await log.append('b', { n: 2 });
  const whole = await readFile(file(store));
  for (let size = before; size < whole.length; size++) {
    await writeFile(file(store), whole);
    await truncate(file(store), size);
    await using reader = await Store.open(dir.path);
    const theirs = reader.records('test', Value);
    assert.deepEqual(await theirs.get('a'), { n: 1 });
    assert.equal(await theirs.get('b'), undefined, `cut off at ${size}`);
    await log.append('c', { n: 3 });
    assert.deepEqual(await theirs.get('c'), { n: 3 }, `cut off at ${size}`);
    assert.deepEqual(await theirs.get('a'), { n: 1 });
  }
});

test('a record that appears piece by piece counts once it is whole', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('test', Value);
  await log.append('a', { n: 1 });
  const line = await readFile(file(store));
  await log.append('a', { n: 2 });
  assert.deepEqual(await log.get('a'), { n: 2 });
  await appendFile(file(store), line.subarray(0, 9));
  assert.deepEqual(await log.get('a'), { n: 2 });
  await appendFile(file(store), line.subarray(9));
  assert.deepEqual(await log.get('a'), { n: 1 });
});

test('a record whose bytes have changed is skipped, the others are not', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('test', Value);
  for (const n of [1, 2, 3]) await log.append(`k${n}`, { n });
  const text = await readFile(file(store), 'utf8');
  await writeFile(file(store), text.replace('{"n":2}', '{"n":7}'));
  await using other = await Store.open(dir.path);
  assert.deepEqual(await entries(other.records('test', Value)), [
    ['k1', { n: 1 }],
    ['k3', { n: 3 }],
  ]);
});

test('records longer than one read are read', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const log = store.records('test', z.string());
  const long = 'ä'.repeat(1_500_000);
  await log.append('long', long);
  await log.append('short', 's');
  assert.equal(await log.get('long'), long);
  assert.equal(await log.get('short'), 's');
});

test('compact() keeps last values and what is wanted, also for others that have the log open', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await using other = await Store.open(dir.path);
  const log = store.records('test', Value);
  const theirs = other.records('test', Value);
  for (let n = 0; n < 50; n++) await log.append(`k${n % 5}`, { n });
  assert.deepEqual(await theirs.get('k0'), { n: 45 });
  const { size: before } = await stat(file(store));
  await log.compact(never, (key) => key !== 'k1');
  assert.ok((await stat(file(store))).size < before / 10);
  const kept = [
    ['k0', { n: 45 }],
    ['k2', { n: 47 }],
    ['k3', { n: 48 }],
    ['k4', { n: 49 }],
  ];
  assert.deepEqual(await entries(log), kept);
  assert.deepEqual(await entries(theirs), kept);
  await theirs.append('k1', { n: 1 });
  assert.deepEqual(await log.get('k1'), { n: 1 });
});

test('compact() of a log that was never written does nothing', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  await store.records('test', Value).compact(never);
  assert.equal(await store.records('test', Value).get('a'), undefined);
});

test('append() loses nothing while several processes append and one compacts', async () => {
  await using dir = await tempDir();
  const names = ['one', 'two', 'compacting'];
  const children = await Promise.all(names.map((name) => Child.start('records', dir.path, name, '100')));
  await Promise.all(children.map((child) => child.ended()));
  await using store = await Store.open(dir.path);
  const log = store.records('steps', z.object({ name: z.string(), i: z.number() }));
  const found = (await entries(log)).map(([key]) => key);
  const expected = names.flatMap((name) => Array.from({ length: 100 }, (_, i) => `${name} ${i}`));
  assert.deepEqual(found.sort(), expected.sort());
});
