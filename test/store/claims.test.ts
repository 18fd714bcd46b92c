// Claims and takers: whichever of them is first, both come to the same view of what is there.
import assert from 'node:assert/strict';
import { rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeAway } from '../../src/store/care.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';

const never = new AbortController().signal;
const all = { limits: {}, takesNeeded: true } as const;
const type = 'application/octet-stream';

/** A blob of long ago. */
async function oldBlob(store: Store, text: string) {
  const descriptor = await store.blobs.putBytes(type, Buffer.from(text));
  await utimes(store.paths.blob(descriptor.digest), 1000, 1000);
  return descriptor;
}

test('what was claimed before is not taken', async () => {
  await using dir = await tempDir();
  await using builder = await Store.open(dir.path);
  await using taker = await Store.open(dir.path);
  const descriptor = await oldBlob(builder, 'claimed');
  const other = await oldBlob(builder, 'other');
  assert.equal(await builder.blobs.has(descriptor, never), true);
  const { entries } = await takeAway(taker, all, never);
  assert.deepEqual(
    entries.map(({ id }) => id),
    [other.digest],
  );
  assert.equal(await builder.blobs.has(descriptor, never), true);
});

test('a claim that comes while things are taken is answered when that is done', async () => {
  await using dir = await tempDir();
  await using builder = await Store.open(dir.path);
  await using taker = await Store.open(dir.path);
  const descriptor = await oldBlob(builder, 'taken');
  const path = taker.paths.blob(descriptor.digest);
  let isAnswered = false;
  let claimed: Promise<number | undefined> | undefined;
  await taker.claims.whileTaking(async () => {
    claimed = builder.claims.claim(path);
    void claimed.then(() => {
      isAnswered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(isAnswered, false);
    await rename(path, join(taker.session.path, 'taken'));
  }, never);
  assert.equal(await claimed, undefined);
});

test('reading claims: what a manifest that is being read names stays', async () => {
  await using dir = await tempDir();
  await using builder = await Store.open(dir.path);
  await using taker = await Store.open(dir.path);
  const layer = await oldBlob(builder, 'layer');
  const config = await oldBlob(builder, '{}');
  const manifest = await oldBlob(builder, JSON.stringify({ schemaVersion: 2, config, layers: [layer] }));
  const loose = await oldBlob(builder, 'loose');
  for await (const _ of await builder.blobs.open(manifest, never));
  const { entries } = await takeAway(taker, all, never);
  assert.deepEqual(
    entries.map(({ id }) => id),
    [loose.digest],
  );
});

test('what this session itself has put is taken once its work is done', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const { digest } = await store.blobs.putBytes(type, Buffer.from('mine'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const { entries } = await takeAway(store, all, never);
  assert.deepEqual(
    entries.map(({ id }) => id),
    [digest],
  );
});

test('a taker that was killed keeps nobody waiting', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = await oldBlob(store, 'x');
  const { symlink } = await import('node:fs/promises');
  await symlink('00000000-1-1-1:0123456789abcdef', store.paths.taking);
  assert.equal(await store.blobs.has(descriptor, never), true);
});
