/** What is at `dest` before an OCI layout is written there, and what is there afterwards. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { OciLayoutExporter } from '../../../src/engine/exporter/oci-layout.ts';
import { outputPlace } from '../../../src/engine/exporter/output-place.ts';
import { openPipe } from '../../../src/engine/exporter/pipe-sink.ts';
import { PushPreparation } from '../../../src/engine/exporter/push-preparation.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const live = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

/** Writes an image of one layer to where it is told to. */
async function exportTo(dest: string, { dir, tar = true, signal = live, layer = 'layer' }: Exporting): Promise<void> {
  const store = await Store.open(join(dir, 'store'));
  try {
    const put = async (mediaType: string, text: string) => {
      const descriptor = { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) };
      await store.blobs.put(descriptor, async () => Readable.from([Buffer.from(text)], { objectMode: false }), live);
      return descriptor;
    };
    const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
    const config = await put(
      mediaTypes.imageConfig,
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, config: {} }),
    );
    const layers = [await put(mediaTypes.layerTar, layer)];
    const manifest = makeDocument(mediaTypes.imageManifest, {
      ...{ schemaVersion: 2, mediaType: mediaTypes.imageManifest },
      config,
      layers,
    });
    const image = await store.blobs.putDocument(manifest);
    const exporter = new OciLayoutExporter({ dest, tar }, { store, preparation: new PushPreparation(store) });
    await exporter.export({ image, names: [] }, signal);
  } finally {
    await store.close();
  }
}

interface Exporting {
  readonly dir: string;
  readonly tar?: boolean;
  readonly signal?: AbortSignal;
  readonly layer?: string;
}

const isTar = async (path: string) => (await readFile(path)).subarray(0, 10).toString() === 'oci-layout';
const reasonOf = (error: unknown) => failuresOf(error)?.[0]?.reason;

interface Taken {
  /** Makes what is there before; `dest` is in `out`. */
  readonly before: (out: string) => Promise<unknown>;
  readonly after: (out: string) => Promise<unknown>;
  readonly tar?: boolean;
  readonly needs?: readonly string[];
}

const taken: Readonly<Record<string, Taken>> = {
  'a file is replaced': {
    before: (out) => writeFile(join(out, 'dest'), 'old'),
    after: (out) => assertTar(out, 'dest'),
  },
  'a link stays, and the file it leads to is replaced': {
    before: async (out) => {
      await mkdir(join(out, 'there'));
      await writeFile(join(out, 'there/file'), 'old');
      await symlink('there/file', join(out, 'dest'));
    },
    after: async (out) => {
      assert.equal(await readlink(join(out, 'dest')), 'there/file');
      assert.ok((await lstat(join(out, 'there/file'))).isFile());
      await assertTar(out, 'there/file');
    },
  },
  'a link of a link to nothing stays, and what it leads to is made': {
    before: async (out) => {
      await mkdir(join(out, 'there'));
      await symlink('new', join(out, 'there/next'));
      await symlink('there/next', join(out, 'dest'));
    },
    after: async (out) => {
      assert.equal(await readlink(join(out, 'dest')), 'there/next');
      assert.equal(await readlink(join(out, 'there/next')), 'new');
      await assertTar(out, 'there/new');
    },
  },
  'a link to nothing that is reached through a link leads from where it really is': {
    before: async (out) => {
      await mkdir(join(out, 'there/deep'), { recursive: true });
      await symlink('../new', join(out, 'there/deep/next'));
      await symlink('there/deep', join(out, 'short'));
      await symlink('short/next', join(out, 'dest'));
    },
    after: async (out) => {
      await assertTar(out, 'there/new');
    },
  },
  'a directory through a link is filled': {
    before: async (out) => {
      await mkdir(join(out, 'empty'));
      await symlink('empty', join(out, 'dest'));
    },
    after: async (out) => {
      assert.equal(await readlink(join(out, 'dest')), 'empty');
      assert.ok((await readdir(join(out, 'empty'))).includes('oci-layout'));
    },
    tar: false,
  },
  'a device is written to and stays one': {
    before: async (out) => execFileSync('mknod', [join(out, 'dest'), 'c', '1', '3']),
    after: async (out) => assert.ok((await lstat(join(out, 'dest'))).isCharacterDevice()),
    needs: ['root'],
  },
  'a device through a link is written to and stays one': {
    before: async (out) => {
      execFileSync('mknod', [join(out, 'null'), 'c', '1', '3']);
      await symlink('null', join(out, 'dest'));
    },
    after: async (out) => {
      assert.ok((await lstat(join(out, 'null'))).isCharacterDevice());
      assert.equal(await readlink(join(out, 'dest')), 'null');
    },
    needs: ['root'],
  },
};

async function assertTar(out: string, name: string): Promise<void> {
  assert.ok(await isTar(join(out, name)), `${name} is not the image`);
}

for (const [title, { before, after, tar = true, needs: components = [] }] of Object.entries(taken))
  test(`an output: ${title}`, needs('linux', ...components), async () => {
    await using temp = await tempDir();
    const out = join(temp.path, 'out');
    await mkdir(out);
    await before(out);
    await exportTo(join(out, 'dest'), { dir: temp.path, tar });
    await after(out);
    assert.deepEqual(await leftIn(out), []);
  });

async function leftIn(out: string): Promise<readonly string[]> {
  return (await readdir(out, { recursive: true })).filter((name) => name.includes('.cip'));
}

interface Refused {
  readonly before?: (out: string) => Promise<unknown>;
  /** Beginning with `/`: no path below `out`. */
  readonly dest?: string;
  readonly tar?: boolean;
  readonly reason: string;
  readonly needs?: readonly string[];
}

const refused: Readonly<Record<string, Refused>> = {
  'a directory in place of a tar': { before: (out) => mkdir(join(out, 'dest')), reason: 'output-exists' },
  'a link to a directory in place of a tar': {
    before: (out) => symlink('.', join(out, 'dest')),
    reason: 'output-exists',
  },
  'a file in place of a directory': {
    before: (out) => writeFile(join(out, 'dest'), ''),
    tar: false,
    reason: 'output-exists',
  },
  'a directory with something in it': {
    before: (out) => mkdir(join(out, 'dest/mine'), { recursive: true }),
    tar: false,
    reason: 'output-exists',
  },
  'a pipe in place of a directory': {
    before: async (out) => execFileSync('mkfifo', [join(out, 'dest')]),
    tar: false,
    reason: 'output-exists',
  },
  'a block device': {
    before: async (out) => execFileSync('mknod', [join(out, 'dest'), 'b', '240', '240']),
    reason: 'output-unwritable',
    needs: ['root'],
  },
  'a link that leads to itself': { before: (out) => symlink('dest', join(out, 'dest')), reason: 'output-unwritable' },
  'a path through a file': {
    before: (out) => writeFile(join(out, 'file'), ''),
    dest: 'file/dest',
    reason: 'output-unwritable',
  },
  'a file of /proc, where mkdir() says that the parent is not there': {
    dest: '/proc/nope/dest',
    reason: 'output-unwritable',
  },
  'a name that is too long': { dest: 'n'.repeat(300), reason: 'output-unwritable' },
  'a directory that nobody may write to': {
    before: (out) => (isRoot ? Promise.resolve() : chmod(out, 0o555)),
    dest: isRoot ? '/sys/dest' : 'dest',
    reason: 'output-unwritable',
  },
};

for (const [title, { before, dest = 'dest', tar = true, reason, needs: components = [] }] of Object.entries(refused))
  test(`an output is refused before anything is built: ${title}`, needs('linux', ...components), async () => {
    await using temp = await tempDir();
    const out = join(temp.path, 'out');
    await mkdir(out);
    await before?.(out);
    const there = dest.startsWith('/') ? dest : join(out, dest);
    const was = await readdir(out);
    await assert.rejects(outputPlace({ dest: there, tar }), (error) => {
      assert.equal(reasonOf(error), reason);
      const { message, hint = '' } = failuresOf(error)![0]!;
      assert.ok(message.includes(there) && !message.includes('.cip-'), message);
      // What is to be named is not what is there already.
      assert.match(hint, reason !== 'output-exists' || !tar ? /^name (?:another file|a directory)/ : /^name a file/);
      return true;
    });
    assert.deepEqual(await readdir(out), was);
    await chmod(out, 0o755);
  });

test('an output is refused before anything is built: a socket', needs('linux'), async () => {
  await using temp = await tempDir();
  const dest = join(temp.path, 's');
  const server = createServer().listen(dest);
  await once(server, 'listening');
  try {
    await assert.rejects(outputPlace({ dest, tar: true }), (error) => reasonOf(error) === 'output-unwritable');
    assert.ok((await stat(dest)).isSocket());
  } finally {
    server.close();
  }
});

test('an output: a pipe is written to, whole, and stays one', needs('linux'), async () => {
  await using temp = await tempDir();
  const dest = join(temp.path, 'dest');
  execFileSync('mkfifo', [dest]);
  // Far more than a pipe holds, and incompressible enough that the tar is too.
  const layer = Array.from({ length: 40_000 }, (_, at) => digestOf(`${at}`)).join('');
  const reader = spawn('cat', [dest], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [bytes] = await Promise.all([collected(reader.stdout), exportTo(dest, { dir: temp.path, layer })]);
  assert.ok((await lstat(dest)).isFIFO());
  const file = join(temp.path, 'file');
  await exportTo(file, { dir: temp.path, layer });
  assert.equal(digestOf(bytes), digestOf(await readFile(file)));
});

test('an output: a pipe that nobody reads is waited for until the signal', needs('linux'), async () => {
  await using temp = await tempDir();
  const dest = join(temp.path, 'dest');
  execFileSync('mkfifo', [dest]);
  const stop = new AbortController();
  const reason = new Error('enough');
  const opening = assert.rejects(openPipe(dest, stop.signal), reason);
  // By then it has looked for a reader: the disk is asked in turn.
  for (let asked = 0; asked < 50; asked += 1) assert.ok((await lstat(dest)).isFIFO());
  stop.abort(reason);
  await opening;
});

test('an output: a device that is full is a failure of the output', needs('linux', 'root'), async () => {
  await using temp = await tempDir();
  const dest = join(temp.path, 'dest');
  execFileSync('mknod', [dest, 'c', '1', '7']);
  await assert.rejects(exportTo(dest, { dir: temp.path }), (error) => reasonOf(error) === 'output-unwritable');
  assert.ok((await lstat(dest)).isCharacterDevice());
});

async function collected(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
