import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { indexLayer } from '../../src/layer/index-layer.ts';
import type { LayerInput } from '../../src/layer/layer-input.ts';
import { Tree } from '../../src/layer/tree.ts';
import { type UnpackOptions, unpackLayer } from '../../src/layer/unpack.ts';
import { DiffID } from '../../src/oci/digest.ts';
import type { TarHeader } from '../../src/tar/header.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { chunksOf, tarOf as tarOfThese } from '../tar/archive.ts';
import { failsWith } from '../tar/failing.ts';
import { onDisk } from './disk.ts';
import { directory, file, hardlink, input, signal, symlink, whiteout } from './entries.ts';
import { only, packed } from './memory.ts';

type RawEntry = Partial<TarHeader> & { readonly content?: string };

/** Directories can be entered by whoever runs the tests, unless one says otherwise. */
const tarOf = (...entries: readonly RawEntry[]) =>
  tarOfThese(...entries.map((entry) => (entry.type === 'directory' ? { mode: 0o755, ...entry } : entry)));

const overlay: UnpackOptions = { whiteouts: 'overlay', lower: Tree.empty, owner: 'ignore', xattrs: 'skip' };
const apply: UnpackOptions = { whiteouts: 'apply', owner: 'ignore', xattrs: 'skip' };
const me = `${process.getuid!()}:${process.getgid!()}`;

test('unpackLayer() gives files, links and directories their metadata', async () => {
  await using dir = await tempDir();
  const layer = await packed([
    directory('d', { mode: 0o555, mtime: 1_000_000_000 }),
    input('d/f', 'hello', { mode: 0o640, mtime: 1_100_000_000 }),
    hardlink('d/g', 'd/f'),
    symlink('d/l', '../nowhere', { mtime: 1_200_000_000 }),
    directory('d/sub', { mode: 0o1777, mtime: 1_300_000_000 }),
    input('big', 'x'.repeat(3_000_000), { mtime: 1_400_000_000 }),
  ]);
  const unpacked = await unpackLayer({ tar: chunksOf(layer.bytes, 100_000), into: dir.path }, overlay, signal);
  assert.deepEqual(unpacked, { diffID: layer.diffID, index: layer.index, devicesSkipped: [], xattrsSkipped: [] });
  assert.deepEqual(onDisk(dir.path, { times: true }), {
    big: `f 644 ${me} 1400000000 ${'x'.repeat(3_000_000)}`,
    'd/': `d 555 ${me} 1000000000`,
    'd/f': `f 640 ${me} 1100000000 hello`,
    'd/g': `f 640 ${me} 1100000000 hello`,
    'd/l': `l 777 ${me} 1200000000 ../nowhere`,
    'd/sub/': `d 1777 ${me} 1300000000`,
  });
  assert.equal(statSync(join(dir.path, 'd/f')).nlink, 2);
});

test('unpackLayer() and indexLayer() agree, compressed or not', async () => {
  await using dir = await tempDir();
  const layer = await packed([directory('d'), input('d/f', 'hello'), whiteout('d/gone')]);
  const compressed = gzipSync(layer.bytes);
  const indexed = await indexLayer(only(compressed), { compression: 'gzip', diffID: layer.diffID }, signal);
  const unpacked = await unpackLayer(
    { tar: only(compressed), into: dir.path },
    { ...overlay, compression: 'gzip' },
    signal,
  );
  assert.deepEqual(indexed, { diffID: layer.diffID, index: layer.index });
  assert.deepEqual([unpacked.diffID, unpacked.index], [layer.diffID, layer.index]);
});

test('unpackLayer() and indexLayer() refuse another tar than the one expected', async () => {
  await using dir = await tempDir();
  const { bytes } = await packed([input('f')]);
  const diffID = DiffID.parse(`sha256:${'0'.repeat(64)}`);
  await assert.rejects(
    unpackLayer({ tar: only(bytes), into: dir.path }, { ...overlay, diffID }, signal),
    failsWith('layer-digest-mismatch'),
  );
  await assert.rejects(indexLayer(only(bytes), { diffID }, signal), failsWith('layer-digest-mismatch'));
});

test('unpackLayer() as root keeps owners, and setuid in spite of chown', needs('root'), async () => {
  await using dir = await tempDir();
  const owner = { uid: 1234, gid: 5_000_000 };
  const { bytes } = await packed([
    directory('d', { mode: 0o2755, ...owner }),
    input('d/f', '', { mode: 0o6755, ...owner }),
    symlink('d/l', 'x', owner),
    { type: 'fifo', path: 'd/p', mode: 0o620, mtime: 0, ...owner },
    hardlink('d/q', 'd/p'),
  ]);
  await unpackLayer({ tar: only(bytes), into: dir.path }, { ...overlay, owner: 'preserve' }, signal);
  assert.deepEqual(onDisk(dir.path), {
    'd/': 'd 2755 1234:5000000',
    'd/f': 'f 6755 1234:5000000 ',
    'd/l': 'l 777 1234:5000000 x',
    'd/p': 'p 620 1234:5000000',
    'd/q': 'p 620 1234:5000000',
  });
  assert.equal(lstatSync(join(dir.path, 'd/p')).nlink, 2);
});

const device = { path: 'dev/null', mode: 0o666, uid: 0, gid: 0, mtime: 7, major: 1, minor: 3 } as const;
test('unpackLayer() as root makes devices', needs('root'), async () => {
  await using dir = await tempDir();
  const { bytes } = await packed([
    directory('dev'),
    { type: 'char-device', ...device },
    hardlink('dev/nil', 'dev/null'),
  ]);
  const { devicesSkipped } = await unpackLayer({ tar: only(bytes), into: dir.path }, overlay, signal);
  assert.deepEqual(devicesSkipped, []);
  assert.deepEqual(onDisk(dir.path, { times: true }), {
    'dev/': `d 755 ${me} 0`,
    'dev/nil': `c 666 ${me} 7 1,3`,
    'dev/null': `c 666 ${me} 7 1,3`,
  });
});

test('unpackLayer() makes no device 0/0, which would be a whiteout', async () => {
  await using dir = await tempDir();
  const { bytes } = await packed([
    { type: 'char-device', ...device, path: 'x', major: 0, minor: 0 },
    hardlink('y', 'x'),
  ]);
  const unpacked = await unpackLayer({ tar: only(bytes), into: dir.path }, overlay, signal);
  assert.deepEqual(unpacked.devicesSkipped, ['x', 'y']);
  assert.deepEqual(
    unpacked.index.map(({ path }) => path),
    ['x', 'y'],
  );
  assert.deepEqual(onDisk(dir.path), {});
});

test(
  'unpackLayer() sets extended attributes, also of directories',
  needs('root', 'setfattr', 'getfattr', 'getcap'),
  async () => {
    await using dir = await tempDir();
    const capability = 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=';
    const { bytes } = await packed([
      directory('d', { mode: 0o555, mtime: 5, xattrs: { 'user.b': 'Ymxh' } }),
      input('d/a=b\n\\ü', 'x', {
        mode: 0o444,
        uid: 7,
        xattrs: { 'security.capability': capability, 'user.a': 'AP8=' },
      }),
    ]);
    const { xattrsSkipped } = await unpackLayer(
      { tar: only(bytes), into: dir.path },
      { ...overlay, owner: 'preserve', xattrs: 'apply' },
      signal,
    );
    assert.deepEqual(xattrsSkipped, []);
    const dump = execFileSync('getfattr', ['-R', '-d', '-m', '-', '-e', 'base64', '.'], { cwd: dir.path }).toString();
    assert.deepEqual(dump.trim().split('\n\n').sort(), [
      `# file: d\nuser.b=0sYmxh`,
      `# file: d/a=b\\012\\134ü\nsecurity.capability=0s${capability}\nuser.a=0sAP8=`,
    ]);
    assert.deepEqual(onDisk(dir.path, { times: true })['d/'], 'd 555 0:0 5');
    const skipped = await unpackLayer({ tar: only(bytes), into: dir.path }, { ...overlay, xattrs: 'skip' }, signal);
    assert.deepEqual(skipped.xattrsSkipped, ['d', 'd/a=b\n\\ü']);
  },
);

test('unpackLayer() says which attributes it could not set', needs('setfattr'), async () => {
  await using dir = await tempDir();
  const { bytes } = await packed([
    input('good', '', { xattrs: { 'user.a': 'YQ==' } }),
    input('bad', '', { xattrs: { 'nonsense.a': 'YQ==' } }),
  ]);
  const { xattrsSkipped } = await unpackLayer(
    { tar: only(bytes), into: dir.path },
    { ...overlay, xattrs: 'apply' },
    signal,
  );
  assert.deepEqual(xattrsSkipped, ['bad']);
});

/** Two layers, and what the second is on its own for overlayfs, and what both are in one directory. */
const stacks: [
  title: string,
  lower: LayerInput[],
  upper: RawEntry[],
  overlay: Record<string, string>,
  applied: Record<string, string>,
][] = [
  [
    'a whiteout of a file',
    [directory('d'), input('d/f'), input('d/g')],
    [{ name: 'd/.wh.f' }],
    { 'd/': 'd', 'd/f': 'whiteout' },
    { 'd/': 'd', 'd/g': 'f' },
  ],
  [
    'a whiteout of a directory',
    [directory('d'), directory('d/e'), input('d/e/f')],
    [{ name: 'd/', type: 'directory' }, { name: 'd/.wh.e' }],
    { 'd/': 'd', 'd/e': 'whiteout' },
    { 'd/': 'd' },
  ],
  [
    'a whiteout of what is not there',
    [input('f')],
    [{ name: '.wh.g' }, { name: 'd/.wh.h' }, { name: 'f/.wh.i' }],
    {},
    { f: 'f' },
  ],
  [
    'a directory removed and made anew, before and after its mark',
    [directory('d'), input('d/old'), directory('d/sub'), input('d/sub/old'), directory('e'), input('e/old')],
    [
      { name: 'd/', type: 'directory' },
      { name: 'd/sub/', type: 'directory' },
      { name: 'd/sub/new' },
      { name: '.wh.d' },
      { name: '.wh.e' },
      { name: 'e/', type: 'directory' },
      { name: 'e/new' },
    ],
    {
      'd/': 'd',
      'd/old': 'whiteout',
      'd/sub/': 'd',
      'd/sub/new': 'f',
      'd/sub/old': 'whiteout',
      'e/': 'd',
      'e/new': 'f',
      'e/old': 'whiteout',
    },
    { 'd/': 'd', 'd/sub/': 'd', 'd/sub/new': 'f', 'e/': 'd', 'e/new': 'f' },
  ],
  [
    'an opaque mark in the midst of its directory',
    [directory('d'), input('d/old'), directory('d/sub'), input('d/sub/old')],
    [{ name: 'd/', type: 'directory' }, { name: 'd/a' }, { name: 'd/.wh..wh..opq' }, { name: 'd/z' }],
    { 'd/': 'd', 'd/a': 'f', 'd/old': 'whiteout', 'd/sub': 'whiteout', 'd/z': 'f' },
    { 'd/': 'd', 'd/a': 'f', 'd/z': 'f' },
  ],
  [
    'an opaque root',
    [input('old'), directory('d'), input('d/old')],
    [{ name: 'new' }, { name: '.wh..wh..opq' }],
    { d: 'whiteout', new: 'f', old: 'whiteout' },
    { new: 'f' },
  ],
  [
    'an opaque directory whose parent is gone',
    [directory('d'), directory('d/e'), input('d/e/f')],
    [{ name: 'd/e/.wh..wh..opq' }, { name: '.wh.d' }],
    { d: 'whiteout' },
    {},
  ],
  [
    'a file replaced by a directory, and the reverse',
    [input('a'), directory('b'), input('b/f')],
    [{ name: 'a/', type: 'directory' }, { name: 'a/f' }, { name: 'b' }],
    { 'a/': 'd', 'a/f': 'f', b: 'f' },
    { 'a/': 'd', 'a/f': 'f', b: 'f' },
  ],
  [
    'a whiteout below what became a file',
    [directory('b'), input('b/f')],
    [{ name: 'b' }, { name: 'b/.wh.f' }],
    { b: 'f' },
    { b: 'f' },
  ],
  [
    'a link below that is a directory here',
    [directory('usr'), directory('usr/lib'), symlink('lib', 'usr/lib')],
    [{ name: 'lib/f' }],
    { 'lib/': 'd', 'lib/f': 'f' },
    { 'lib/': 'd', 'lib/f': 'f', 'usr/': 'd', 'usr/lib/': 'd' },
  ],
];
for (const [title, below, above, wantOverlay, wantApplied] of stacks) {
  const kinds = (root: string) =>
    Object.fromEntries(Object.entries(onDisk(root)).map(([path, what]) => [path, what.split(' ')[0]]));
  const prepare = async () => {
    const lower = await packed(below);
    const bytes = await tarOf(...above);
    const { index } = await indexLayer(only(bytes), {}, signal);
    return { lower, bytes, tree: Tree.of([lower.index]), merged: Tree.of([lower.index, index]) };
  };
  const paths = (found: Record<string, unknown>) =>
    Object.keys(found)
      .map((path) => path.replace(/\/$/, ''))
      .sort();

  test(`unpackLayer() for overlayfs: ${title}`, needs('mknod'), async () => {
    await using dir = await tempDir();
    const { bytes, tree } = await prepare();
    await unpackLayer(
      { tar: only(bytes), into: dir.path },
      { ...overlay, whiteouts: 'overlay', lower: () => Promise.resolve(tree) },
      signal,
    );
    assert.deepEqual(kinds(dir.path), wantOverlay);
  });
  test(`unpackLayer() onto the layers below: ${title}`, async () => {
    await using dir = await tempDir();
    const { lower, bytes, merged } = await prepare();
    await unpackLayer({ tar: only(lower.bytes), into: dir.path }, apply, signal);
    await unpackLayer({ tar: only(bytes), into: dir.path }, apply, signal);
    assert.deepEqual(kinds(dir.path), wantApplied);
    assert.deepEqual(paths(wantApplied), [...merged.walk()].map(({ path }) => path).sort());
  });
  test(`a mounted overlay shows what the tree says: ${title}`, needs('linux', 'root', 'mount'), async (context) => {
    await using dir = await tempDir();
    const { lower, bytes, tree, merged } = await prepare();
    const places = ['0', '1', 'upper', 'work', 'merged'].map((name) => join(dir.path, name));
    for (const place of places) await mkdir(place);
    const [first, second, upper, work, mounted] = places as [string, string, string, string, string];
    await unpackLayer({ tar: only(lower.bytes), into: first }, overlay, signal);
    await unpackLayer({ tar: only(bytes), into: second }, { ...overlay, whiteouts: 'overlay', lower: tree }, signal);
    try {
      execFileSync(
        'mount',
        ['-t', 'overlay', '-o', `lowerdir=${second}:${first},upperdir=${upper},workdir=${work}`, 'overlay', mounted],
        { stdio: 'pipe' },
      );
    } catch (error) {
      context.skip(`no overlay here: ${(error as Error).message}`);
      return;
    }
    try {
      assert.deepEqual(paths(onDisk(mounted)), [...merged.walk()].map(({ path }) => path).sort());
    } finally {
      execFileSync('umount', [mounted]);
    }
  });
}

test('unpackLayer() gives parents without entry what they are below', async () => {
  await using dir = await tempDir();
  const lower = Tree.of([
    [directory('tmp', { mode: 0o1777, mtime: 99 }), directory('tmp/x', { mode: 0o700, mtime: 98 })],
  ]);
  const bytes = await tarOf({ name: 'tmp/x/f' }, { name: 'new/f' }, { name: 'tmp/.wh.none' });
  await unpackLayer({ tar: only(bytes), into: dir.path }, { ...overlay, whiteouts: 'overlay', lower }, signal);
  assert.deepEqual(onDisk(dir.path, { times: true }), {
    'new/': `d 755 ${me} 0`,
    'new/f': `f 644 ${me} 0 `,
    'tmp/': `d 1777 ${me} 99`,
    'tmp/x/': `d 700 ${me} 98`,
    'tmp/x/f': `f 644 ${me} 0 `,
  });
});

test('unpackLayer() onto the layers below leaves the times of their directories', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'd/e'), { recursive: true });
  await writeFile(join(dir.path, 'd/e/old'), '');
  await chmod(join(dir.path, 'd/e'), 0o700);
  await utimes(join(dir.path, 'd/e'), 11, 12);
  await utimes(join(dir.path, 'd'), 13, 14);
  await unpackLayer(
    { tar: only(await tarOf({ name: 'd/e/f' }, { name: 'd/e/.wh.old' })), into: dir.path },
    apply,
    signal,
  );
  assert.deepEqual(onDisk(dir.path, { times: true }), {
    'd/': `d 755 ${me} 14`,
    'd/e/': `d 700 ${me} 12`,
    'd/e/f': `f 644 ${me} 0 `,
  });
});

test('unpackLayer() onto the layers below links to their files', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'f'), 'below');
  const bytes = await tarOf({ name: 'g', type: 'hardlink', linkName: 'f' });
  await unpackLayer({ tar: only(bytes), into: dir.path }, apply, signal);
  assert.equal(statSync(join(dir.path, 'g')).nlink, 2);
  await using other = await tempDir();
  await assert.rejects(
    unpackLayer({ tar: only(bytes), into: other.path }, overlay, signal),
    failsWith('link-target-missing'),
  );
});

test('unpackLayer() lets the later of two entries count', needs('mkfifo'), async () => {
  await using dir = await tempDir();
  const bytes = await tarOf(
    { name: 'a', content: 'one', xattrs: { 'user.x': 'YQ==' } },
    { name: 'a', content: 'two' },
    { name: 'b/', type: 'directory', xattrs: { 'user.x': 'YQ==' } },
    { name: 'b/f' },
    { name: 'b', type: 'symlink', linkName: 'a' },
    { name: 'c', type: 'fifo' },
    { name: 'c', content: 'file' },
    { name: 'd', type: 'symlink', linkName: 'a' },
    { name: 'd/', type: 'directory', mode: 0o711 },
    { name: 'e', type: 'fifo' },
    { name: 'e/f' },
    { name: 'g' },
    { name: 'g', type: 'fifo', mode: 0o600 },
    { name: 'h', type: 'hardlink', linkName: 'g' },
    { name: 'h', content: 'own' },
  );
  const { index } = await unpackLayer({ tar: only(bytes), into: dir.path }, { ...overlay, xattrs: 'apply' }, signal);
  assert.deepEqual(onDisk(dir.path), {
    a: `f 644 ${me} two`,
    b: `l 777 ${me} a`,
    c: `f 644 ${me} file`,
    'd/': `d 711 ${me}`,
    'e/': `d 755 ${me}`,
    'e/f': `f 644 ${me} `,
    g: `p 600 ${me}`,
    h: `f 644 ${me} own`,
  });
  assert.deepEqual(
    [...Tree.of([index]).walk()].map(({ path }) => path),
    ['a', 'b', 'c', 'd', 'e', 'e/f', 'g', 'h'],
  );
});

test('unpackLayer() follows links of the same layer, as unpacking one after the other does', async () => {
  await using dir = await tempDir();
  const bytes = await tarOf(
    { name: 'lib', type: 'symlink', linkName: 'usr/lib' },
    { name: 'lib/f', content: 'x' },
    { name: 'usr/lib/g', type: 'hardlink', linkName: 'lib/f' },
  );
  const { index } = await unpackLayer({ tar: only(bytes), into: dir.path }, overlay, signal);
  assert.deepEqual(index, [
    symlink('lib', 'usr/lib', { mode: 0o644 }),
    file('usr/lib/f', 'x'),
    hardlink('usr/lib/g', 'usr/lib/f'),
  ]);
  assert.equal(await readFile(join(dir.path, 'lib/g'), 'utf8'), 'x');
});

test('unpackLayer() leaves out the root and what aufs left behind', async () => {
  await using dir = await tempDir();
  const bytes = await tarOf(
    { name: './', type: 'directory', mode: 0 },
    { name: '.wh..wh.plnk/', type: 'directory' },
    { name: '.wh..wh.aufs' },
    { name: './f' },
  );
  const { index } = await unpackLayer({ tar: only(bytes), into: dir.path }, overlay, signal);
  assert.deepEqual(index, [file('f')]);
  assert.deepEqual(Object.keys(onDisk(dir.path)), ['f']);
});

test('unpackLayer() says what the disk refuses, and passes on what the source fails with', async () => {
  await using dir = await tempDir();
  // As long as a path may be, and longer with the directory before it.
  const bytes = await tarOf({ name: `${`${'n'.repeat(100)}/`.repeat(40)}${'n'.repeat(50)}` });
  await assert.rejects(unpackLayer({ tar: only(bytes), into: dir.path }, overlay, signal), failsWith('unpack-failed'));
  const source = async function* () {
    yield (await tarOf({ name: 'f', content: 'x'.repeat(5000) })).subarray(0, 3000);
    throw Object.assign(new Error('the line went dead'), { code: 'ECONNRESET' });
  };
  await assert.rejects(unpackLayer({ tar: source(), into: dir.path }, overlay, signal), { code: 'ECONNRESET' });
});

test('unpackLayer() ends when it is told to', async () => {
  await using dir = await tempDir();
  const abort = new AbortController();
  const bytes = await tarOf(...Array.from({ length: 20 }, (_, at) => ({ name: `f${at}`, content: 'x'.repeat(600) })));
  const source = async function* () {
    for await (const chunk of chunksOf(bytes, 1024)) {
      yield chunk;
      abort.abort(new Error('enough'));
    }
  };
  await assert.rejects(unpackLayer({ tar: source(), into: dir.path }, overlay, abort.signal), /enough/);
});
