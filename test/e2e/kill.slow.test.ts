/**
 * `kill -9` of cip at moments spread over a whole run: nothing of it goes on, what was there is still there and whole,
 * and the next run succeeds. CIP_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { leftovers, mountsOf, processesOf, strayFiles } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { treeOf } from '../support/tree-of.ts';
import { copyAll, inspect, missingFromRegistry, namesOf, wrongBlobs } from '../support/verify-layout.ts';

const kills = 20;
const names = ['base', 'left', 'right', 'both'];

/** Four images of some megabytes each. With every `round` all of them have another version and other content. */
function filesOf(round: number): Readonly<Record<string, string>> {
  const from = 'ARG REGISTRY\nFROM ${REGISTRY}';
  const version = `1.0.${round}`;
  const megabytes = (path: string) =>
    `RUN dd if=/dev/urandom of=${path} bs=64k count=40 2>/dev/null && cp ${path} ${path}-2`;
  const dockerfiles = {
    '00-base': `FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nCOPY stamp /\n${megabytes('/base')}`,
    '01-left': `${from}/base:${version}\n${megabytes('/left')}\nRUN rm /base-2 && sleep 0.1`,
    '01-right': `${from}/base:${version}\nCOPY stamp /right-stamp\n${megabytes('/right')}`,
    '02-both': `${from}/left:${version}\nCOPY --from=\${REGISTRY}/right:${version} /right /right\n${megabytes('/both')}`,
  };
  return Object.fromEntries(
    Object.entries(dockerfiles).flatMap(([name, text]) => [
      [`contexts/${name}/Dockerfile`, `${text}\n`],
      [`contexts/${name}/info.edn`, `{:version "${version}"}\n`],
      [`contexts/${name}/stamp`, `${round}\n`],
    ]),
  );
}

/** Between 0 and 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killAllOver(
  t: TestContext,
  rig: Rig,
  args: readonly string[],
  verify: () => Promise<void>,
): Promise<void> {
  const seed = Number(process.env['CIP_TEST_SEED'] ?? Date.now() % 2 ** 31);
  const random = randomFrom(seed);
  t.diagnostic(`CIP_TEST_SEED=${seed}`);
  const layout = join(rig.store, 'images');
  const marker = basename(join(rig.project, '..'));
  const known = new Set([...(await processesOf(marker)), ...(await mountsOf(marker))]);

  const succeeds = async () => {
    const { status, stderr } = await rig.cip(...args);
    assert.equal(status, 0, stderr);
    assert.deepEqual(await leftovers(marker, known), []);
    assert.deepEqual(await strayFiles(rig.store), []);
  };

  await rig.write({ 'contexts/00-base/busybox': await readFile('/bin/busybox') });
  await rig.write(filesOf(0));
  await succeeds();
  await rig.write(filesOf(1));
  const start = performance.now();
  await succeeds();
  let whole = performance.now() - start;

  let killed = 0;
  for (let round = 2; killed < kills; round += 1) {
    assert.ok(round < 2 + 2 * kills, `only ${killed} runs were hit`);
    await rig.write(filesOf(round));
    const sources = await treeOf(rig.project);
    const before = await namesOf(layout);
    const after = ((killed + random()) / kills) * whole;
    t.diagnostic(`kill ${killed}: after ${Math.round(after)} of ${Math.round(whole)} ms`);
    const begin = performance.now();
    const { status } = await rig.cip(...args, {
      onStart: (child) => void setTimeout(after).then(() => child.kill('SIGKILL')),
    });
    if (status === undefined) {
      killed += 1;
    } else {
      assert.equal(status, 0);
      whole = Math.min(whole, performance.now() - begin);
    }

    assert.deepEqual(await leftovers(marker, known), [], 'processes and mounts');
    assert.deepEqual(await treeOf(rig.project), sources);
    const left = await namesOf(layout);
    assert.deepEqual(
      before.filter((name) => !left.includes(name)),
      [],
      'names that were there',
    );
    assert.deepEqual(await wrongBlobs(layout), []);
    const fresh = left.filter((name) => !before.includes(name) || name.endsWith(':latest'));
    await inspect(layout, fresh);
    await verify();
    // Otherwise the next kill hits what this one left.
    if (random() < 0.4) await succeeds();
  }
  await succeeds();
  await copyAll(layout);
  await verify();
}

const options = needs('root', 'busybox', 'skopeo', 'user namespaces');

test('build', options, async (t) => {
  await using rig = await Rig.setup();
  await killAllOver(t, rig, ['build', '-j4'], async () => {});
});

test('publish-locally', options, async (t) => {
  await using rig = await Rig.setup({ registry: true });
  const whole = new Set<string>();
  await killAllOver(t, rig, ['publish-locally', '-j4', '--local-registry', rig.registry], async () => {
    for (const name of names) assert.deepEqual(await missingFromRegistry(rig.registry, name, whole), []);
  });
  for (const name of names) assert.deepEqual(await missingFromRegistry(rig.registry, name), []);
});
