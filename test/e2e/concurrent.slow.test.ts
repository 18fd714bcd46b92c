/** Several cip on one store at once: all succeed, and nothing of one is lost to another. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';
import { copyAll, missingFromRegistry, namesOf, wrongBlobs } from '../support/verify-layout.ts';

const options = needs('busybox', 'skopeo', 'user namespaces');
const exec = promisify(execFile);
const info = '{:version "1.0.0"}\n';
const children = ['one', 'two', 'three', 'four'];

async function filesOf() {
  const files: Record<string, string | Uint8Array> = {
    'contexts/00-base/Dockerfile':
      'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nRUN seq 1 200000 > /base\n',
    'contexts/00-base/info.edn': info,
    'contexts/00-base/busybox': await readFile('/bin/busybox'),
  };
  for (const name of children) {
    files[`contexts/01-${name}/Dockerfile`] =
      `ARG REGISTRY\nFROM \${REGISTRY}/base:1.0.0\nRUN --mount=type=cache,target=/c echo ${name} >> /c/all && seq 1 100000 > /${name}\n`;
    files[`contexts/01-${name}/info.edn`] = info;
  }
  return files;
}

const images = ['base', ...children];
const everyName = images.flatMap((name) => [`localhost:5000/${name}:1.0.0`, `localhost:5000/${name}:latest`]).sort();

function succeeded(outcomes: readonly Outcome[]): void {
  for (const { status, stderr } of outcomes) assert.equal(status, 0, stderr);
}

async function whole(rig: Rig): Promise<void> {
  const layout = join(rig.store, 'images');
  assert.deepEqual(await wrongBlobs(layout), []);
  await copyAll(layout);
  assert.deepEqual(await strayFiles(rig.store), []);
}

/** Bytes depend on the sources alone, so that two builds of them can be compared. */
const env = { SOURCE_DATE_EPOCH: '1700000000' };

test('two builds of all: both succeed with the same images', options, async () => {
  await using rig = await Rig.setup({ files: await filesOf() });
  const outcomes = await Promise.all([rig.cip('build', '--json', { env }), rig.cip('build', '--json', { env })]);
  succeeded(outcomes);
  const layout = join(rig.store, 'images');
  assert.deepEqual(await namesOf(layout), everyName);
  await whole(rig);
  const again = await rig.cip('build', '--json', { env });
  const { images: results } = JSON.parse(again.stdout) as { images: { name: string; status: string }[] };
  assert.deepEqual(
    results.map(({ name, status }) => `${name} ${status}`).sort(),
    images.map((name) => `${name} untouched`).sort(),
  );
});

/** Layers of the only platform of an image, by `skopeo`. */
async function layersOf(rig: Rig, name: string): Promise<readonly string[]> {
  const image = `oci:${join(rig.store, 'images')}:localhost:5000/${name}:1.0.0`;
  const { stdout } = await exec('skopeo', ['inspect', image]);
  return (JSON.parse(stdout) as { Layers: string[] }).Layers;
}

test(
  'three builds of steps that never give the same bytes: children have the layers of their parents',
  options,
  async () => {
    const files = await filesOf();
    const dockerfile = 'contexts/00-base/Dockerfile';
    const other = { ...files, [dockerfile]: `${files[dockerfile]}RUN head -c 64 /dev/urandom > /random\n` };
    await using rig = await Rig.setup({ files: other });
    succeeded(await Promise.all([rig.cip('build'), rig.cip('build'), rig.cip('build')]));
    const base = await layersOf(rig, 'base');
    for (const child of children) assert.deepEqual((await layersOf(rig, child)).slice(0, base.length), base);
    await whole(rig);
  },
);

test('four builds, each of one image: no name is lost', options, async () => {
  await using rig = await Rig.setup({ files: await filesOf() });
  succeeded(await Promise.all(children.map((name) => rig.cip('build', name, { env }))));
  assert.deepEqual(await namesOf(join(rig.store, 'images')), everyName);
  await whole(rig);
});

test('a build while another publishes', {
  ...options,
  ...needs('busybox', 'skopeo', 'root', 'user namespaces'),
}, async () => {
  await using rig = await Rig.setup({ files: await filesOf(), registry: true });
  const local = ['--local-registry', rig.registry];
  succeeded(
    await Promise.all([
      rig.cip('publish-locally', ...local, { env }),
      rig.cip('build', { env }),
      rig.cip('build', ...local, { env }),
    ]),
  );
  const layout = join(rig.store, 'images');
  const names = await namesOf(layout);
  assert.deepEqual(
    everyName.filter((name) => !names.includes(name)),
    [],
  );
  await whole(rig);
  for (const name of images) {
    assert.deepEqual(await missingFromRegistry(rig.registry, name), []);
    const { tags } = (await (await fetch(`http://${rig.registry}/v2/${name}/tags/list`)).json()) as { tags: string[] };
    assert.deepEqual(tags.sort(), ['1.0.0', 'latest']);
  }
});
