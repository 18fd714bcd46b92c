/** The files of an image, merged from its layers: as a tar, and in a directory. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FilesDirectoryExporter } from '../../../src/engine/exporter/files-directory.ts';
import { type FilesOptions, ImageFiles } from '../../../src/engine/exporter/image-files.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import type { TarHeader } from '../../../src/tar/header.ts';
import { type TarInput, writeTar } from '../../../src/tar/write.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const live = new AbortController().signal;

/** `name` and what differs from a file of root; `text` is its content. */
type Entry = Partial<TarHeader> & { readonly name: string; readonly text?: string };
type LayerOf = readonly Entry[];

const plain = { type: 'file', linkName: '', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 7, devMajor: 0, devMinor: 0 };

function inputOf({ text = '', ...header }: Entry): TarInput {
  return { header: { ...plain, ...header, size: text.length } as TarHeader, body: [Buffer.from(text)] };
}

/** The lower half of the layers is compressed, as those of a base are. */
async function imageOf(store: Store, layers: readonly LayerOf[]): Promise<Descriptor> {
  const put = async (mediaType: string, bytes: Buffer) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.blobs.put(descriptor, async () => Readable.from([bytes], { objectMode: false }), live);
    return descriptor;
  };
  const tars = await Promise.all(layers.map((layer) => buffer(writeTar(layer.map(inputOf)))));
  const rootfs = { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) };
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, config: {} });
  const manifest = {
    ...{ schemaVersion: 2, mediaType: mediaTypes.imageManifest },
    config: await put(mediaTypes.imageConfig, Buffer.from(config)),
    layers: await Promise.all(
      tars.map((tar, at) =>
        at * 2 < tars.length - 1 ? put(mediaTypes.layerTarGzip, gzipSync(tar)) : put(mediaTypes.layerTar, tar),
      ),
    ),
  };
  return store.blobs.putDocument(makeDocument(mediaTypes.imageManifest, manifest));
}

/** One line for each entry, without what is as in `plain`. */
async function linesOf(store: Store, image: Descriptor, options: FilesOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const { header, body } of new ImageFiles(store).of(image, options, live)) {
    const { name, type, size, linkName, devMajor, devMinor, xattrs, ...rest } = header;
    const content = size === 0 ? '' : (await buffer(Readable.from(body!))).toString();
    assert.equal(content.length, size);
    const own = Object.entries(rest).filter(([key, value]) => value !== plain[key as keyof typeof plain]);
    const words = [type, linkName, devMajor + devMinor > 0 ? `${devMajor}:${devMinor}` : '', content];
    const more = [...own.map(([key, value]) => `${key}=${value}`), ...Object.keys(xattrs ?? {})];
    lines.push([name, ...words.filter((word) => word !== ''), ...more].join(' '));
  }
  return lines;
}

const a = { name: 'd/a', text: 'A' };
const d: Entry = { name: 'd/', type: 'directory', mode: 0o755 };
const merged: Readonly<Record<string, { readonly layers: readonly LayerOf[]; readonly want: readonly string[] }>> = {
  'no layer': { layers: [], want: [] },
  'what is there, in the order of the layers': {
    layers: [[d, { name: 'z', text: 'Z' }, a], [{ name: 'b', text: 'B' }]],
    want: ['d/ directory mode=493', 'z file Z', 'd/a file A', 'b file B'],
  },
  'a directory that no layer has an entry for': {
    layers: [[a]],
    want: ['d/ directory mode=493 mtime=0', 'd/a file A'],
  },
  'what a layer replaces': { layers: [[d, a], [{ ...a, text: 'B' }]], want: ['d/ directory mode=493', 'd/a file B'] },
  'what a layer removes': {
    layers: [[d, a, { name: 'd/b' }], [{ name: 'd/.wh.a' }]],
    want: ['d/ directory mode=493', 'd/b file'],
  },
  'what a layer hides whole': {
    layers: [
      [d, a],
      [d, { name: 'd/.wh..wh..opq' }, { name: 'd/b' }],
    ],
    want: ['d/ directory mode=493', 'd/b file'],
  },
  'a file in place of a directory': { layers: [[d, a], [{ name: 'd', text: 'D' }]], want: ['d file D'] },
  'a directory of which a layer changes the mode': {
    layers: [[d, a], [{ ...d, mode: 0o1777, uid: 5 }]],
    want: ['d/ directory mode=1023 uid=5', 'd/a file A'],
  },
  'what occurs twice in a layer': {
    layers: [
      [
        { name: 'x', text: 'one' },
        { name: 'x', text: 'two', mode: 0o600 },
      ],
    ],
    want: ['x file two mode=384'],
  },
  'a hard link': {
    layers: [
      [
        { name: 'x', text: 'X', uid: 3 },
        { name: 'l', type: 'hardlink', linkName: 'x', uid: 3 },
      ],
    ],
    want: ['l file X uid=3', 'x hardlink l uid=3'],
  },
  'a hard link to a file of a lower layer': {
    layers: [[{ name: 'x', text: 'X' }], [{ name: 'y', type: 'hardlink', linkName: 'x' }]],
    want: ['x file X', 'y hardlink x'],
  },
  'a hard link whose first name is gone': {
    layers: [
      [
        { name: 'x', text: 'X' },
        { name: 'y', type: 'hardlink', linkName: 'x' },
      ],
      [{ name: '.wh.x' }],
    ],
    want: ['y file X'],
  },
  'one layer twice': {
    layers: [[{ name: 'x', text: 'X' }], [{ name: '.wh.x' }], [{ name: 'x', text: 'X' }]],
    want: ['x file X'],
  },
  'links, pipes, devices and attributes': {
    layers: [
      [
        { name: 's', type: 'symlink', linkName: '/away/../x', mode: 0o777 },
        { name: 'p', type: 'fifo' },
        { name: 'c', type: 'char-device', devMajor: 1, devMinor: 3 },
        { name: 'x', xattrs: { 'user.word': 'YQ==' } },
      ],
    ],
    want: ['s symlink /away/../x mode=511', 'p fifo', 'c char-device 1:3', 'x file user.word'],
  },
};
for (const [title, { layers, want }] of Object.entries(merged))
  test(`the files of an image: ${title}`, async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    const image = await imageOf(store, layers);
    assert.deepEqual(await linesOf(store, image), want);
    // As the index that is kept of each layer says it.
    assert.deepEqual(await linesOf(store, image), want);
  });

test('the files of an image: SOURCE_DATE_EPOCH is the time of each, and a platform can have its directory', async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const image = await imageOf(store, [[{ name: 'x' }, { name: 'y', type: 'hardlink', linkName: 'x' }]]);
  assert.deepEqual(await linesOf(store, image, { mtime: 9, splitsPlatforms: true }), [
    'linux_amd64/ directory mode=493 mtime=9',
    'linux_amd64/x file mtime=9',
    'linux_amd64/y hardlink linux_amd64/x mtime=9',
  ]);
});

/** An index of images of amd64 and arm64. */
async function imagesOf(store: Store, images: readonly LayerOf[]): Promise<Descriptor> {
  const manifests: Descriptor[] = [];
  for (const [at, layer] of images.entries()) {
    const platform = { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' };
    manifests.push({ ...(await imageOf(store, [layer])), platform });
  }
  return store.blobs.putDocument(makeDocument(mediaTypes.imageIndex, { schemaVersion: 2, manifests }));
}

/** Entries of each of two platforms that are to stand beside each other → lines, or why not. */
const together: Readonly<
  Record<string, { readonly of: readonly LayerOf[]; readonly want: readonly string[] | string }>
> = {
  'files of other names': {
    of: [
      [d, a],
      [
        { ...d, mode: 0o700 },
        { name: 'd/b', text: 'B' },
      ],
    ],
    want: ['d/ directory mode=493', 'd/a file A', 'd/b file B'],
  },
  'hard links of other names': {
    of: [[{ name: 'x' }, { name: 'y', type: 'hardlink', linkName: 'x' }], [{ name: 'z', text: 'Z' }]],
    want: ['x file', 'y hardlink x', 'z file Z'],
  },
  'a file of one name': { of: [[d, a], [a]], want: '/d/a is there for linux/amd64 and for linux/arm64' },
  'a file and a directory of one name': { of: [[{ name: 'd' }], [d]], want: '/d is there for' },
  'a link in place of a directory': {
    of: [[d, a], [{ name: 'd', type: 'symlink', linkName: '/' }]],
    want: '/d is there for',
  },
};
for (const [title, { of, want }] of Object.entries(together))
  test(`platforms beside each other: ${title}`, async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    const found = linesOf(store, await imagesOf(store, of), { splitsPlatforms: false });
    if (typeof want !== 'string') return assert.deepEqual(await found, want);
    await assert.rejects(found, (error) => {
      const [failure] = failuresOf(error) ?? [];
      assert.equal(failure?.reason, 'platforms-collide');
      return failure!.message.startsWith(want);
    });
  });

interface Filled {
  /** What is in the directory before. */
  readonly before?: (dest: string) => Promise<unknown>;
  readonly layers: readonly LayerOf[];
  readonly after: (dest: string) => Promise<unknown>;
  readonly reason?: string;
  readonly deletesOthers?: boolean;
}

const mode = async (path: string) => (await lstat(path)).mode & 0o7777;
const text = (path: string) => readFile(path, 'utf8');

const filled: Readonly<Record<string, Filled>> = {
  'is made': {
    layers: [
      [
        { ...d, mode: 0o500, mtime: 9 },
        { ...a, mode: 0o4755 },
      ],
    ],
    after: async (dest) => {
      assert.equal(await mode(join(dest, 'd/a')), 0o4755);
      assert.equal(await mode(join(dest, 'd')), 0o500);
      assert.equal((await lstat(join(dest, 'd'))).mtimeMs, 9000);
    },
  },
  'keeps what no file of the image has the name of': {
    before: async (dest) => {
      await mkdir(join(dest, 'd'), { recursive: true });
      await writeFile(join(dest, 'd/mine'), 'mine');
      await writeFile(join(dest, 'd/a'), 'old');
      await chmod(join(dest, 'd'), 0o500);
    },
    layers: [[{ ...d, mode: 0o555 }, a, { name: 'ro/', type: 'directory', mode: 0o555 }, { name: 'ro/x', text: 'X' }]],
    after: async (dest) => {
      assert.deepEqual([await text(join(dest, 'd/mine')), await text(join(dest, 'd/a'))], ['mine', 'A']);
      assert.deepEqual([await mode(join(dest, 'd')), await mode(join(dest, 'ro'))], [0o555, 0o555]);
    },
  },
  'has links replaced, which nothing is written through': {
    before: async (dest) => {
      await mkdir(join(dest, 'away'), { recursive: true });
      await symlink('away', join(dest, 'd'));
      await symlink('away/x', join(dest, 'x'));
    },
    layers: [[d, a, { name: 'x', text: 'X' }]],
    after: async (dest) => {
      assert.deepEqual(await readdir(join(dest, 'away')), []);
      assert.deepEqual([await text(join(dest, 'd/a')), await text(join(dest, 'x'))], ['A', 'X']);
    },
  },
  'that would have to lose a directory for a file stays as it is': {
    before: (dest) => mkdir(join(dest, 'z/mine'), { recursive: true }),
    layers: [[a, { name: 'z', text: 'Z' }]],
    after: async (dest) => assert.deepEqual(await readdir(dest), ['z']),
    reason: 'output-exists',
  },
  'that is to have nothing else loses all that is there': {
    before: async (dest) => {
      await mkdir(join(dest, 'd/deep/er'), { recursive: true });
      await writeFile(join(dest, 'd/deep/er/x'), 'mine');
      await mkdir(join(dest, 'z/mine'), { recursive: true });
      await writeFile(join(dest, '.hidden'), 'mine');
      await chmod(join(dest, 'd'), 0o500);
      await chmod(dest, 0o711);
    },
    layers: [[{ ...d, mode: 0o555 }, a, { name: 'z', text: 'Z' }]],
    after: async (dest) => {
      assert.deepEqual([await readdir(dest), await readdir(join(dest, 'd'))], [['d', 'z'], ['a']]);
      assert.deepEqual(
        [await text(join(dest, 'z')), await mode(join(dest, 'd')), await mode(dest)],
        ['Z', 0o555, 0o711],
      );
    },
    deletesOthers: true,
  },
  'that is to have nothing else is made': {
    layers: [[{ name: 'x', text: 'X' }]],
    after: async (dest) => assert.deepEqual(await readdir(dest), ['x']),
    deletesOthers: true,
  },
  'that a link leads to is filled': {
    before: async (dest) => {
      await mkdir(`${dest}-real`);
      await symlink(`${dest}-real`, dest);
    },
    layers: [[{ name: 'x', text: 'X' }]],
    after: async (dest) => {
      assert.equal(await text(`${dest}-real/x`), 'X');
      assert.equal(await readlink(dest), `${dest}-real`);
    },
  },
};
for (const [title, { before, layers, after, reason, deletesOthers = false }] of Object.entries(filled))
  test(`a directory of files ${title}`, needs('linux'), async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    const dest = join(temp.path, 'dest');
    await before?.(dest);
    const { failure } = await exportTo(dest, store, { layers, deletesOthers });
    assert.equal(failure, reason);
    await after(dest);
    for (const name of await readdir(dest)) assert.ok(!name.startsWith('.cip'), name);
    execFileSync('chmod', ['-R', 'u+w', temp.path]);
  });

interface Exported {
  readonly layers: readonly LayerOf[];
  readonly isRoot?: boolean;
  readonly deletesOthers?: boolean;
}

async function exportTo(
  dest: string,
  store: Store,
  { layers, isRoot = process.getuid?.() === 0, deletesOthers = false }: Exported,
) {
  const events: ProgressEvent[] = [];
  const services = { store, progress: { emit: (event: ProgressEvent) => void events.push(event) }, isRoot };
  const exporter = new FilesDirectoryExporter({ type: 'local', dest, deletesOthers }, services);
  const image = await imageOf(store, layers);
  const failure = await exporter.export({ image, names: [] }, live).then(
    () => undefined,
    (error) => failuresOf(error)?.[0]?.reason ?? error,
  );
  return { failure, events };
}

test('a directory of files has the owners of the image if root makes it', needs('linux', 'root'), async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const dest = join(temp.path, 'dest');
  const layer: LayerOf = [
    { ...d, uid: 6 },
    { ...a, uid: 7, gid: 8 },
    { name: 'c', type: 'char-device', devMajor: 1, devMinor: 3 },
  ];
  assert.deepEqual((await exportTo(dest, store, { layers: [layer] })).events, []);
  const { uid, gid } = await lstat(join(dest, 'd/a'));
  assert.deepEqual([uid, gid, (await lstat(join(dest, 'd'))).uid], [7, 8, 6]);
  assert.ok((await lstat(join(dest, 'c'))).isCharacterDevice());
});

test('a directory of files says once what an ordinary user cannot make', needs('linux'), async () => {
  await using temp = await tempDir();
  await using store = await Store.open(join(temp.path, 'store'));
  const dest = join(temp.path, 'dest');
  const layer: LayerOf = [{ ...a, uid: 7 }, { name: 'x', uid: 1000 }, { name: 'y' }];
  const { events } = await exportTo(dest, store, { layers: [layer], isRoot: false });
  const found = events.map((event) => (event.type === 'notice' ? event.message : event.type));
  assert.deepEqual(found, [`${dest} is not all of the image: 2 files of other users are yours (/d/a first)`]);
  assert.equal((await lstat(join(dest, 'x'))).uid, process.getuid?.());
});

test(
  'a new directory of files that another makes meanwhile is filled as one that is there',
  needs('linux'),
  async () => {
    await using temp = await tempDir();
    await using store = await Store.open(join(temp.path, 'store'));
    const dest = join(temp.path, 'dest');
    // What is said of the image is said when all of it is unpacked, and not yet in its place.
    const emit = () => {
      mkdirSync(dest, { recursive: true });
      writeFileSync(join(dest, 'theirs'), '');
    };
    const services = { store, progress: { emit }, isRoot: false };
    const image = await imageOf(store, [[{ name: 'x', uid: 1000 }]]);
    await new FilesDirectoryExporter({ type: 'local', dest }, services).export({ image, names: [] }, live);
    assert.deepEqual((await readdir(temp.path)).sort(), ['dest', 'store']);
    assert.deepEqual((await readdir(dest)).sort(), ['theirs', 'x']);
  },
);
