/** `cip cache verify` of unpacked layers: whatever differs from the layer is named, removed with `--repair`, and made again. */
import assert from 'node:assert/strict';
import {
  chmod,
  chown,
  cp,
  lchown,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'root', 'busybox', 'user namespaces');

const dockerfile = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'COPY gone /kept/gone',
  'SHELL ["/bin/busybox", "sh", "-c"]',
  'RUN busybox mkdir -p /d/e && cd /d && echo text > a && busybox ln a b && busybox ln -s a c && busybox rm /kept/gone',
  'RUN busybox cat /d/a',
  '',
].join('\n');

interface Found {
  readonly id: string;
  readonly path: string;
  readonly what: string;
  readonly removed: boolean;
}

const env = { SOURCE_DATE_EPOCH: '1700000000' };

async function setup(): Promise<Rig> {
  return await Rig.setup({
    files: { 'c/Dockerfile': dockerfile, 'c/busybox': await readFile('/bin/busybox'), 'c/gone': 'gone' },
  });
}

async function build(rig: Rig, ...options: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await rig.cip('build-image', 'c', '-t', 'a:1', ...options, { env });
  assert.equal(status, 0, stderr);
  return stdout;
}

async function verify(rig: Rig, ...options: readonly string[]) {
  const { status, stdout, stderr } = await rig.cip('cache', 'verify', '--json', ...options);
  const { unpacked } = JSON.parse(stdout) as {
    readonly unpacked: { readonly checked: number; readonly unknown: number; readonly broken: readonly Found[] };
  };
  return { status, unpacked, complaints: complaintsIn(stderr) };
}

/** Of the layer that has `/d`, whose whiteout tells what it stands on. */
async function changedLayer(rig: Rig): Promise<{ readonly id: string; readonly files: string }> {
  const snapshots = join(rig.store, 'snapshots');
  const id = (await readdir(snapshots)).find((name) => name.includes('chain-'))!;
  return { id, files: join(snapshots, id, 'fs') };
}

/** What happens to the files, and what is said of it. */
const damages: readonly (readonly [
  happens: string,
  damage: (files: string) => Promise<unknown>,
  path: string,
  what: string,
])[] = [
  ['a byte of a file flips', (files) => flip(join(files, 'd/a')), 'd/a', 'content'],
  ['a file is cut', (files) => writeFile(join(files, 'd/a'), ''), 'd/a', 'content'],
  ['a file is gone', (files) => rm(join(files, 'd/b')), 'd/b', 'missing'],
  ['a directory is gone', (files) => rm(join(files, 'd/e'), { recursive: true }), 'd/e', 'missing'],
  ['all is gone', (files) => rm(files, { recursive: true }), '', 'missing'],
  ['a file is more than the layer has', (files) => writeFile(join(files, 'd/more'), ''), 'd/more', 'added'],
  ['a directory is more', (files) => mkdir(join(files, 'more')), 'more', 'added'],
  ['a file is a directory', (files) => replace(join(files, 'd/b'), (path) => mkdir(path)), 'd/b', 'type'],
  ['a link leads elsewhere', (files) => replace(join(files, 'd/c'), (path) => symlink('b', path)), 'd/c', 'target'],
  ['another name is another file', (files) => copied(join(files, 'd/b')), 'd/b', 'link'],
  ['a mode has changed', (files) => chmod(join(files, 'd/e'), 0o700), 'd/e', 'mode'],
  ['a file has become another one of root', (files) => chmod(join(files, 'd/a'), 0o4644), 'd/a', 'mode'],
  ['an owner has changed', (files) => chown(join(files, 'd/e'), 1, 0), 'd/e', 'owner'],
  ['the group of a link has changed', (files) => lchown(join(files, 'd/c'), 0, 1), 'd/c', 'owner'],
  ['a time has changed', (files) => utimes(join(files, 'd/a'), 5, 5), 'd/a', 'time'],
  ['the time of a directory has changed', (files) => utimes(join(files, 'd'), 5, 5), 'd', 'time'],
  ['what was removed shows again', (files) => unlink(join(files, 'kept/gone')), 'kept/gone', 'missing'],
  [
    'what was removed is there again',
    (files) => replace(join(files, 'kept/gone'), (path) => writeFile(path, 'gone')),
    'kept/gone',
    'added',
  ],
  [
    'what is there is hidden',
    (files) => replace(join(files, 'd/b'), (path) => link(join(files, 'kept/gone'), path)),
    'd/b',
    'type',
  ],
];

/** Its time stays. */
async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[0]! ^= 1;
  await writeFile(file, bytes);
  await utimes(file, 1_700_000_000, 1_700_000_000);
}

async function replace(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  await rm(path);
  await make(path);
}

async function copied(file: string): Promise<void> {
  await cp(file, `${file}.new`, { preserveTimestamps: true });
  await rename(`${file}.new`, file);
}

test(
  'an unpacked layer that has changed is named, removed when asked, and made again',
  canBuild,
  async (t: TestContext) => {
    await using rig = await setup();
    const image = await build(rig);
    const good = await verify(rig);
    assert.deepEqual(good, { status: 0, unpacked: { checked: 4, unknown: 0, broken: [] }, complaints: [] });
    const snapshots = join(rig.store, 'snapshots');
    const { id, files } = await changedLayer(rig);

    const saved = join(rig.project, '../saved');
    await execa('cp', ['-a', snapshots, saved]);

    for (const [happens, damage, path, what] of damages)
      await t.test(happens, async () => {
        await damage(files);
        const told = await verify(rig);
        assert.deepEqual(told, {
          status: 1,
          unpacked: {
            checked: 4,
            unknown: 0,
            broken: [{ id, layer: layerIn(told.unpacked.broken), path, what, removed: false }],
          },
          complaints: ['unpacked-broken'],
        });
        const repaired = await verify(rig, '--repair');
        assert.equal(repaired.status, 0);
        assert.deepEqual(
          repaired.unpacked.broken.map(({ removed }) => removed),
          [true],
        );
        assert.ok(!(await readdir(snapshots)).includes(id));
        await execa('cp', ['-a', join(saved, id), snapshots]);
      });

    await t.test('what was removed is made again', async () => {
      await rm(join(files, 'd/a'));
      assert.equal((await verify(rig, '--repair')).status, 0);
      assert.deepEqual(await build(rig, '--no-cache'), image);
      assert.deepEqual((await verify(rig)).unpacked, { checked: 4, unknown: 0, broken: [] });
    });

    await t.test('a stack that no image has', async () => {
      await rig.cip('image', 'rm', 'a:1');
      await rm(join(rig.store, 'images/blobs/sha256'), { recursive: true });
      await mkdir(join(rig.store, 'images/blobs/sha256'));
      assert.deepEqual((await verify(rig)).unpacked, { checked: 4, unknown: 0, broken: [] });
      await build(rig);
    });

    await t.test('a stack that no record has', async () => {
      await rm(join(rig.store, 'records'), { recursive: true });
      await mkdir(join(rig.store, 'records'));
      assert.deepEqual((await verify(rig)).unpacked, { checked: 4, unknown: 0, broken: [] });
    });

    await t.test('of what the store no longer knows nothing is said', async () => {
      await rm(join(rig.store, 'indexes'), { recursive: true });
      await mkdir(join(rig.store, 'indexes'));
      await mkdir(join(snapshots, `1-layer-${'0'.repeat(64)}`));
      await rm(join(files, 'd/a'));
      assert.deepEqual((await verify(rig)).unpacked, { checked: 0, unknown: 4, broken: [] });
    });
  },
);

function layerIn([first]: readonly Found[]): string | undefined {
  const layer = (first as { readonly layer?: string } | undefined)?.layer;
  assert.match(layer ?? '', /^sha256:[0-9a-f]{64}$/);
  return layer;
}

test('an unpacked layer that a step stands on stays until that has ended', canBuild, async () => {
  await using rig = await setup();
  await build(rig);
  const { id, files } = await changedLayer(rig);
  await rig.write({ 'c/Dockerfile': `${dockerfile}RUN echo it waits; busybox sleep 1000\n` });
  let repaired: Promise<Awaited<ReturnType<typeof verify>>> | undefined;
  await rig.cip('build-image', 'c', '-v', {
    env,
    onStart: (child) =>
      child.stderr?.on('data', (text: string) => {
        if (!/\| it waits$/m.test(text)) return;
        repaired ??= writeFile(join(files, 'd/a'), '')
          .then(() => verify(rig, '--repair'))
          .finally(() => child.kill('SIGTERM'));
      }),
  });
  const { status, unpacked } = (await repaired)!;
  assert.equal(status, 1);
  assert.deepEqual(
    unpacked.broken.map((one) => [one.id, one.removed]),
    [[id, false]],
  );
  assert.equal((await verify(rig, '--repair')).unpacked.broken[0]?.removed, true);
});
