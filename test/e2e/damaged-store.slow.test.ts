/** A store that its disk has damaged: `cip cache verify` says what images lack, and what it tells to do leads to the same images. */
import assert from 'node:assert/strict';
import { cp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');
const info = '{:version "1.0.0" :platforms ["linux/amd64" "linux/arm64"]}';
const files = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY f /f\n',
  'contexts/00-base/info.edn': info,
  'contexts/00-base/f': 'base\n'.repeat(5000),
  'contexts/01-app/Dockerfile':
    'ARG REGISTRY\nFROM $REGISTRY/base:1.0.0\nCOPY g /g\nARG TARGETARCH\nCOPY g /$TARGETARCH\n',
  'contexts/01-app/info.edn': info,
  'contexts/01-app/g': 'app\n'.repeat(3000),
};
const names = ['app:1.0.0', 'app:latest', 'base:1.0.0', 'base:latest'];
/** The index of an image says when it was made. */
const epoch = { env: { SOURCE_DATE_EPOCH: '1600000000' } };

/** Blobs by what they are: all that images with a name consist of. */
type Parts = ReadonlyMap<string, string>;

const blobOf = (rig: Rig, digest: string) => join(rig.store, 'images', 'blobs', ...digest.split(':'));
const jsonOf = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
const rootsOf = async (rig: Rig) => (await jsonOf(join(rig.store, 'images', 'index.json'))).manifests;

async function partsOf(rig: Rig): Promise<Parts> {
  const parts = new Map<string, string>();
  for (const root of await rootsOf(rig)) {
    const title = root.annotations['org.opencontainers.image.ref.name'].split('/').at(-1);
    if (title.endsWith(':latest') && title !== 'bb:latest') continue;
    parts.set(`all of ${title}`, root.digest);
    const [manifest = root] = (await jsonOf(blobOf(rig, root.digest))).manifests?.slice(-1) ?? [];
    parts.set(`a manifest of ${title}`, manifest.digest);
    const { config, layers } = await jsonOf(blobOf(rig, manifest.digest));
    parts.set(`a configuration of ${title}`, config.digest);
    parts.set(`the first layer of ${title}`, layers[0].digest);
    parts.set(`the last layer of ${title}`, layers.at(-1).digest);
  }
  return parts;
}

const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
  gone: (path) => rm(path),
  empty: (path) => truncate(path),
  'cut in half': async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  'another byte': async (path) => {
    const file = await open(path, 'r+');
    const { size } = await file.stat();
    const at = Math.floor(size / 2);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, at);
    await file.close();
  },
};

/** All images by name, with their digests, and that each is whole: it can be written elsewhere. */
async function whole(rig: Rig): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { digest, annotations } of await rootsOf(rig)) {
    const name = annotations['org.opencontainers.image.ref.name'];
    // The latest is the same image.
    if (!name.endsWith(':latest')) {
      const copy = await rig.cip('image', 'copy', name, 'oci-archive://out.tar');
      assert.equal(copy.status, 0, copy.stderr);
      await rm(join(rig.project, 'out.tar'));
    }
    found.push(`${name} ${digest}`);
  }
  return found.sort();
}

test('whatever is damaged is found, taken away and made again, to the same digests', canBuild, async (t) => {
  await using rig = await Rig.setup({ files });
  const first = await rig.cip('build', '--platform', 'linux/amd64,linux/arm64', epoch);
  assert.equal(first.status, 0, first.stderr);
  const good = await whole(rig);
  assert.deepEqual(
    good.map((line) => line.slice('localhost:5000/'.length).split(' ')[0]),
    names,
  );
  const original = `${rig.store}.good`;
  await cp(rig.store, original, { recursive: true, preserveTimestamps: true });
  const parts = await partsOf(rig);
  for (const [what, digest] of parts) {
    for (const [how, damage] of Object.entries(damages)) {
      // What is cut is as good as another byte: once is enough.
      if (how !== 'gone' && how !== 'another byte' && what !== 'the last layer of app:1.0.0') continue;
      await t.test(`${what}: ${how}`, async () => {
        await rm(rig.store, { recursive: true });
        await cp(original, rig.store, { recursive: true, preserveTimestamps: true });
        await damage(blobOf(rig, digest));
        const found = await rig.cip('cache', 'verify', '--json');
        const told = JSON.parse(found.stdout);
        const digests = [
          ...told.broken.map((one: { digest: string }) => one.digest),
          ...told.images.incomplete.flatMap((one: { missing: string[] }) => one.missing),
        ];
        assert.deepEqual([found.status, [...new Set(digests)]], [1, [digest]], found.stdout);
        const repair = await rig.cip('cache', 'verify', '--repair');
        assert.equal(repair.status, 0, repair.stderr);
        assert.match(repair.stderr, /warning\[image-incomplete\]/);
        assert.ok((await rootsOf(rig)).length < names.length);
        const again = await rig.cip('cache', 'verify');
        assert.deepEqual([again.status, again.stderr], [0, '']);
        const build = await rig.cip('build', '--platform', 'linux/amd64,linux/arm64', epoch);
        assert.equal(build.status, 0, build.stderr);
        assert.deepEqual(await whole(rig), good);
      });
    }
  }
});

test('whoever meets the damage first is told what mends it', canBuild, async () => {
  await using rig = await Rig.setup({
    files: {
      'base/Dockerfile': 'FROM scratch\nCOPY f /f\n',
      'base/f': 'f'.repeat(5000),
      'app/Dockerfile': 'FROM bb\nCOPY g /g\n',
      'app/g': 'g',
    },
  });
  const build = (directory: string, name: string) =>
    rig.cip('build-image', directory, '-t', name, '-o', 'type=oci,dest=out.tar');
  const first = await rig.cip('build-image', 'base', '-t', 'bb');
  assert.equal(first.status, 0, first.stderr);
  const layer = (await partsOf(rig)).get('the last layer of bb:latest')!;
  const said = async () => {
    const { status, stderr } = await build('app', 'app');
    assert.match(stderr, /= fix: .*cip cache verify --repair/);
    return [status, ...complaintsIn(stderr).map((line) => line.split(' ')[0])];
  };
  await damages['another byte']!(blobOf(rig, layer));
  assert.deepEqual(await said(), [5, 'blob-digest-mismatch']);
  assert.deepEqual(await said(), [5, 'blob-not-fetchable']);
  const { status, stdout } = await rig.cip('image', 'ls');
  assert.deepEqual([status, /bb +\S+ +broken/.test(stdout)], [1, true], stdout);
  const copy = await rig.cip('image', 'copy', 'bb', 'oci-archive://copy.tar');
  assert.match(copy.stderr, /= fix: .*cip cache verify --repair/);
  assert.equal((await rig.cip('cache', 'verify', '--repair')).status, 0);
  const again = await rig.cip('build-image', 'base', '-t', 'bb');
  assert.deepEqual([again.status, again.stdout], [0, first.stdout]);
  assert.equal((await build('app', 'app')).status, 0);
});

test('names that cannot be read are told, and blobs are read all the same', canBuild, async () => {
  await using rig = await Rig.setup({ files });
  assert.equal((await rig.cip('build', epoch)).status, 0);
  const good = await whole(rig);
  const index = join(rig.store, 'images', 'index.json');
  const layer = (await partsOf(rig)).get('the last layer of app:1.0.0')!;
  await damages['another byte']!(blobOf(rig, layer));
  for (const damage of ['empty', 'cut in half']) {
    await damages[damage]!(index);
    const { status, stdout } = await rig.cip('cache', 'verify', '--json');
    const { broken, failures } = JSON.parse(stdout);
    const reasons = failures.map(({ reason }: { reason: string }) => reason);
    assert.deepEqual([status, reasons, broken[0].digest], [5, ['blob-broken', 'index-unreadable'], layer], damage);
    const repair = await rig.cip('cache', 'verify', '--repair', '--json');
    assert.equal(repair.status, 5);
    // What the message tells.
    await writeFile(index, '{"schemaVersion":2,"manifests":[]}');
    const build = await rig.cip('build', epoch);
    assert.equal(build.status, 0, build.stderr);
    assert.deepEqual(await whole(rig), good);
    await damages['another byte']!(blobOf(rig, layer));
  }
  assert.ok((await readdir(join(rig.store, 'images'))).includes('index.json'));
});
