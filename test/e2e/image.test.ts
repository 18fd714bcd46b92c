/** `cip image ls`, `inspect` and `rm`: the images of a real store, of registries and directories. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { Rig } from '../support/rig.ts';

interface Document {
  readonly schema: string;
  readonly images: readonly {
    readonly name: string;
    readonly digest: string;
    readonly platforms?: readonly string[];
    readonly size?: number;
    readonly created?: string;
  }[];
  readonly removed: readonly string[];
  readonly failures: readonly { readonly reason: string }[];
}

async function built(rig: Rig, ...args: readonly string[]): Promise<string> {
  await rig.write({ 'c/Dockerfile': 'FROM scratch\nCOPY a /a\n', 'c/a': 'A\n' });
  const { status, stderr, stdout } = await rig.cip('build-image', 'c', ...args);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

async function json(rig: Rig, ...args: readonly string[]): Promise<Document> {
  const { stdout, stderr } = await rig.cip('image', ...args, '--json');
  const document = JSON.parse(stdout || '{}') as Document;
  assert.equal(document.schema, 'cip.images/v1', stderr);
  return document;
}

async function names(rig: Rig, ...patterns: readonly string[]): Promise<readonly string[]> {
  return (await json(rig, 'ls', ...patterns)).images.map(({ name }) => name);
}

test('ls: names, platforms and sizes', async () => {
  await using rig = await Rig.setup();
  assert.deepEqual(await names(rig), []);
  await built(rig, '-t', 'b:1', '--platform', 'linux/amd64,linux/arm64');
  await built(rig, '-t', 'localhost:5000/x/a:2', '--platform', 'linux/arm64', '--build-arg', 'SOURCE_DATE_EPOCH=0');
  const { images } = await json(rig, 'ls');
  assert.deepEqual(
    images.map(({ name, platforms }) => [name, platforms]),
    [
      ['docker.io/library/b:1', ['linux/amd64', 'linux/arm64']],
      ['localhost:5000/x/a:2', ['linux/arm64']],
    ],
  );
  assert.ok(images.every(({ digest, size = 0 }) => /^sha256:[0-9a-f]{64}$/.test(digest) && size > 500));
  assert.equal(Date.parse(images[1]!.created!), 0);
  const { stdout } = await rig.cip('image', 'ls');
  assert.match(stdout, /^name +digest +platforms +size +created\nb:1 +sha256:[0-9a-f]{12} +linux\/amd64,linux\/arm64 /);
  assert.doesNotMatch(stdout, / ago/);
  await built(rig, '-t', 'c:3', '--build-arg', 'SOURCE_DATE_EPOCH=1600000000');
  assert.match((await rig.cip('image', 'ls')).stdout, /^c:3 .* \d+d ago$/m);
});

/** What patterns mean of `b:1`, `b:2` and `localhost:5000/b.c:1`. */
const patterns: readonly (readonly [pattern: string, found: readonly string[]])[] = [
  ['b', ['docker.io/library/b:1', 'docker.io/library/b:2']],
  ['b:1', ['docker.io/library/b:1']],
  ['docker.io/library/b', ['docker.io/library/b:1', 'docker.io/library/b:2']],
  ['*:1', ['docker.io/library/b:1', 'localhost:5000/b.c:1']],
  ['localhost:5000/*', ['localhost:5000/b.c:1']],
  ['localhost:5000/b?c', []],
  ['docker.io.library/b', []],
  ['localhost', []],
  ['(', []],
];

test('ls: patterns', async () => {
  await using rig = await Rig.setup();
  await built(rig, '-t', 'b:1', '-t', 'b:2', '-t', 'localhost:5000/b.c:1');
  for (const [pattern, found] of patterns) assert.deepEqual(await names(rig, pattern), found, pattern);
  assert.deepEqual(await names(rig, 'b:2', '*.c'), ['docker.io/library/b:2', 'localhost:5000/b.c:1']);
});

test('ls: an image that is broken is told of, and the others are listed', async () => {
  await using rig = await Rig.setup();
  await built(rig, '-t', 'a:1');
  const { images } = await json(rig, 'ls');
  await built(rig, '-t', 'b:1', '--label', 'x=y');
  await rm(join(rig.store, 'images/blobs/sha256', images[0]!.digest.slice(7)));
  const found = await json(rig, 'ls');
  assert.deepEqual(
    found.images.map(({ platforms }) => platforms?.length),
    [undefined, 1],
  );
  assert.equal(found.failures.length, 1);
  assert.notEqual((await rig.cip('image', 'ls')).status, 0);
});

test('rm takes names as people write them, and leaves content to prune', async () => {
  await using rig = await Rig.setup();
  await built(rig, '-t', 'a', '-t', 'a:2', '-t', 'localhost:5000/a:1');
  assert.deepEqual((await json(rig, 'rm', 'a', 'localhost:5000/a:1')).removed, [
    'docker.io/library/a:latest',
    'localhost:5000/a:1',
  ]);
  assert.deepEqual(await names(rig), ['docker.io/library/a:2']);
  assert.equal((await json(rig, 'ls')).failures.length, 0);
  assert.equal((await rig.cip('image', 'rm', 'a:2')).stdout, 'a:2\n');
});

test('rm takes all of the names or none', async () => {
  await using rig = await Rig.setup();
  await built(rig, '-t', 'tool:1.0', '-t', 'b:1');
  const { status, stderr } = await rig.cip('image', 'rm', 'b:1', 'tol:1.0');
  assert.equal(status, 2);
  assert.deepEqual(complaintsIn(stderr), ['image-not-stored']);
  assert.match(stderr, /did you mean tool:1\.0\?/);
  assert.equal((await names(rig)).length, 2);
  assert.deepEqual((await json(rig, 'rm', 'nothing-like-it')).failures[0]?.reason, 'image-not-stored');
});

for (const [words, complaint] of [
  ['image', 'unknown-command'],
  ['image list', 'unknown-command'],
  ['image rm', 'missing-image-name'],
  ['image rm a:b:c', 'image-not-stored'],
  ['image inspect', 'missing-image-name'],
  ['image inspect tool:1.0', 'image-not-stored'],
  ['image inspect oci-layout://nowhere', 'layout-not-readable'],
  ['image inspect docker-image://A', 'image-name-invalid'],
] as const) {
  test(`refused: ${words}`, async () => {
    await using rig = await Rig.setup();
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.equal(status, 2);
    assert.deepEqual(complaintsIn(stderr), [complaint]);
  });
}

const inspected = [
  'FROM scratch',
  'COPY a /a',
  'ENV A=b C="d e"',
  'LABEL of=it',
  'USER nobody',
  'WORKDIR /srv',
  'EXPOSE 80 53/udp',
  'VOLUME /data',
  'STOPSIGNAL SIGINT',
  'ENTRYPOINT ["/a", "x"]',
  'CMD ["y"]',
  '',
].join('\n');

interface Content {
  readonly schema: string;
  readonly name: string;
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platforms: readonly {
    readonly platform: string;
    readonly size: number;
    readonly config: Readonly<Record<string, unknown>>;
    readonly layers: readonly {
      readonly digest: string;
      readonly diffID: string;
      readonly size: number;
      readonly createdBy?: string;
    }[];
  }[];
}

async function contentOf(rig: Rig, text: string): Promise<Content> {
  const { status, stdout, stderr } = await rig.cip('image', 'inspect', text, '--json');
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Content;
}

test('inspect: the same image in the store, in a registry, in a directory', async () => {
  await using rig = await Rig.setup({ registry: true, files: { 'c/Dockerfile': inspected, 'c/a': 'A\n' } });
  const name = `${rig.registry}/tool:1.0`;
  const both = ['--platform', 'linux/amd64,linux/arm64', '--annotation', 'index:on=index'];
  const built = await rig.cip('build-image', 'c', '-t', name, '--push', '-o', 'type=oci,dest=d,tar=false', ...both);
  assert.equal(built.status, 0, built.stderr);
  const here = await contentOf(rig, name);
  assert.deepEqual([here.schema, here.name, here.annotations], ['cip.image-content/v1', name, { on: 'index' }]);
  assert.deepEqual(
    here.platforms.map(({ platform, layers }) => [platform, layers.map(({ createdBy }) => createdBy)]),
    ['linux/amd64', 'linux/arm64'].map((platform) => [platform, ['COPY a /a # buildkit', 'WORKDIR /srv']]),
  );
  const [{ config, layers, size }] = here.platforms as [Content['platforms'][number]];
  assert.deepEqual(
    [config['User'], config['WorkingDir'], config['Entrypoint'], config['Cmd'], config['Labels'], config['StopSignal']],
    ['nobody', '/srv', ['/a', 'x'], ['y'], { of: 'it' }, 'SIGINT'],
  );
  assert.equal(size, layers[0]!.size + layers[1]!.size);
  // In the store layers are tars, elsewhere they are packed: the tars inside are the same.
  assert.deepEqual(
    layers.map(({ digest }) => digest),
    layers.map(({ diffID }) => diffID),
  );
  for (const text of [`docker-image://${name}`, 'oci-layout://d:1.0']) {
    const there = await contentOf(rig, text);
    assert.equal(there.name, text);
    assert.deepEqual(
      there.platforms.map((one) => [one.config, one.layers.map(({ diffID }) => diffID)]),
      here.platforms.map((one) => [one.config, one.layers.map(({ diffID }) => diffID)]),
    );
    assert.ok(there.platforms[0]!.size < size, text);
  }
  // Of a digest, which is one platform.
  const one = await contentOf(rig, `docker-image://${rig.registry}/tool@${await armDigest(rig, name)}`);
  assert.deepEqual(
    one.platforms.map(({ platform }) => platform),
    ['linux/arm64'],
  );
  const missing = await rig.cip('image', 'inspect', `docker-image://${rig.registry}/tool:2.0`);
  assert.deepEqual([missing.status, complaintsIn(missing.stderr)], [2, ['image-not-in-registry']]);
  const { stdout } = await rig.cip('image', 'inspect', name);
  for (const line of [
    'variable    A=b',
    'variable    C=d e',
    'label       of=it',
    'port        53/udp',
    'volume      /data',
  ])
    assert.ok(stdout.includes(`  ${line}\n`), stdout);
  assert.match(stdout, /^ {2}layer {7}sha256:[0-9a-f]{12} +\S+ kB {2}COPY a \/a # buildkit$/m);
});

async function armDigest(rig: Rig, name: string): Promise<string> {
  const { stdout } = await rig.cip('image', 'inspect', `docker-image://${name}`, '--json');
  const { platforms } = JSON.parse(stdout) as { readonly platforms: readonly { platform: string; digest: string }[] };
  return platforms.find(({ platform }) => platform === 'linux/arm64')!.digest;
}

test('inspect: an image without an index, and one whose history does not fit', async () => {
  await using rig = await Rig.setup({
    files: { 'c/Dockerfile': 'FROM scratch\nCOPY a /a\nCOPY a /b\n', 'c/a': 'A\n' },
  });
  assert.equal((await rig.cip('build-image', 'c', '-t', 'a:1', '--squash=all')).status, 0);
  const { platforms, digest } = await contentOf(rig, 'a:1');
  assert.equal(platforms.length, 1);
  assert.equal(platforms[0]!.layers.length, 1);
  assert.match(digest, /^sha256:/);
});
