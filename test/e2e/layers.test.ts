/** `--commit` and `--squash`, by the whole program: the layers before and after, and when an image is built anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, readIndex, readManifest } from '../../src/oci/read-document.ts';
import { Store } from '../../src/store/store.ts';
import { applyLayer, type Node } from '../conformance/image.ts';
import { Rig } from '../support/rig.ts';

const files = {
  'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY a /a\nCOPY b /b\n',
  'contexts/00-base/info.edn': '{:version "1.0.0"}',
  'contexts/00-base/a': 'a',
  'contexts/00-base/b': 'b',
  'contexts/01-app/Dockerfile':
    'ARG REGISTRY\nFROM ${REGISTRY}/base:1.0.0\nCOPY c /a\nCOPY c /c #!COMMIT\nENV x=y\nCOPY d /d\nCOPY c /e\n',
  'contexts/01-app/info.edn': '{:version "1.0.0"}',
  'contexts/01-app/c': 'c',
  'contexts/01-app/d': 'd',
};

async function configOf(rig: Rig, reference: string): Promise<{ readonly Labels?: unknown }> {
  await using store = await Store.open(rig.store);
  const signal = new AbortController().signal;
  const index = await readIndex(store.blobs, (await store.refs.get(reference))!, signal);
  const manifest = await readManifest(store.blobs, index.value.manifests[0]!, signal);
  return (await readConfig(store.blobs, manifest.value.config, signal)).value.config ?? {};
}

/** How many layers the image has, what files, and how many entries of its history have a layer. */
async function shapeOf(rig: Rig, reference: string) {
  await using store = await Store.open(rig.store);
  const signal = new AbortController().signal;
  const index = await readIndex(store.blobs, (await store.refs.get(reference))!, signal);
  const { config, layers } = (await readManifest(store.blobs, index.value.manifests[0]!, signal)).value;
  const chunks: Buffer[] = [];
  for await (const chunk of await store.blobs.open(config, signal)) chunks.push(chunk as Buffer);
  const { history } = JSON.parse(Buffer.concat(chunks).toString()) as { history: { empty_layer?: boolean }[] };
  const tree = new Map<string, Node>();
  for (const { digest, mediaType } of layers) await applyLayer(tree, await store.blobs.openPath(digest), mediaType);
  const entries = history.filter(({ empty_layer }) => empty_layer !== true).length;
  return {
    layers: layers.length,
    entries,
    files: [...tree].map(([path, { content }]) => `${path} ${content.slice(0, 6)}`).sort(),
  };
}

/** Options → layers of the base, and of the image that is built on it. */
const choices: readonly (readonly [options: readonly string[], base: number, app: number])[] = [
  [[], 2, 6],
  [['--commit=implicit'], 2, 6],
  [['--commit=explicit'], 1, 3],
  [['--squash=app'], 1, 2],
  [['--squash=all'], 1, 1],
];

test('layers are those that are asked for, and the files are the same', async () => {
  await using rig = await Rig.setup({ files });
  const app = 'localhost:5000/app:1.0.0';
  assert.equal((await rig.cip('build')).status, 0);
  const { files: expected } = await shapeOf(rig, app);
  assert.equal(expected.length, 5);
  const plan = async (options: readonly string[]) => {
    const { stdout } = await rig.cip('plan', 'build', '--json', ...options);
    const { images } = JSON.parse(stdout) as {
      images: { name: string; action: string; reasons: { code: string; name?: string }[] }[];
    };
    return images.map(
      ({ name, action, reasons }) => `${name} ${action} ${reasons.map((one) => one.name ?? one.code).join(' ')}`,
    );
  };
  for (const [options, base, own] of choices) {
    const built = await rig.cip('build', ...options);
    assert.equal(built.status, 0, built.stderr);
    assert.deepEqual(await shapeOf(rig, app), { layers: own, entries: own, files: expected }, options.join(' '));
    assert.equal((await shapeOf(rig, 'localhost:5000/base:1.0.0')).layers, base);
    for (const line of await plan(options)) assert.match(line, / up-to-date /);
  }
  assert.deepEqual(await plan([]), ['base build --squash', 'app build parent-built --squash']);
});

test('labels that are given are those of the image, and another one builds it anew', async () => {
  await using rig = await Rig.setup({ files });
  const plan = async (...options: string[]) => {
    const { stdout } = await rig.cip('plan', 'build', 'base', '--json', ...options);
    const { images } = JSON.parse(stdout) as { images: { action: string; reasons: { name?: string }[] }[] };
    return images.map(({ action, reasons }) => `${action} ${reasons.map(({ name = '' }) => name).join(' ')}`);
  };
  assert.equal((await rig.cip('build', 'base', '--label=a=1', '--label', 'b')).status, 0);
  assert.deepEqual((await configOf(rig, 'localhost:5000/base:1.0.0')).Labels, { a: '1', b: '' });
  assert.deepEqual(await plan('--label', 'b=', '--label=a=1'), ['up-to-date ']);
  assert.deepEqual(await plan('--label=a=2', '--label=b'), ['build --label a']);
  assert.deepEqual(await plan(), ['build --label a --label b']);
});

test('one option for layers at a time', async () => {
  await using rig = await Rig.setup({ files });
  const { status, stderr } = await rig.cip('build', '--squash=app', '--commit=explicit');
  assert.equal(status, 2);
  assert.match(stderr, /--squash=app/);
});

test('build-image as well', async () => {
  await using rig = await Rig.setup({ files });
  const { status, stderr } = await rig.cip('build-image', 'contexts/00-base', '-t', 'x:1', '--squash=app', '--json');
  assert.equal(status, 0, stderr);
});
