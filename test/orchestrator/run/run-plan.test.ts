import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { emptyContext } from '../../../src/context/recorded-context.ts';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { readIndex, readManifest } from '../../../src/oci/read-document.ts';
import type { RunReport } from '../../../src/orchestrator/run/run-report.ts';
import { amd64, arm64, type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

/** A chain, and one image beside it. */
const chain: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.0', files: { files: 'base' } },
  tool: { version: '2.0.0', on: ['base'], files: { files: 'tool' } },
  app: { version: '3.0.0', on: ['tool'], files: { files: 'app' } },
  beside: { version: '4.0.0', files: { files: 'beside' } },
};

function statuses({ results }: RunReport): Readonly<Record<string, string>> {
  return Object.fromEntries(results.map(({ image, status }) => [image.name, status]));
}

async function actions(workshop: Workshop, options: Parameters<Workshop['plan']>[0] = {}) {
  const { plan } = await workshop.plan(options);
  return Object.fromEntries(plan.images.map(({ name, action }) => [name, action]));
}

async function refs(workshop: Workshop): Promise<readonly string[]> {
  return [...(await workshop.store.refs.list()).keys()].sort();
}

test('runPlan() builds each image on what this run made of its parents, and names it', async () => {
  await using workshop = await Workshop.open(chain);
  const builder = workshop.builder();
  const report = await workshop.run(await workshop.plan(), builder);

  assert.deepEqual(statuses(report), { app: 'built', base: 'built', beside: 'built', tool: 'built' });
  const of = (name: string) => workshop.store.refs.get(`localhost:5000/${name}`);
  const app = builder.requests.find(({ image }) => image === 'app');
  assert.deepEqual(app?.resolved, { 'localhost:5000/tool:2.0.0': await of('tool:2.0.0') });
  assert.deepEqual(app?.buildArgs, { REGISTRY: 'localhost:5000' });
  assert.deepEqual(await of('app:latest'), await of('app:3.0.0'));
  const index = await readIndex(workshop.store.blobs, (await of('app:3.0.0'))!, never);
  const manifest = await readManifest(workshop.store.blobs, index.value.manifests[0]!, never);
  assert.equal(manifest.value.layers.length, 3);
});

test('another target is another content, and the builder is told of it', async () => {
  const dockerfile = 'FROM scratch AS one\nCOPY files /\nFROM one\nCOPY files /more\n';
  await using workshop = await Workshop.open({ base: { dockerfile, files: { files: 'base' } } });
  await workshop.run(await workshop.plan(), workshop.builder());
  const prepared = await workshop.plan({ target: 'one' });
  assert.deepEqual(prepared.plan.images[0]?.reasons, [{ code: 'target-changed', after: 'one' }]);
  const builder = workshop.builder();
  await workshop.run(prepared, builder);
  assert.deepEqual(
    builder.requests.map(({ target }) => target),
    ['one'],
  );
});

test('runPlan() leaves nothing to do', async () => {
  await using workshop = await Workshop.open(chain);
  await workshop.run(await workshop.plan(), workshop.builder());
  const builder = workshop.builder();
  const report = await workshop.run(await workshop.plan(), builder);
  assert.deepEqual(statuses(report), { app: 'untouched', base: 'untouched', beside: 'untouched', tool: 'untouched' });
  assert.deepEqual(builder.built, []);
});

test('a changed file builds its image again and all that is built on it, and says why', async () => {
  await using workshop = await Workshop.open(chain);
  await workshop.run(await workshop.plan(), workshop.builder());
  await workshop.write({ tool: { ...chain['tool'], files: { files: 'other' } } });
  const { plan } = await workshop.plan();
  const reasons = plan.images.map(({ name, action, reasons }) => [name, action, reasons[0]?.code]);
  assert.deepEqual(Object.fromEntries(reasons.map(([name, ...rest]) => [name, rest])), {
    base: ['up-to-date', 'same-key'],
    beside: ['up-to-date', 'same-key'],
    tool: ['build', 'input-changed'],
    app: ['build', 'parent-built'],
  });
  assert.deepEqual(plan.images.find(({ name }) => name === 'tool')?.reasons, [
    { code: 'input-changed', path: 'contexts/tool/files' },
  ]);
});

test('an image of another tool in the store is what its children are built on', async () => {
  await using workshop = await Workshop.open(chain);
  const { image } = await workshop.builder().build(
    {
      image: 'base',
      contextDir: '/',
      dockerfile: { file: '/', text: '' },
      context: emptyContext,
      buildArgs: {},
      platforms: [amd64],
      secrets: {},
      ssh: {},
      resolved: {},
      pinned: {},
      annotations: { manifests: {}, index: {} },
      noCache: false,
    },
    undefined,
    never,
  );
  await workshop.store.refs.set(new Map([['localhost:5000/base:1.0.0', image]]), never);
  const builder = workshop.builder();
  await workshop.run(await workshop.plan({ select: ['tool'] }), builder);
  assert.deepEqual(
    builder.requests.map(({ image, resolved }) => [image, resolved]),
    [['tool', { 'localhost:5000/base:1.0.0': image }]],
  );
});

test('a new version of equal content is named without a build, and its children are not built either', async () => {
  await using workshop = await Workshop.open(chain);
  await workshop.run(await workshop.plan(), workshop.builder());
  await workshop.write({ base: { ...chain['base'], version: '1.1.0' } });
  await workshop.write({ tool: { ...chain['tool'], version: '2.0.1' } });
  await workshop.write({ app: chain['app']! });
  const prepared = await workshop.plan();
  const builder = workshop.builder();
  const report = await workshop.run(prepared, builder);
  assert.deepEqual(builder.built, []);
  assert.deepEqual(statuses(report), { base: 'retagged', tool: 'retagged', app: 'untouched', beside: 'untouched' });
  const [before, after] = await Promise.all(
    ['1.0.0', '1.1.0'].map((version) => workshop.store.refs.get(`localhost:5000/base:${version}`)),
  );
  assert.deepEqual(after, before);
});

test('platforms are added to an index, and those it has keep their bytes', async () => {
  await using workshop = await Workshop.open({ base: chain['base']! });
  await workshop.run(await workshop.plan(), workshop.builder());
  const before = await indexOf(workshop, 'base:1.0.0');
  const builder = workshop.builder({ salt: 'another' });
  await workshop.run(await workshop.plan({ platforms: onBoth }), builder);
  const after = await indexOf(workshop, 'base:1.0.0');

  assert.deepEqual(
    builder.requests.map(({ platforms }) => platforms),
    [[arm64]],
  );
  assert.deepEqual(
    after.value.manifests.map(({ platform }) => formatPlatform(platform!)),
    ['linux/amd64', 'linux/arm64'],
  );
  assert.deepEqual(after.value.manifests[0], before.value.manifests[0]);
  assert.deepEqual(await actions(workshop, { platforms: onBoth }), { base: 'up-to-date' });
});

test('latest moves forward only, and never to a prerelease', async () => {
  await using workshop = await Workshop.open({});
  const latest: (string | undefined)[] = [];
  for (const version of ['1.2.0', '1.10.0', '1.9.0', '2.0.0-rc.1']) {
    await workshop.write({ base: { version, files: { files: version } } });
    await workshop.run(await workshop.plan(), workshop.builder({ salt: version }));
    const refs = await workshop.store.refs.list();
    const digest = refs.get('localhost:5000/base:latest')?.digest;
    latest.push([...refs].find(([name, one]) => !name.endsWith('latest') && one.digest === digest)?.[0]);
  }
  assert.deepEqual(
    latest.map((name) => name?.split(':').at(-1)),
    ['1.2.0', '1.10.0', '1.10.0', '1.10.0'],
  );
});

const failures: [title: string, keepGoing: boolean, want: Readonly<Record<string, string>>][] = [
  ['nothing new is begun', false, { base: 'built', tool: 'failed', app: 'blocked', beside: 'not-started' }],
  ['what is not built on it goes on', true, { base: 'built', tool: 'failed', app: 'blocked', beside: 'built' }],
];
for (const [title, keepGoing, want] of failures) {
  test(`after a failure ${title}`, async () => {
    await using workshop = await Workshop.open(chain);
    const builder = workshop.builder({ failing: ['tool'] });
    const report = await workshop.run(await workshop.plan(), builder, { jobs: 1, keepGoing });
    assert.deepEqual(statuses(report), want);
    const tool = report.results.find(({ image }) => image.name === 'tool');
    assert.deepEqual(tool?.status === 'failed' && tool.failures.map(({ reason }) => reason), ['run-failed']);
    assert.deepEqual((await refs(workshop)).includes('localhost:5000/tool:2.0.0'), false);
  });
}

test('a run that failed is gone on with where it ended', async () => {
  await using workshop = await Workshop.open(chain);
  await workshop.run(await workshop.plan(), workshop.builder({ failing: ['tool'] }), { keepGoing: true });
  const builder = workshop.builder();
  await workshop.run(await workshop.plan(), builder);
  assert.deepEqual(builder.built, ['tool', 'app']);
});

test('the signal stops what runs and begins nothing new; all has ended when the run has', async () => {
  await using workshop = await Workshop.open(chain);
  const stop = new AbortController();
  let running = 0;
  const onBuild = async (_request: unknown, signal: AbortSignal) => {
    running++;
    setImmediate(() => stop.abort());
    await delay(60_000, undefined, { signal }).finally(() => running--);
  };
  const report = await workshop.run(await workshop.plan(), workshop.builder({ onBuild }), { jobs: 1 }, stop.signal);
  assert.equal(running, 0);
  assert.deepEqual(Object.values(statuses(report)).sort(), ['cancelled', 'not-started', 'not-started', 'not-started']);
  assert.deepEqual(await refs(workshop), []);
});

test('what failed before the signal is reported as that, and so is what it kept from being built', async () => {
  await using workshop = await Workshop.open(chain);
  const stop = new AbortController();
  const onBuild = async ({ image }: { readonly image: string }, signal: AbortSignal) => {
    if (image !== 'beside') return;
    setImmediate(() => stop.abort());
    await delay(60_000, undefined, { signal });
  };
  const builder = workshop.builder({ failing: ['tool'], onBuild });
  const report = await workshop.run(await workshop.plan(), builder, { jobs: 1, keepGoing: true }, stop.signal);
  assert.deepEqual(statuses(report), { base: 'built', tool: 'failed', app: 'blocked', beside: 'cancelled' });
  const tool = report.results.find(({ image }) => image.name === 'tool');
  assert.deepEqual(tool?.status === 'failed' && tool.failures.map(({ reason }) => reason), ['run-failed']);
});

test('draining finishes what runs and begins nothing new', async () => {
  await using workshop = await Workshop.open(chain);
  const drain = new AbortController();
  const onBuild = () => drain.abort();
  const report = await workshop.run(await workshop.plan(), workshop.builder({ onBuild }), {
    jobs: 1,
    drain: drain.signal,
  });
  assert.deepEqual(Object.values(statuses(report)).sort(), ['built', 'not-started', 'not-started', 'not-started']);
});

test('a bug of a builder is thrown, not reported', async () => {
  await using workshop = await Workshop.open({ base: chain['base']! });
  const onBuild = () => {
    throw new Error('a bug');
  };
  await assert.rejects(workshop.run(await workshop.plan(), workshop.builder({ onBuild })), /^Error: a bug$/);
});

test('32 images in 7 levels: parents first, no more at once than jobs, the longest path first', async () => {
  await using workshop = await Workshop.open(sevenLevels());
  const builder = workshop.builder();
  const prepared = await workshop.plan();
  assert.equal(Math.max(...prepared.plan.images.map(({ level }) => level)), 6);

  const report = await workshop.run(prepared, builder, { jobs: 3 });
  assert.equal(report.results.filter(({ status }) => status === 'built').length, 32);
  assert.ok(builder.mostAtOnce <= 3 && builder.mostAtOnce > 1, `${builder.mostAtOnce} at once`);
  for (const { name, dependsOn } of prepared.plan.images) {
    for (const parent of dependsOn)
      assert.ok(builder.built.indexOf(parent) < builder.built.indexOf(name), `${parent} before ${name}`);
  }
  // The image with the deepest descendants is begun before its siblings.
  assert.equal(builder.built[0], 'l0-0');
  assert.equal(
    (await workshop.plan()).plan.images.every(({ action }) => action === 'up-to-date'),
    true,
  );
});

/** 1 + 5 + 6 + 6 + 6 + 5 + 3 images; each has one to three parents in the level above. */
function sevenLevels(): Readonly<Record<string, ImageSources>> {
  const sizes = [1, 5, 6, 6, 6, 5, 3];
  const images: Record<string, ImageSources> = {};
  for (const [level, size] of sizes.entries()) {
    for (let n = 0; n < size; n++) {
      const above = sizes[level - 1] ?? 0;
      const parents = new Set([n % above, (n * 7 + level) % above, (n * 3 + 1) % above]);
      const on = above === 0 ? [] : [...parents].map((parent) => `l${level - 1}-${parent}`);
      images[`l${level}-${n}`] = { on, files: { files: `${level} ${n}` } };
    }
  }
  return images;
}

async function indexOf(workshop: Workshop, name: string) {
  const descriptor = await workshop.store.refs.get(`localhost:5000/${name}`);
  return await readIndex(workshop.store.blobs, descriptor!, never);
}

test('a name that is missing in the store is set again, and nothing built', async () => {
  await using workshop = await Workshop.open(chain);
  await workshop.run(await workshop.plan(), workshop.builder());
  const names = await refs(workshop);
  const right = await workshop.store.refs.get('localhost:5000/tool:2.0.0');
  await workshop.store.refs.remove(['localhost:5000/base:latest'], never);
  await workshop.store.refs.set(new Map([['localhost:5000/app:latest', right!]]), never);
  const prepared = await workshop.plan();
  assert.deepEqual(Object.fromEntries(prepared.plan.images.map(({ name, reasons }) => [name, reasons[0]?.code])), {
    base: 'tag-missing',
    tool: 'same-key',
    app: 'tag-behind',
    beside: 'same-key',
  });
  const builder = workshop.builder();
  const report = await workshop.run(prepared, builder);
  assert.deepEqual(statuses(report), { base: 'tagged', beside: 'untouched', tool: 'untouched', app: 'tagged' });
  assert.deepEqual([builder.built, await refs(workshop)], [[], names]);
  const of = (name: string) => workshop.store.refs.get(`localhost:5000/${name}`);
  assert.deepEqual(await of('app:latest'), await of('app:3.0.0'));
});

test('a prerelease is built without moving latest of the store', async () => {
  await using workshop = await Workshop.open({ base: chain['base']! });
  await workshop.run(await workshop.plan(), workshop.builder());
  await workshop.write({ base: { version: '1.0.1-rc.1', files: { files: 'candidate' } } });
  await workshop.run(await workshop.plan(), workshop.builder());
  const of = (name: string) => workshop.store.refs.get(`localhost:5000/${name}`);
  assert.deepEqual(await of('base:latest'), await of('base:1.0.0'));
  assert.deepEqual(await actions(workshop), { base: 'up-to-date' });
});
