import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, symlink as symlinkOnDisk, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type WalkedEntry, type WalkOptions, walkDirectory } from '../../src/layer/walk.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { failsWith } from '../tar/failing.ts';
import { signal } from './entries.ts';

async function walked(root: string, options: WalkOptions = {}): Promise<WalkedEntry[]> {
  const entries: WalkedEntry[] = [];
  for await (const entry of walkDirectory(root, options, signal)) entries.push(entry);
  return entries;
}

test('walkDirectory() lists what is there, in the order of a layer', needs('mkfifo'), async () => {
  await using dir = await tempDir();
  const at = (path: string) => join(dir.path, path);
  await mkdir(at('b'));
  await writeFile(at('b/z'), 'zz');
  await writeFile(at('b.a'), '');
  await writeFile(at('ä'), 'x');
  await symlinkOnDisk('../ä', at('b/l'));
  execFileSync('mkfifo', [at('p')]);
  await chmod(at('p'), 0o620);
  await chmod(at('b/z'), 0o4750);
  await chmod(at('b'), 0o1777);
  for (const path of ['b/z', 'b.a', 'ä', 'p', 'b']) await utimes(at(path), 10, 1_700_000_000.75);
  execFileSync('touch', ['-h', '-d', '@1600000000.999999999', at('b/l')]);
  const owned = { uid: process.getuid!(), gid: process.getgid!(), mtime: 1_700_000_000 };
  assert.deepEqual(await walked(dir.path), [
    { type: 'directory', path: 'b', mode: 0o1777, ...owned },
    { type: 'symlink', path: 'b/l', mode: 0o777, ...owned, mtime: 1_600_000_000, target: '../ä' },
    { type: 'file', path: 'b/z', mode: 0o4750, ...owned, size: 2, sourcePath: at('b/z') },
    { type: 'file', path: 'b.a', mode: 0o644, ...owned, size: 0, sourcePath: at('b.a') },
    { type: 'fifo', path: 'p', mode: 0o620, ...owned },
    { type: 'file', path: 'ä', mode: 0o644, ...owned, size: 1, sourcePath: at('ä') },
  ]);
});

test('walkDirectory() tells the names of one file', async () => {
  await using dir = await tempDir();
  const at = (path: string) => join(dir.path, path);
  await mkdir(at('d'));
  await writeFile(at('d/first'), 'x');
  await link(at('d/first'), at('d/second'));
  await link(at('d/first'), at('e'));
  await symlinkOnDisk('x', at('l'));
  await link(at('l'), at('m'));
  const kinds = (await walked(dir.path)).map((entry) => [
    entry.path,
    entry.type,
    'target' in entry ? entry.target : '',
  ]);
  assert.deepEqual(kinds, [
    ['d', 'directory', ''],
    ['d/first', 'file', ''],
    ['d/second', 'hardlink', 'd/first'],
    ['e', 'hardlink', 'd/first'],
    ['l', 'symlink', 'x'],
    ['m', 'hardlink', 'l'],
  ]);
  const rest = await walked(dir.path, { skip: (path) => path === 'd/first' || path === 'l' });
  assert.deepEqual(
    rest.map(({ path, type }) => [path, type]),
    [
      ['d', 'directory'],
      ['d/second', 'file'],
      ['e', 'hardlink'],
      ['m', 'symlink'],
    ],
  );
});

test('walkDirectory() does not enter what is skipped', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'a/b/c'), { recursive: true });
  const asked: string[] = [];
  const skip = (path: string, type: string) => asked.push(`${path} ${type}`) > 0 && path === 'a/b';
  assert.deepEqual(
    (await walked(dir.path, { skip })).map(({ path }) => path),
    ['a'],
  );
  assert.deepEqual(asked, ['a directory', 'a/b directory']);
});

test('walkDirectory() drops sockets', async () => {
  await using dir = await tempDir();
  const server = createServer().listen(join(dir.path, 's'));
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    assert.deepEqual(await walked(dir.path), []);
  } finally {
    server.close();
  }
});

test('walkDirectory() as root reads devices', needs('root', 'mknod'), async () => {
  await using dir = await tempDir();
  execFileSync('mknod', [join(dir.path, 'c'), 'c', '4095', '1048575']);
  execFileSync('mknod', [join(dir.path, 'd'), 'b', '8', '1']);
  const numbers = (await walked(dir.path)).map((entry) => 'major' in entry && [entry.type, entry.major, entry.minor]);
  assert.deepEqual(numbers, [
    ['char-device', 4095, 1_048_575],
    ['block-device', 8, 1],
  ]);
});

test('walkDirectory() refuses names that are not UTF-8, and takes the replacement character for itself', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, '\uFFFD'), '');
  assert.deepEqual(
    (await walked(dir.path)).map(({ path }) => path),
    ['\uFFFD'],
  );
  await writeFile(Buffer.concat([Buffer.from(`${dir.path}/`), Buffer.from([0x67, 0xfc])]), '');
  await assert.rejects(walked(dir.path), failsWith('name-not-utf8'));
});

test('walkDirectory() says what cannot be read', async () => {
  await assert.rejects(walked('/nonexistent/directory'), failsWith('file-unreadable'));
});

test('walkDirectory() reads the attributes asked for', needs('root', 'setfattr', 'getfattr', 'setcap'), async () => {
  await using dir = await tempDir();
  const odd = 'a=b\n\\ü';
  await writeFile(join(dir.path, odd), '');
  await mkdir(join(dir.path, 'd'));
  await symlinkOnDisk(odd, join(dir.path, 'l'));
  await writeFile(join(dir.path, '-n'), '');
  for (const name of [odd, 'd']) execFileSync('setfattr', ['-n', 'user.k=v', '-v', '0sAP8=', join(dir.path, name)]);
  execFileSync('setcap', ['cap_net_raw+ep', join(dir.path, odd)]);
  const found = async (options: WalkOptions) =>
    Object.fromEntries(
      (await walked(dir.path, options)).flatMap((entry) =>
        'xattrs' in entry && entry.xattrs ? [[entry.path, entry.xattrs]] : [],
      ),
    );
  const capability = { 'security.capability': 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=' };
  assert.deepEqual(await found({}), {});
  assert.deepEqual(await found({ xattrs: ['capability'] }), { [odd]: capability });
  assert.deepEqual(await found({ xattrs: ['capability', 'user'] }), {
    [odd]: { ...capability, 'user.k=v': 'AP8=' },
    d: { 'user.k=v': 'AP8=' },
  });
});

test('walkDirectory() ends when it is told to', async () => {
  const abort = new AbortController();
  abort.abort(new Error('enough'));
  await assert.rejects(async () => {
    for await (const _ of walkDirectory('/usr', {}, abort.signal));
  }, /enough/);
});
