/**
 * A store driven over its limit by builds in several processes at once, beside `cache prune` and `cache verify`, while some
 * of them are killed: it stays within its limit, nothing in use is lost, and every image that has a name is whole.
 * CIP_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { copyAll, namesOf, wrongBlobs } from '../support/verify-layout.ts';

const builders = 4;
const rounds = 3;
const megabyte = 1e6;
/** Images with names take some 25 MB of it at the end, and all that was made more than 100. */
const limit = 45 * megabyte;

const dockerfile = [
  'FROM scratch AS base',
  'COPY --chmod=755 busybox /bin/busybox',
  'FROM base AS made',
  'COPY own /own',
  'RUN --mount=type=cache,id=kept,target=/kept ["/bin/busybox", "sh", "-c", "busybox cat /own > /kept/$RANDOM; busybox cp /own /made"]',
  'FROM scratch',
  'COPY --from=made /made /made',
  '',
].join('\n');

async function sizeOfStore(rig: Rig): Promise<number> {
  const { stdout, status, stderr } = await rig.cip('cache', 'du', '--json');
  assert.equal(status, 0, stderr);
  const { kinds } = JSON.parse(stdout) as { kinds: readonly { readonly kind: string; readonly size: number }[] };
  return kinds.reduce((sum, { kind, size }) => (kind === 'temporary' ? sum : sum + size), 0);
}

test(
  'builds at once, beside prune and verify, and some killed',
  needs('busybox', 'skopeo', 'user namespaces'),
  async () => {
    await using rig = await Rig.setup();
    const busybox = await readFile('/bin/busybox');
    const expected: string[] = [];
    let isDone = false;
    let killed = 0;
    let freed = 0;

    const build = async (name: string, kill: boolean): Promise<void> => {
      const context = join(rig.project, name);
      await mkdir(context, { recursive: true });
      await writeFile(join(context, 'Dockerfile'), dockerfile);
      await writeFile(join(context, 'busybox'), busybox);
      await writeFile(join(context, 'own'), randomBytes(megabyte));
      const { status, stderr } = await rig.cip('build-image', name, '-t', `${name}:1`, {
        env: { CIP_CACHE_MAX_SIZE: String(limit) },
        onStart: (child) => {
          if (kill) void delay(200 + Math.random() * 1500).then(() => child.kill('SIGKILL'));
        },
      });
      if (status === undefined) killed += 1;
      else {
        assert.equal(status, 0, `${name}: ${stderr}`);
        if (/^store: freed /m.test(stderr)) freed += 1;
        expected.push(`docker.io/library/${name}:1`);
      }
    };
    const beside = async (...args: readonly string[]): Promise<void> => {
      while (!isDone) {
        const { status, stderr } = await rig.cip(...args);
        assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
        await delay(100);
      }
    };
    const loops = (prefix: string) =>
      Promise.all(
        Array.from({ length: builders }, async (_, at) => {
          for (let round = 0; round < rounds; round += 1)
            await build(`${prefix}-${at}-${round}`, (at + round) % 4 === 3);
        }),
      );
    const others = [beside('cache', 'prune', '--all'), beside('cache', 'verify'), beside('cache', 'du')];
    await loops('beside').finally(() => {
      isDone = true;
    });
    await Promise.all(others);
    await loops('alone');
    await build('last', false);
    assert.ok(killed > 0 && freed > 0, `${killed} killed, ${freed} times freed`);

    const size = await sizeOfStore(rig);
    assert.ok(size <= limit, `${size}`);
    const layout = join(rig.store, 'images');
    const names = await namesOf(layout);
    for (const name of expected) assert.ok(names.includes(name), name);
    assert.deepEqual(await wrongBlobs(layout), []);
    await copyAll(layout);
    assert.deepEqual(await strayFiles(rig.store), []);
  },
);

test('what is pulled over the limit makes room among what has no name', needs('linux'), async () => {
  const files = {
    'contexts/00-a/Dockerfile': 'FROM scratch\nCOPY f /f\n',
    'contexts/00-a/info.edn': '{:version "1.0.0"}',
    'contexts/00-a/f': randomBytes(megabyte),
  };
  await using rig = await Rig.setup({ files, registry: true });
  const remote = ['--remote-registry', rig.registry];
  assert.equal((await rig.cip('publish', ...remote)).status, 0);
  const env = { CIP_STORE: join(rig.project, '../other') };
  await rig.write({ 'other/Dockerfile': 'FROM scratch\nCOPY f /f\n', 'other/f': randomBytes(megabyte) });
  const pull = async (size: number) => {
    const pulled = await rig.cip('pull', '--from=remote', ...remote, '--cache-max-size', String(size), { env });
    assert.equal(pulled.status, 0, pulled.stderr);
    return /^store: freed /m.test(pulled.stderr);
  };
  assert.equal((await rig.cip('build-image', 'other', { env })).status, 0);
  assert.equal(await pull(1.5 * megabyte), true);
  // Nothing comes that is there already, so there is nothing to see to.
  assert.equal(await pull(1), false);
  assert.equal((await rig.cip('cache', 'verify', { env })).status, 0);
});
