/** `cip cache du`, `prune`, `verify`, and the limits of a store that a build keeps by itself. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';

const exec = promisify(execFile);
const dockerfile = 'FROM scratch AS a\nCOPY big /x\nFROM scratch\nCOPY --from=a /x /y\n';

async function build(rig: Rig, ...args: readonly string[]): Promise<Outcome> {
  await rig.write({ 'c/Dockerfile': dockerfile, 'c/big': randomBytes(1_000_000) });
  const outcome = await rig.cip('build-image', 'c', ...args);
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
}

interface Found {
  readonly schema: string;
  readonly kinds: readonly { readonly kind: string; readonly count: number; readonly size: number }[];
  readonly freed: number;
  readonly entries: readonly { readonly kind: string }[];
  readonly broken: readonly { readonly digest: string; readonly images: readonly string[] }[];
  readonly failures: readonly { readonly reason: string }[];
}

async function json(rig: Rig, ...args: readonly string[]): Promise<Found> {
  const { stdout, stderr } = await rig.cip('cache', ...args, '--json');
  const found = JSON.parse(stdout || '{}') as Found;
  assert.equal(found.schema, 'cip.cache/v1', stderr);
  return found;
}

async function counts(rig: Rig): Promise<Readonly<Record<string, number>>> {
  const { kinds } = await json(rig, 'du');
  return Object.fromEntries(kinds.flatMap(({ kind, count }) => (count > 0 ? [[kind, count]] : [])));
}

test('what a build leaves, and what prune takes of it', async () => {
  await using rig = await Rig.setup();
  await build(rig, '-t', 'a:1');
  const whole = { image: 3, layer: 2, unpacked: 1, index: 2, record: 3, temporary: 1 };
  assert.deepEqual(await counts(rig), whole);
  const { stdout } = await rig.cip('cache', 'prune', '-n');
  assert.match(stdout, /^would free [\d.]+ MB: 2 layer, 1 unpacked, 1 index\n$/);
  assert.deepEqual((await json(rig, 'prune', '--max-age', '1h')).entries, []);
  assert.deepEqual((await json(rig, 'prune', '--filter', 'type=cache-mount')).entries, []);
  const { entries, freed } = await json(rig, 'prune');
  assert.deepEqual(entries.map(({ kind }) => kind).sort(), ['index', 'layer', 'layer', 'unpacked']);
  assert.ok(freed > 2e6);
  assert.deepEqual(await counts(rig), { image: 3, index: 1, record: 3, temporary: 1 });
  assert.equal((await rig.cip('cache', 'verify')).status, 0);
});

test('a build keeps the limits of the store, and says in a line what it took', async () => {
  await using rig = await Rig.setup();
  const first = await build(rig, '-t', 'a:1');
  assert.doesNotMatch(first.stderr, /freed/);
  const second = await build(rig, '-t', 'a:1', '--cache-max-size', '1.2MB');
  assert.match(second.stderr, /^store: freed [\d.]+ MB: /m);
  assert.equal((await counts(rig))['image'], 3);
  const { kinds } = await json(rig, 'du');
  assert.ok(kinds.reduce((sum, { kind, size }) => (kind === 'temporary' ? sum : sum + size), 0) <= 1.2e6);
  const quiet = await build(rig, '-t', 'a:1', '--cache-max-size', '0', '-q');
  assert.equal(quiet.stderr, '');
  const none = await build(rig, '-t', 'a:1', '--cache-max-size', 'none');
  assert.doesNotMatch(none.stderr, /freed/);
});

test('verify names what is broken and the images that need it, and repairs', async () => {
  await using rig = await Rig.setup();
  await build(rig, '-t', 'a:1');
  const { entries } = await json(rig, 'du');
  const layer = (entries as readonly { kind: string; id: string; size: number }[])
    .filter(({ kind }) => kind === 'image')
    .sort((a, b) => b.size - a.size)[0]!.id;
  await writeFile(join(rig.store, 'images/blobs/sha256', layer.slice(7)), 'other');
  const told = await rig.cip('cache', 'verify');
  assert.equal(told.status, 1);
  assert.deepEqual(complaintsIn(told.stderr), ['blob-broken']);
  const { broken, failures } = await json(rig, 'verify');
  assert.deepEqual(broken, [{ digest: layer, size: 5, images: ['docker.io/library/a:1'], removed: false }]);
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ['blob-broken'],
  );
  const repaired = await rig.cip('cache', 'verify', '--repair');
  assert.equal(repaired.status, 0);
  assert.deepEqual((await json(rig, 'verify')).broken, []);
  const again = await rig.cip('build-image', 'c', '-t', 'a:1');
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual((await json(rig, 'du')).entries.filter(({ kind }) => kind === 'image').length, 3);
});

/** What a person may get wrong. */
const wrong: readonly (readonly [words: string, complaint: string])[] = [
  ['cache prune --max-size 10XB', 'invalid-option-value'],
  ['cache prune --max-size=-1GB', 'invalid-option-value'],
  ['cache prune --max-age 7', 'invalid-option-value'],
  ['cache prune --min-free lots', 'invalid-option-value'],
  ['cache prune --filter layer', 'invalid-option-value'],
  ['cache prune --filter type=image', 'invalid-option-value'],
  ['build-image c --cache-max-size much', 'invalid-option-value'],
  ['cache', 'unknown-command'],
  ['cache purge', 'unknown-command'],
];

for (const [words, complaint] of wrong) {
  test(`refused: ${words}`, async () => {
    await using rig = await Rig.setup();
    const { status, stderr } = await rig.cip(...words.split(' '));
    assert.equal(status, 2);
    assert.deepEqual(complaintsIn(stderr), [complaint]);
  });
}

for (const command of ['du', 'prune', 'verify']) {
  test(`${command} of what is no store touches nothing`, async () => {
    await using rig = await Rig.setup();
    await mkdir(rig.store);
    await writeFile(join(rig.store, 'mine'), '');
    const { status, stdout } = await rig.cip('cache', command, '--json');
    assert.equal(status, 5);
    assert.deepEqual(
      (JSON.parse(stdout) as Found).failures.map(({ reason }) => reason),
      ['not-a-store'],
    );
    assert.deepEqual(await readdir(rig.store), ['mine']);
  });

  test(`${command} of a store that is mounted read-only`, needs('root'), async () => {
    await using rig = await Rig.setup();
    await build(rig, '-t', 'a:1');
    await exec('mount', ['--bind', rig.store, rig.store]);
    try {
      await exec('mount', ['-o', 'remount,bind,ro', rig.store]);
      const { status, stdout } = await rig.cip('cache', command, '--json');
      assert.equal(status, 5);
      assert.deepEqual(
        (JSON.parse(stdout) as Found).failures.map(({ reason }) => reason),
        ['store-read-only'],
      );
    } finally {
      await exec('umount', [rig.store]);
    }
  });
}

test('prune frees a disk that is full', needs('root'), async () => {
  await using rig = await Rig.setup();
  await mkdir(rig.store);
  await exec('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', rig.store]);
  try {
    await build(rig, '-t', 'a:1');
    await exec('dd', ['if=/dev/zero', `of=${join(rig.store, 'logs', 'ballast')}`, 'bs=4k']).catch(() => {});
    const { status, stderr } = await rig.cip('cache', 'prune');
    assert.equal(status, 0, stderr);
    assert.deepEqual(await counts(rig), { image: 3, index: 1, record: 3, temporary: 2 });
    assert.equal((await rig.cip('cache', 'verify')).status, 0);
  } finally {
    await exec('umount', [rig.store]);
  }
});
