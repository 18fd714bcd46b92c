import assert from 'node:assert/strict';
import { chmod, mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';

const store = join(import.meta.dirname, `../../src/store/store${extname(import.meta.filename)}`);
const failure = join(import.meta.dirname, `../../src/result${extname(import.meta.filename)}`);

/** Statements that use `store`, `attempt` and `never`, run in a process of its own; resolves to what `print` was given. */
function script(root: string, body: string): string[] {
  const program = `
    import { Store } from ${JSON.stringify(store)};
    import { failuresOf } from ${JSON.stringify(failure)};
    import { z } from 'zod';
    import { randomBytes } from 'node:crypto';
    const never = new AbortController().signal;
    const attempt = (promise) => promise.then(() => 'done', (error) => failuresOf(error)?.[0].reason ?? String(error.stack));
    const print = (value) => console.log(JSON.stringify(value));
    const root = ${JSON.stringify(root)};
    ${body}`;
  return [...process.execArgv, '--input-type=module', '-e', program];
}

async function inNamespace(setup: string, root: string, body: string): Promise<unknown> {
  const { stdout } = await execa(
    'unshare',
    ['-Urm', 'sh', '-ec', `${setup}; exec "$@"`, 'sh', process.execPath, ...script(root, body)],
    {
      cwd: join(import.meta.dirname, '../..'),
    },
  );
  return JSON.parse(stdout);
}

test('a full disk fails as disk-full, and what was there stays', needs('linux', 'user namespaces'), async () => {
  await using dir = await tempDir();
  const got = await inNamespace(
    `mount -t tmpfs -o size=4m none '${dir.path}'`,
    join(dir.path, 'store'),
    `
    import { rmSync, readdirSync } from 'node:fs';
    const store = await Store.open(root);
    const good = await store.blobs.putBytes('text/plain', Buffer.from('good'));
    await store.refs.set(new Map([['a:1', good]]), never);
    const log = store.records('test', z.string());
    await log.append('a', 'before');
    const large = await attempt(store.blobs.putBytes('text/plain', randomBytes(6_000_000)));
    const session = readdirSync(store.session.path).filter((name) => name !== 'started');
    const filler = store.session.path + '/filler';
    const { execFileSync } = await import('node:child_process');
    try { execFileSync('dd', ['if=/dev/zero', 'of=' + filler, 'bs=4096'], { stdio: 'ignore' }); } catch {}
    const full = {
      put: await attempt(store.blobs.putBytes('text/plain', randomBytes(20_000))),
      refs: await attempt(store.refs.set(new Map([['b:1', good]]), never)),
      index: await attempt(store.indexes.put('abc', randomBytes(20_000))),
      record: await attempt(log.append('b', 'x'.repeat(20_000))),
    };
    const during = [[...(await store.refs.list()).keys()], await log.get('a'), await log.get('b') ?? null];
    rmSync(filler);
    await log.append('c', 'after');
    const second = await Store.open(root);
    const after = [[...(await second.refs.list()).keys()], await second.blobs.has(good, never), await second.records('test', z.string()).get('c')];
    print({ large, session, full, during, after });
    `,
  );
  assert.deepEqual(got, {
    large: 'disk-full',
    session: [],
    full: { put: 'disk-full', refs: 'disk-full', index: 'disk-full', record: 'disk-full' },
    during: [['a:1'], 'before', null],
    after: [['a:1'], true, 'after'],
  });
});

test('a file beyond the limit of sizes fails as file-too-big, and nothing of it stays', needs('linux'), async () => {
  await using dir = await tempDir();
  const body = `
    import { readdirSync } from 'node:fs';
    const store = await Store.open(root);
    const large = await attempt(store.blobs.putBytes('text/plain', randomBytes(6_000_000)));
    const index = await attempt(store.indexes.put('abc', randomBytes(6_000_000)));
    const left = readdirSync(store.session.path).filter((name) => name !== 'started');
    print({ large, index, left, small: await attempt(store.blobs.putBytes('text/plain', randomBytes(20_000))) });
    `;
  // In units of 512 bytes.
  const limited = ['-ec', 'ulimit -f 4000; exec "$@"', 'sh', process.execPath];
  const { stdout } = await execa('sh', [...limited, ...script(join(dir.path, 'store'), body)], {
    cwd: join(import.meta.dirname, '../..'),
  });
  const want = { large: 'file-too-big', index: 'file-too-big', left: [], small: 'done' };
  assert.deepEqual(JSON.parse(stdout), want);
});

test('a read-only file system fails as store-read-only', needs('linux', 'user namespaces'), async () => {
  await using dir = await tempDir();
  const got = await inNamespace(
    `mount -t tmpfs none '${dir.path}'`,
    join(dir.path, 'store'),
    `
    import { execFileSync } from 'node:child_process';
    const store = await Store.open(root);
    const good = await store.blobs.putBytes('text/plain', Buffer.from('good'));
    await store.refs.set(new Map([['a:1', good]]), never);
    execFileSync('mount', ['-o', 'remount,bind,ro', ${JSON.stringify(dir.path)}]);
    print({
      open: await attempt(Store.open(root)),
      make: await attempt(Store.open(root + '2')),
      put: await attempt(store.blobs.putBytes('text/plain', Buffer.from('more'))),
      there: await attempt(store.blobs.putBytes('text/plain', Buffer.from('good'))),
      refs: await attempt(store.refs.set(new Map([['b:1', good]]), never)),
      record: await attempt(store.records('test', z.string()).append('a', 'b')),
      read: [[...(await store.refs.list()).keys()], await store.blobs.has(good, never)],
    });
    `,
  );
  assert.deepEqual(got, {
    open: 'store-read-only',
    make: 'store-read-only',
    put: 'store-read-only',
    there: 'done',
    refs: 'store-read-only',
    record: 'store-read-only',
    read: [['a:1'], true],
  });
});

test("another user's directory fails as no-permission", needs('linux', 'root'), async () => {
  await using dir = await tempDir();
  await chmod(dir.path, 0o755);
  await mkdir(join(dir.path, 'root'), { mode: 0o700 });
  const body = `print([await attempt(Store.open(root + '/root')), await attempt(Store.open(root + '/new'))]);`;
  const { stdout } = await execa(process.execPath, script(dir.path, body), {
    cwd: join(import.meta.dirname, '../..'),
    uid: 65534,
    gid: 65534,
  });
  assert.deepEqual(JSON.parse(stdout), ['no-permission', 'no-permission']);
});
