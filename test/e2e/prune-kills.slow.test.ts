/**
 * `kill -9` of `cip cache prune` at moments spread over its work, while a build uses the store: what is left is whole, nothing that
 * has a name or is in use is gone, and the next build succeeds. CIP_TEST_SEED repeats a run, and CIP_TEST_KILLS makes it longer.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serializeIndex } from '../../src/layer/index-codec.ts';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';

const KILLS = Number(process.env['CIP_TEST_KILLS'] ?? 4);
const dockerfile = [
  'FROM scratch',
  'COPY --chmod=755 busybox /bin/busybox',
  'SHELL ["/bin/busybox", "sh", "-c"]',
  'RUN echo made > /made',
  '',
].join('\n');
const env = { SOURCE_DATE_EPOCH: '1700000000' };

/** Blobs, and unpacked layers with their indexes, that nothing needs and nobody has used for long. */
async function addWaste(store: string): Promise<void> {
  const old = 1_000_000_000;
  for (let at = 0; at < 30; at += 1) {
    const bytes = randomBytes(1000);
    const hex = hexOf(digestOf(bytes));
    const blob = join(store, 'images/blobs/sha256', hex);
    await writeFile(blob, bytes);
    await utimes(blob, old, old);
    if (at % 3 > 0) continue;
    const place = join(store, 'snapshots', `2-layer-${hex}`);
    await mkdir(join(place, 'fs'), { recursive: true });
    const owned = { uid: process.getuid!(), gid: process.getgid!(), mtime: old };
    const files = Array.from({ length: 100 }, (_, n) => `file-${n}`);
    for (const name of files) {
      await writeFile(join(place, 'fs', name), bytes, { mode: 0o644 });
      await utimes(join(place, 'fs', name), old, old);
    }
    const digest = digestOf(bytes);
    const entry = { type: 'file', mode: 0o644, ...owned, size: bytes.length, digest } as const;
    const index = join(store, 'indexes', hex);
    await writeFile(index, serializeIndex(files.map((path) => ({ ...entry, path }))));
    for (const path of [place, index]) await utimes(path, old, old);
  }
}

/** Whether something was moved aside by now: sessions come and go. */
function isTaking(store: string): boolean {
  const namesIn = (directory: string) => {
    try {
      return readdirSync(directory);
    } catch {
      return [];
    }
  };
  const sessions = join(store, 'sessions');
  return namesIn(sessions).some((name) => namesIn(join(sessions, name)).some((one) => one.startsWith('taken-')));
}

interface Kept {
  readonly kind: string;
  readonly id: string;
  readonly needed: boolean;
  readonly inUse: boolean;
}

test('prune, killed all over, beside a build', needs('linux', 'busybox', 'user namespaces'), async (t) => {
  await using rig = await Rig.setup({
    files: { 'c/Dockerfile': dockerfile, 'c/busybox': await readFile('/bin/busybox') },
  });
  let state = Number(process.env['CIP_TEST_SEED'] ?? Date.now() % 2 ** 31);
  t.diagnostic(`CIP_TEST_SEED=${state}`);
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  const succeeds = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await rig.cip(...args, { env });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const entries = async () =>
    (JSON.parse(await succeeds('cache', 'du', '--json')) as { readonly entries: readonly Kept[] }).entries;
  const build = () => succeeds('build-image', 'c', '-t', 'a:1');
  const image = await build();

  await rig.write({
    'd/Dockerfile': `${dockerfile}RUN echo it waits; busybox sleep 1000\n`,
    'd/busybox': await readFile('/bin/busybox'),
  });
  let started = () => {};
  let stop = () => {};
  const waits = new Promise<void>((resolve) => {
    started = resolve;
  });
  const waiting = rig.cip('build-image', 'd', '-v', {
    env,
    onStart: (child) => {
      stop = () => void child.kill('SIGTERM');
      child.stderr?.on('data', (text: string) => {
        if (/\| it waits$/m.test(text)) started();
      });
    },
  });
  await Promise.race([waits, waiting.then(({ stderr }) => assert.fail(stderr))]);

  let killed = 0;
  let touched = 0;
  for (let round = 0; killed < KILLS || touched === 0; round += 1) {
    assert.ok(round < 10 * KILLS, `only ${killed} runs were hit`);
    await addWaste(rig.store);
    const before = await entries();
    const after = random() * 60;
    const kill = async (end: () => void, isDone: () => boolean) => {
      // Every other one when something has been moved aside.
      while (round % 2 === 0 && !isTaking(rig.store) && !isDone()) await delay(1);
      await delay(round % 2 === 0 ? after / 4 : 100 + after * 2);
      end();
    };
    const { status, stderr } = await rig.cip('cache', 'prune', '--all', {
      onStart: (child) =>
        void kill(
          () => child.kill('SIGKILL'),
          () => child.exitCode !== null,
        ),
    });
    if (status !== undefined) {
      assert.equal(status, 0, stderr);
      continue;
    }
    killed += 1;

    const left = await entries();
    const names = new Set(left.map(({ kind, id }) => `${kind} ${id}`));
    if (before.some(({ kind, id }) => kind !== 'temporary' && !names.has(`${kind} ${id}`))) touched += 1;
    const isKept = ({ kind, needed, inUse }: Kept) =>
      kind !== 'temporary' && kind !== 'record' && (inUse || (needed && kind === 'image'));
    assert.deepEqual(
      before.filter((one) => isKept(one) && !names.has(`${one.kind} ${one.id}`)),
      [],
      'in use, or of an image with a name',
    );
    await succeeds('cache', 'verify');
    assert.equal(await build(), image);
  }
  stop();
  await waiting;
  await succeeds('cache', 'prune', '--all');
  // What is left is of the image, or was used by the last build.
  assert.deepEqual(
    (await entries()).filter(({ id }) => id.includes('trash/') || id.includes('sessions/')),
    [],
  );
  assert.deepEqual(await strayFiles(rig.store), []);
  assert.equal((await readdir(join(rig.store, 'images/blobs/sha256'))).length, 4);
  assert.equal(await build(), image);
});
