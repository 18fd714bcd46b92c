/** What changed is named by the paths that are there, wherever what is known of the earlier key comes from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Plan } from '../../../src/orchestrator/plan/plan.ts';
import { earlierKeys } from '../../../src/orchestrator/state/earlier-keys.ts';
import type { KeyMemory } from '../../../src/orchestrator/state/key-memory.ts';
import { amd64, type ImageSources, never, onAmd64, Workshop } from '../workshop.ts';

const dockerfile = 'FROM scratch\nCOPY current/ /app/\n';
const app = (current: string, v1: string, v2: string, version = '1.0.0'): ImageSources => ({
  dockerfile,
  version,
  files: { current: `-> ${current}`, 'v1/f': v1, 'v1/g': 'g', 'v2/f': v2, 'v2/g': 'g' },
});
const changedIn = ({ images }: Plan) =>
  images.flatMap(({ reasons }) => reasons.flatMap((one) => (one.code === 'input-changed' ? [one.path] : [])));

test('a link to a directory leads elsewhere: the same key, and the next change is told where it is', async () => {
  await using workshop = await Workshop.open({ app: app('v1', 'a', 'a') });
  await workshop.run(await workshop.plan(), workshop.builder());
  await workshop.write({ app: app('v2', 'a', 'a') });
  const repointed = await workshop.plan();
  assert.deepEqual(
    repointed.plan.images.map(({ action }) => action),
    ['up-to-date'],
  );
  await workshop.write({ app: app('v2', 'a', 'b') });
  assert.deepEqual(changedIn((await workshop.plan()).plan), ['contexts/app/v2/f']);
  const all = Object.entries(app('v2', 'a', 'a').files ?? {});
  const files = Object.fromEntries(all.filter(([path]) => path !== 'v2/f'));
  await workshop.write({ app: { dockerfile, files } });
  assert.deepEqual(changedIn((await workshop.plan()).plan), ['contexts/app/v2/f']);
});

test('the same from a registry, where the image says the old path', async () => {
  await using workshop = await Workshop.open({ app: app('v1', 'a', 'a') });
  const { client, name, place } = await workshop.registry();
  const options = { client, registry: name, platforms: onAmd64 };
  await workshop.publish(await workshop.plan(options), place, workshop.builder());
  await using elsewhere = await Workshop.open({ app: app('v2', 'a', 'b', '1.0.1') });
  assert.deepEqual(changedIn((await elsewhere.plan(options)).plan), ['contexts/app/v2/f']);
});

test('a key whose paths are forgotten is explained by what the image says', async () => {
  const files = { f: 'a', g: 'b' };
  await using workshop = await Workshop.open({ app: { dockerfile: 'FROM scratch\nCOPY . /app/\n', files } });
  await workshop.run(await workshop.plan(), workshop.builder());
  const graph = await workshop.graph();
  const { keys, storeState } = await workshop.plan();
  const name = graph.order[0]!;
  const before = keys.computed(name, amd64);
  // As after a log that was lost: the parts of the key are there, what the context held is not.
  const memory = { recall: async () => ({ parts: before.parts, paths: undefined }) } as unknown as KeyMemory;
  const wanted = [{ name, version: '1.0.0', platforms: [{ platform: amd64, key: digestOf('now') }] }];
  const sources = { registry: 'localhost:5000', target: storeState, memory, content: () => workshop.store.blobs };
  const earlier = (await earlierKeys(wanted, sources, never)).get(before.key)!;
  assert.deepEqual(
    [earlier.hasTravelled, Object.keys(earlier.key.paths ?? {})],
    [true, ['Dockerfile', 'f', 'g', 'info.edn']],
  );
});
