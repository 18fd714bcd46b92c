import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import { Store } from '../../src/store/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { fails } from './fails.ts';

const never = new AbortController().signal;
const mediaType = 'application/octet-stream';

function describe(bytes: Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** A timeout that keeps the process alive, unlike AbortSignal.timeout(). */
function soon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  return controller.signal;
}

/** What is in the session but its own file. */
async function leftovers(store: Store): Promise<string[]> {
  return (await readdir(store.session.path)).filter((name) => name !== 'started');
}

const contents: [title: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from('x')],
  ['several reads', randomBytes(1_000_000)],
];
for (const [title, bytes] of contents) {
  test(`put() then open() gives the bytes back: ${title}`, async () => {
    await using dir = await tempDir();
    await using store = await Store.open(dir.path);
    const descriptor = describe(bytes);
    assert.equal(await store.blobs.has(descriptor, never), false);
    await store.blobs.put(descriptor, async () => Readable.from([bytes], { objectMode: false }), never);
    assert.equal(await store.blobs.has(descriptor, never), true);
    assert.equal(await store.blobs.size(descriptor.digest), bytes.length);
    assert.deepEqual(await buffer(await store.blobs.open(descriptor, never)), bytes);
    assert.deepEqual(await readFile(await store.blobs.openPath(descriptor.digest)), bytes);
    assert.deepEqual(await leftovers(store), []);
  });
}

test('put() opens the bytes only when they are missing', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = await store.blobs.putBytes(mediaType, Buffer.from('there'));
  await store.blobs.put(descriptor, () => assert.fail('opened'), never);
});

test('put() of one digest at once, in one process, reads the bytes once', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const bytes = randomBytes(100_000);
  let opened = 0;
  const open = async () => {
    opened += 1;
    await delay(5);
    return Readable.from([bytes], { objectMode: false });
  };
  await Promise.all([1, 2, 3].map(() => store.blobs.put(describe(bytes), open, never)));
  assert.equal(opened, 1);
});

test('put() goes on with its own bytes when the one it waited for fails', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const bytes = randomBytes(1000);
  const broken = store.blobs.put(
    describe(bytes),
    () => delay(5).then(() => Promise.reject(new Error('broken'))),
    never,
  );
  const good = store.blobs.put(describe(bytes), async () => Readable.from([bytes], { objectMode: false }), never);
  await assert.rejects(broken, /broken/);
  await good;
  assert.deepEqual(await buffer(await store.blobs.open(describe(bytes), never)), bytes);
});

const wrong: [title: string, sent: Buffer, reason: string][] = [
  ['other bytes', Buffer.from('HELLO'), 'blob-digest-mismatch'],
  ['too few', Buffer.from('hell'), 'blob-size-mismatch'],
  ['too many', Buffer.from('hello!'), 'blob-size-mismatch'],
];
for (const [title, sent, reason] of wrong) {
  test(`put() refuses ${title}, and leaves nothing`, async () => {
    await using dir = await tempDir();
    await using store = await Store.open(dir.path);
    const descriptor = describe(Buffer.from('hello'));
    await fails(
      store.blobs.put(descriptor, async () => Readable.from([sent], { objectMode: false }), never),
      reason,
    );
    assert.equal(await store.blobs.has(descriptor, never), false);
    assert.deepEqual(await leftovers(store), []);
    assert.deepEqual(await readdir(store.paths.blobs), []);
  });
}

test('put() stops at the first byte too many', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  let sent = 0;
  const endless = Readable.from(
    (function* () {
      for (; sent < 1e9; sent += 65_536) yield Buffer.alloc(65_536);
    })(),
    { objectMode: false },
  );
  await fails(
    store.blobs.put(describe(Buffer.from('x')), async () => endless, never),
    'blob-size-mismatch',
  );
  assert.ok(sent < 10_000_000, `${sent} bytes were read`);
});

test('put() leaves nothing when the source fails or the signal aborts', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = describe(randomBytes(10));
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from('12345');
      throw new Error('source');
    })(),
    { objectMode: false },
  );
  await assert.rejects(
    store.blobs.put(descriptor, async () => failing, never),
    /source/,
  );
  const stuck = new Readable({ read() {} });
  await assert.rejects(
    store.blobs.put(descriptor, async () => stuck, soon()),
    {
      name: 'AbortError',
    },
  );
  assert.ok(stuck.destroyed);
  assert.deepEqual(await leftovers(store), []);
});

test('writer() finds out digest and size, of many small writes and of large ones', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const pieces = Array.from({ length: 2000 }, (_, i) => randomBytes(i % 700));
  const bytes = Buffer.concat(pieces);
  const writer = store.blobs.writer();
  await pipeline(pieces, writer);
  assert.equal(existsSync(store.paths.blob(digestOf(bytes))), false);
  assert.deepEqual(await writer.commit(), { digest: digestOf(bytes), size: bytes.length });
  assert.deepEqual(await buffer(await store.blobs.open(describe(bytes), never)), bytes);
  await writer.abort();
  assert.equal(await store.blobs.has(describe(bytes), never), true);
});

test('writer() aborted leaves nothing, before and after its end', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const begun = store.blobs.writer();
  begun.write('x');
  await begun.abort();
  const ended = store.blobs.writer();
  await pipeline(['x'], ended);
  await ended.abort();
  const unused = store.blobs.writer();
  await unused.abort();
  assert.deepEqual(await leftovers(store), []);
  assert.deepEqual(await readdir(store.paths.blobs), []);
});

test('writer() that was broken off does not commit', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const writer = store.blobs.writer();
  const source = Readable.from(
    (async function* () {
      yield 'x';
      throw new Error('source');
    })(),
  );
  await assert.rejects(pipeline(source, writer), /source/);
  await assert.rejects(writer.commit());
  assert.deepEqual(await readdir(store.paths.blobs), []);
});

test('putDocument() stores the bytes as they are', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const document = makeDocument('application/vnd.test+json', { b: 1, a: [2] });
  assert.deepEqual(await store.blobs.putDocument(document), document.descriptor);
  assert.equal(await readFile(store.paths.blob(document.descriptor.digest), 'utf8'), '{"b":1,"a":[2]}');
});

test('open() fails for what is not there', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = describe(Buffer.from('missing'));
  await fails(store.blobs.open(descriptor, never), 'blob-missing');
  await fails(store.blobs.openPath(descriptor.digest), 'blob-missing');
  assert.equal(await store.blobs.size(descriptor.digest), undefined);
});

test('open() fails at the end of bytes that have changed, and a put repairs them', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const bytes = randomBytes(300_000);
  const descriptor = await store.blobs.putBytes(mediaType, bytes);
  const changed = Buffer.from(bytes);
  changed[200_000] = (changed[200_000] ?? 0) ^ 1;
  await writeFile(store.paths.blob(descriptor.digest), changed);
  await fails(buffer(await store.blobs.open(descriptor, never)), 'blob-digest-mismatch');
  while (await store.blobs.has(descriptor, never)) await delay(1);
  await store.blobs.putBytes(mediaType, bytes);
  assert.deepEqual(await buffer(await store.blobs.open(descriptor, never)), bytes);
});

test('has() denies a blob that was cut off, and a put repairs it', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const bytes = Buffer.from('whole');
  const descriptor = await store.blobs.putBytes(mediaType, bytes);
  await writeFile(store.paths.blob(descriptor.digest), 'who');
  assert.equal(await store.blobs.has(descriptor, never), false);
  await fails(store.blobs.open(descriptor, never), 'blob-size-mismatch');
  await store.blobs.putBytes(mediaType, bytes);
  assert.deepEqual(await buffer(await store.blobs.open(descriptor, never)), bytes);
});

test('open() given up early closes its file', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = await store.blobs.putBytes(mediaType, randomBytes(1_000_000));
  const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;
  const before = await openFiles();
  for (let i = 0; i < 20; i++) {
    for await (const _ of await store.blobs.open(descriptor, never)) break;
    const aborted = new AbortController();
    const stream = await store.blobs.open(descriptor, aborted.signal);
    aborted.abort();
    await assert.rejects(buffer(stream), { name: 'AbortError' });
  }
  for (let i = 0; i < 100 && (await openFiles()) > before; i++) await delay(5);
  assert.ok((await openFiles()) <= before);
});

test('a blob that is asked for is as young as the session', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const descriptor = await store.blobs.putBytes(mediaType, Buffer.from('old'));
  const path = store.paths.blob(descriptor.digest);
  await utimes(path, 1, 1);
  assert.equal(await store.blobs.has(descriptor, never), true);
  assert.equal((await stat(path)).mtimeMs, store.session.startedAt);
});

test('adopt() takes over a file', async () => {
  await using dir = await tempDir();
  await using store = await Store.open(dir.path);
  const bytes = Buffer.from('from elsewhere');
  const path = join(dir.path, 'trash', 'file');
  await writeFile(path, bytes);
  await store.blobs.adopt(path, describe(bytes));
  assert.equal(existsSync(path), false);
  assert.deepEqual(await buffer(await store.blobs.open(describe(bytes), never)), bytes);
});
