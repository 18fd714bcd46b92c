/** `cip image ls` and `rm`: the names of a real store. */
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
] as const) {
  test(`refused: ${words}`, async () => {
    await using rig = await Rig.setup();
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.equal(status, 2);
    assert.deepEqual(complaintsIn(stderr), [complaint]);
  });
}
