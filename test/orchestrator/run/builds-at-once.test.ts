/** Builds of one project in one store at the same time, of steps that never give the same bytes twice. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { readIndex, readManifest } from '../../../src/oci/read-document.ts';
import type { PlanRequest } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { amd64, arm64, type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

const parents: Readonly<Record<string, string>> = { middle: 'base', leaf: 'middle' };
const images: Readonly<Record<string, ImageSources>> = {
  base: { files: { files: 'base' } },
  middle: { on: ['base'], files: { files: 'middle' } },
  leaf: { on: ['middle'], files: { files: 'leaf' } },
};
const onArm64 = { kind: 'exactly', platforms: [arm64] } as const;

interface Row {
  readonly name: string;
  /** Of each of the runs. */
  readonly runs: readonly Partial<PlanRequest>[];
  /** Something was built before, and changed since. */
  readonly before?: 'same' | 'base changed';
  /** Platforms that each image has at the end. */
  readonly platforms?: readonly string[];
}

const rows: readonly Row[] = [
  { name: 'two of a new project', runs: [{}, {}] },
  { name: 'four of a new project', runs: [{}, {}, {}, {}] },
  { name: 'two after a change', runs: [{}, {}], before: 'base changed' },
  {
    name: 'one for fewer platforms',
    runs: [{}, { platforms: onBoth }],
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  {
    name: 'each for another platform',
    runs: [{}, { platforms: onArm64 }],
    platforms: ['linux/amd64', 'linux/arm64'],
  },
  { name: 'one that builds all again', runs: [{}, { rebuild: true }], before: 'base changed' },
];

/** Of each image one run after the other, and of the next image another run first: by how many, is `shift`. */
class Order {
  readonly #runs: number;
  readonly #shift: number;
  readonly #done = new Set<string>();
  readonly #events = new EventEmitter();

  constructor(runs: number, shift: number) {
    this.#runs = runs;
    this.#shift = shift;
  }

  async turn(image: string, run: number): Promise<void> {
    const before = this.#placeOf(image, run) - 1;
    if (before >= 0 && !this.#done.has(`${image} ${before}`)) await once(this.#events, `${image} ${before}`);
  }

  done(image: string, run: number): void {
    const id = `${image} ${this.#placeOf(image, run)}`;
    this.#done.add(id);
    this.#events.emit(id);
  }

  #placeOf(image: string, run: number): number {
    return (run + this.#shift * Object.keys(images).indexOf(image)) % this.#runs;
  }
}

/** Layers of a tag by platform. */
async function layersOf({ store }: Workshop, name: string) {
  const index = await readIndex(store.blobs, (await store.refs.get(`localhost:5000/${name}:1.0.0`))!, never);
  const entries = index.value.manifests.map(async (entry) => {
    const { layers } = (await readManifest(store.blobs, entry, never)).value;
    return [formatPlatform(entry.platform!), layers.map(({ digest }) => digest)] as const;
  });
  return new Map(await Promise.all(entries));
}

for (const { name, runs, before, platforms = ['linux/amd64'] } of rows) {
  for (const shift of [0, 1]) {
    test(`${name}: each child is built on what its parent's tag names (shift ${shift})`, async () => {
      await using workshop = await Workshop.open(images);
      if (before !== undefined) await workshop.run(await workshop.plan(), workshop.builder({ salt: 'before' }));
      if (before === 'base changed') await workshop.write({ base: { files: { files: 'another base' } } });
      const plans = [];
      for (const run of runs) plans.push(await workshop.plan(run));
      const order = new Order(runs.length, shift);
      const reports = await Promise.all(
        plans.map((plan, run) => {
          const builder = workshop.builder({ salt: `run ${run}`, onBuild: ({ image }) => order.turn(image, run) });
          return workshop.run(plan, builder, { onContent: ({ name: image }) => order.done(image, run) });
        }),
      );

      for (const { results } of reports) {
        assert.deepEqual(
          results.map(({ status }) => status),
          ['built', 'built', 'built'],
        );
      }
      for (const [child, parent] of Object.entries(parents)) {
        const [above, below] = [await layersOf(workshop, child), await layersOf(workshop, parent)];
        assert.deepEqual([...above.keys()].sort(), platforms);
        for (const [platform, layers] of below) {
          assert.deepEqual(above.get(platform)?.slice(0, layers.length), layers, `${child} ${platform}`);
        }
      }
      const { refs } = workshop.store;
      for (const image of Object.keys(images)) {
        const reference = `localhost:5000/${image}`;
        assert.deepEqual(await refs.get(`${reference}:latest`), await refs.get(`${reference}:1.0.0`));
      }
      const { plan } = await workshop.plan({
        platforms: platforms.length === 1 ? { kind: 'host', platform: amd64 } : onBoth,
      });
      assert.deepEqual(new Set(plan.images.map(({ action }) => action)), new Set(['up-to-date']));
    });
  }
}

test('a run names in its report what bears the name at the end', async () => {
  await using workshop = await Workshop.open(images);
  const [first, second] = [await workshop.plan(), await workshop.plan()];
  await workshop.run(first, workshop.builder({ salt: 'first' }));
  const { results } = await workshop.run(second, workshop.builder({ salt: 'second' }));
  for (const result of results) {
    assert.equal(result.status, 'built');
    const there = await workshop.store.refs.get(result.image.reference);
    assert.equal(result.status === 'built' && result.content?.digest, there?.digest);
  }
});

/** What the first of two runs leaves, the second replaces. */
const replaced: readonly {
  readonly name: string;
  /** Between the two plans. */
  readonly change?: Readonly<Record<string, ImageSources>>;
  readonly second?: Partial<PlanRequest>;
  /** Images whose owners the first run lost. */
  readonly losing?: readonly string[];
}[] = [
  { name: 'of other sources', change: { base: { files: { files: 'other' } } } },
  { name: 'that lost the owners of its files', losing: ['base', 'middle', 'leaf'] },
  { name: 'that was there when everything was asked for again', second: { rebuild: true } },
];
for (const { name, change = {}, second: request = {}, losing = [] } of replaced) {
  test(`content ${name} does not keep its name`, async () => {
    await using workshop = await Workshop.open(images);
    const isRebuild = request.rebuild === true;
    if (isRebuild) await workshop.run(await workshop.plan(), workshop.builder({ salt: 'before' }));
    const first = await workshop.plan({ rebuild: isRebuild });
    await workshop.write(change);
    const second = await workshop.plan(request);
    await workshop.run(first, workshop.builder({ salt: 'first', losing }));
    const left = await layersOf(workshop, 'base');
    const { results } = await workshop.run(second, workshop.builder({ salt: 'second' }));
    assert.notDeepEqual(await layersOf(workshop, 'base'), left);
    for (const result of results) {
      const there = await workshop.store.refs.get(result.image.reference);
      assert.equal(result.status === 'built' && result.content?.digest, there?.digest);
    }
  });
}
