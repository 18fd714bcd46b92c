/** Annotations of images at their four levels, by the whole program. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Rig } from '../support/rig.ts';

type Annotations = Readonly<Record<string, string>>;
interface Entry {
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Annotations;
}
interface Document {
  readonly manifests?: readonly Entry[];
  readonly annotations?: Annotations;
}

/** What is annotated in an image layout: `index-descriptor`, `index`, and for each architecture `entry` and `manifest`. */
async function annotatedIn(layout: string): Promise<Readonly<Record<string, Annotations>>> {
  const read = async (path: string) => JSON.parse(await readFile(join(layout, path), 'utf8')) as Document;
  const blob = async ({ digest }: Entry) => await read(`blobs/${digest.replace(':', '/')}`);
  const [top] = (await read('index.json')).manifests!;
  const image = await blob(top!);
  const found: Record<string, Annotations | undefined> = { 'index-descriptor': top?.annotations };
  if (image.manifests === undefined) return withoutEmpty({ ...found, manifest: image.annotations });
  found['index'] = image.annotations;
  for (const entry of image.manifests) {
    const name = entry.platform!.architecture;
    found[`${name} entry`] = entry.annotations;
    found[`${name} manifest`] = (await blob(entry)).annotations;
  }
  return withoutEmpty(found);
}

function withoutEmpty(found: Readonly<Record<string, Annotations | undefined>>) {
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}

const files = { Dockerfile: 'FROM scratch\nCOPY f /f\n', f: 'f' };
const both = ['--platform', 'linux/amd64,linux/arm64'];

test('build-image annotates each level, and an output has more of its own', async () => {
  await using rig = await Rig.setup({ files });
  const given = [
    'a=1',
    'manifest[linux/arm64]:a=2',
    'index,manifest-descriptor[linux/amd64]:B=3',
    'index-descriptor:c=4',
  ];
  const outputs = ['o,tar=false', 'p,tar=false,annotation-index.B=5,annotation-manifest-descriptor.d=6,annotation.a=7'];
  const { status, stderr } = await rig.cip(
    ...['build-image', '.', ...both],
    ...given.flatMap((text) => ['--annotation', text]),
    ...outputs.flatMap((output) => ['-o', `type=oci,dest=${output}`]),
  );
  assert.equal(status, 0, stderr);
  const amd64 = { 'amd64 manifest': { a: '1' }, 'amd64 entry': { B: '3' } };
  const arm64 = { 'arm64 manifest': { a: '2' } };
  assert.deepEqual(await annotatedIn(join(rig.project, 'o')), {
    ...{ 'index-descriptor': { c: '4' }, index: { B: '3' } },
    ...amd64,
    ...arm64,
  });
  assert.deepEqual(await annotatedIn(join(rig.project, 'p')), {
    ...{ 'index-descriptor': { c: '4' }, index: { B: '5' } },
    ...{ 'amd64 manifest': { a: '7' }, 'amd64 entry': { B: '3', d: '6' } },
    ...{ 'arm64 manifest': { a: '7' }, 'arm64 entry': { d: '6' } },
  });
});

test('the image of one platform has what is said of its manifest and of what leads to it', async () => {
  await using rig = await Rig.setup({ files });
  const words = ['--annotation', 'manifest,manifest-descriptor:a=1', '-o', 'type=oci,dest=o,tar=false'];
  assert.equal((await rig.cip('build-image', '.', ...words)).status, 0);
  assert.deepEqual(await annotatedIn(join(rig.project, 'o')), { 'index-descriptor': { a: '1' }, manifest: { a: '1' } });
});

/** Options → the reason why they are refused before anything is built. */
const refused: Readonly<Record<string, readonly [reason: string, ...options: string[]]>> = {
  'an index of one platform': ['annotation-misplaced', '--annotation', 'index:a=1'],
  'an index of one platform, in an output': ['annotation-misplaced', '-o', 'type=oci,dest=x,annotation-index.a=1'],
  'a platform that is not built': ['annotation-misplaced', ...both, '--annotation', 'manifest[linux/s390x]:a=1'],
  "Docker's media types": [
    'contradictory-options',
    ...['--annotation', 'a=1', '-o', 'type=oci,dest=x,oci-mediatypes=false'],
  ],
  "Docker's media types in one output": [
    'invalid-option-value',
    ...['-o', 'type=oci,dest=x,oci-mediatypes=false,annotation.a=1'],
  ],
  'an output that is the store': ['invalid-option-value', '-o', 'type=image,name=x,annotation.a=1'],
  'an output that has no image': ['invalid-option-value', '-o', 'type=local,dest=x,annotation.a=1'],
};

for (const [title, [reason, ...options]] of Object.entries(refused)) {
  test(`refused: an annotation of ${title}`, async () => {
    await using rig = await Rig.setup({ files });
    const { status, stderr } = await rig.cip('build-image', '.', ...options);
    assert.equal(status, 2, stderr);
    assert.match(stderr, new RegExp(`^error\\[${reason}\\]`, 'm'));
    assert.doesNotMatch(stderr, /Building/);
  });
}

test('images of a project are annotated, and built again with others', async () => {
  const context = { 'contexts/00-a/Dockerfile': 'FROM scratch\nCOPY f /f\n', 'contexts/00-a/f': 'f' };
  await using rig = await Rig.setup({
    files: { ...context, 'contexts/00-a/info.edn': '{:version "1.0.0"}' },
    registry: true,
  });
  const annotated = [
    '--annotation',
    'index,manifest,manifest-descriptor:x=1',
    '--annotation',
    'manifest[linux/arm64]:y=2',
  ];
  const published = await rig.cip('publish', '--remote-registry', rig.registry, ...annotated);
  assert.equal(published.status, 0, published.stderr);
  const get = async (path: string) => {
    const answer = await fetch(`http://${rig.registry}/v2/a/manifests/${path}`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' },
    });
    return (await answer.json()) as Document;
  };
  const { annotations, manifests = [] } = await get('1.0.0');
  assert.equal(annotations?.['x'], '1');
  assert.deepEqual(
    Object.fromEntries(
      await Promise.all(
        manifests.map(async (entry) => {
          const manifest = (await get(entry.digest)).annotations!;
          return [entry.platform?.architecture, [entry.annotations?.['x'], manifest['x'], manifest['y']]] as const;
        }),
      ),
    ),
    { amd64: ['1', '1', undefined], arm64: ['1', '1', '2'] },
  );
  const plan = async (...options: string[]) => {
    const { stdout } = await rig.cip('plan', 'publish', '--remote-registry', rig.registry, '--json', ...options);
    const { images } = JSON.parse(stdout) as { images: { action: string; reasons: { name?: string }[] }[] };
    return images.flatMap(({ action, reasons }) => [action, ...reasons.map(({ name }) => name)]);
  };
  assert.deepEqual((await plan(...annotated))[0], 'up-to-date');
  assert.notEqual((await plan())[0], 'up-to-date');
  const misplaced = await rig.cip('build', '--annotation', 'index-descriptor:a=1');
  assert.equal(misplaced.status, 2);
  assert.match(misplaced.stderr, /annotation-misplaced/);
});
