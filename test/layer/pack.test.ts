import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, symlink as symlinkOnDisk, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { clampMtimes, type LayerInput } from '../../src/layer/layer-input.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { readAll } from '../tar/archive.ts';
import { failsWith } from '../tar/failing.ts';
import { directory, file, hardlink, input, signal, symlink, whiteout } from './entries.ts';
import { packed } from './memory.ts';

const everything: LayerInput[] = [
  directory('d', { mode: 0o1777, mtime: 50 }),
  input('d/f', 'hello', { uid: 1, gid: 2, mode: 0o4755, mtime: 60, xattrs: { 'user.a': 'YQ==' } }),
  hardlink('d/g', 'd/f'),
  symlink('d/l', '/abs', { uid: 3 }),
  { type: 'fifo', path: 'd/p', mode: 0o600, uid: 0, gid: 0, mtime: 0 },
  { type: 'char-device', path: 'null', mode: 0o666, uid: 0, gid: 0, mtime: 0, major: 1, minor: 3 },
  whiteout('gone'),
  whiteout('d/gone'),
];

test('packLayer() writes each kind of entry as a layer has it', async () => {
  const { bytes } = await packed(everything);
  const plain = { linkName: '', uid: 0, gid: 0, size: 0, mtime: 0, devMajor: 0, devMinor: 0, content: '' };
  const f = { ...plain, mode: 0o4755, uid: 1, gid: 2, mtime: 60 };
  assert.deepEqual(await readAll(bytes), [
    { ...plain, type: 'directory', name: 'd/', mode: 0o1777, mtime: 50 },
    { ...f, type: 'file', name: 'd/f', size: 5, content: 'hello', xattrs: { 'user.a': 'YQ==' } },
    { ...f, type: 'hardlink', name: 'd/g', linkName: 'd/f' },
    { ...plain, type: 'symlink', name: 'd/l', linkName: '/abs', mode: 0o777, uid: 3 },
    { ...plain, type: 'fifo', name: 'd/p', mode: 0o600 },
    { ...plain, type: 'char-device', name: 'null', mode: 0o666, devMajor: 1, devMinor: 3 },
    { ...plain, type: 'file', name: '.wh.gone', mode: 0 },
    { ...plain, type: 'file', name: 'd/.wh.gone', mode: 0 },
  ]);
});

test('packLayer() returns digest, size and index of what it wrote', async () => {
  const { bytes, diffID, size, index } = await packed(everything);
  assert.equal(diffID, digestOf(bytes) as string);
  assert.equal(size, bytes.length);
  const f = file('d/f', 'hello', { uid: 1, gid: 2, mode: 0o4755, mtime: 60, xattrs: { 'user.a': 'YQ==' } });
  assert.deepEqual(index, [everything[0], f, ...everything.slice(2)]);
});

test('packLayer() of nothing is a tar of nothing', async () => {
  const { bytes, index } = await packed([]);
  assert.deepEqual([bytes.length, bytes.every((byte) => byte === 0), index.length], [1024, true, 0]);
});

test('packLayer() reads files of any size from disk as it reads them from streams', async () => {
  await using dir = await tempDir();
  const sizes = [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145, 600_000, 3_000_000];
  const fromDisk: LayerInput[] = [];
  const fromStreams: LayerInput[] = [];
  for (const size of sizes) {
    const content = createHash('sha512')
      .update(String(size))
      .digest('base64')
      .repeat(size / 88 + 1)
      .slice(0, size);
    const sourcePath = join(dir.path, String(size));
    await writeFile(sourcePath, content);
    const { open: _, ...entry } = input(`f${size}`, content);
    fromDisk.push({ ...entry, sourcePath });
    fromStreams.push(input(`f${size}`, content));
  }
  const one = await packed(fromDisk);
  const other = await packed(fromStreams);
  assert.equal(one.diffID, other.diffID);
  assert.equal(one.diffID, digestOf(one.bytes) as string);
  assert.deepEqual(one.index, other.index);
  assert.deepEqual(
    (await readAll(one.bytes)).map(({ size }) => size),
    sizes,
  );
});

for (const size of [1000, 100_000]) {
  const changes: [title: string, actual: number][] = [
    ['shrank', size - 1],
    ['grew', size + 1],
    ['vanished to nothing', 0],
  ];
  for (const [title, actual] of changes) {
    test(`packLayer() refuses a file of ${size} bytes that ${title}, and names it`, async () => {
      await using dir = await tempDir();
      const sourcePath = join(dir.path, 'source');
      await writeFile(sourcePath, 'x'.repeat(size));
      const { open: _, ...entry } = input('f', 'x'.repeat(size));
      await truncate(sourcePath, actual);
      await assert.rejects(packed([{ ...entry, sourcePath }]), (error: Error) => {
        assert.match(error.message, /source/);
        return failsWith('file-changed')(error);
      });
      const open = () => Readable.from([Buffer.alloc(actual)]);
      await assert.rejects(packed([{ ...entry, open }]), failsWith('file-changed'));
    });
  }
}

test('packLayer() refuses a file that is gone, or has become a link or a FIFO', needs('mkfifo'), async () => {
  await using dir = await tempDir();
  const { open: _, ...entry } = input('f', 'abc');
  const sourcePath = (name: string) => join(dir.path, name);
  await symlinkOnDisk('/etc/passwd', sourcePath('link'));
  execFileSync('mkfifo', [sourcePath('fifo')]);
  await mkdir(sourcePath('directory'));
  await assert.rejects(packed([{ ...entry, sourcePath: sourcePath('none') }]), failsWith('file-unreadable'));
  await assert.rejects(packed([{ ...entry, sourcePath: sourcePath('link') }]), failsWith('file-unreadable'));
  await assert.rejects(packed([{ ...entry, sourcePath: sourcePath('directory') }]), failsWith('file-unreadable'));
  await assert.rejects(packed([{ ...entry, sourcePath: sourcePath('fifo') }]), failsWith('file-changed'));
});

for (const path of ['.wh.f', 'd/.wh.f', '.wh..wh..opq', '.wh.d/f']) {
  test(`packLayer() refuses a file named ${path}`, async () => {
    await assert.rejects(packed([input(path)]), failsWith('reserved-name'));
  });
}

test('packLayer() refuses a hard link to what the layer does not have yet', async () => {
  await assert.rejects(packed([hardlink('a', 'b'), input('b')]), failsWith('link-target-missing'));
  await assert.rejects(packed([directory('b'), hardlink('a', 'b')]), failsWith('link-target-missing'));
});

test('packLayer() refuses a path twice, and one that is not canonical', async () => {
  await assert.rejects(packed([input('a'), directory('a')]), /occurs twice/);
  await assert.rejects(packed([input('/a')]), /canonical/);
});

test('packLayer() passes on what the output and the input fail with', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk on fire')) });
  await assert.rejects(packLayer([input('a')], broken, signal), /disk on fire/);
  const stream = () =>
    new Readable({
      read() {
        this.destroy(new Error('bad source'));
      },
    });
  await assert.rejects(packed([input('a', 'x', { open: stream })]), /bad source/);
});

test('packLayer() ends when it is told to', async () => {
  const abort = new AbortController();
  const endless = async function* () {
    for (let at = 0; ; at += 1) {
      if (at === 10) abort.abort(new Error('enough'));
      yield input(`f${at}`, 'x'.repeat(100_000));
    }
  };
  const out = new PassThrough().resume();
  await assert.rejects(packLayer(endless(), out, abort.signal), { name: 'AbortError' });
});

test('clampMtimes() lowers what is later, and nothing else', async () => {
  const { index } = await packed(
    clampMtimes([directory('a', { mtime: 99 }), input('b', '', { mtime: 5 }), whiteout('c')], 10),
  );
  assert.deepEqual(index, [directory('a', { mtime: 10 }), file('b', '', { mtime: 5 }), whiteout('c')]);
});

test('tar unpacks what packLayer() writes', needs('tar'), async () => {
  await using dir = await tempDir();
  const { bytes } = await packed([
    directory('d'),
    input('d/größe', 'hello', { mtime: 1e9 }),
    hardlink('d/h', 'd/größe'),
    symlink('l', 'd'),
  ]);
  execFileSync('tar', ['-x', '-C', dir.path], { input: bytes });
  const list = execFileSync('find', ['.', '-printf', '%P %y %n %T@ %l\n'], { cwd: dir.path }).toString();
  assert.deepEqual(
    list
      .split('\n')
      .filter((line) => /^(d\/|l )/.test(line))
      .sort(),
    ['d/größe f 2 1000000000.0000000000 ', 'd/h f 2 1000000000.0000000000 ', 'l l 1 0.0000000000 d'],
  );
});
