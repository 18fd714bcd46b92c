import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDocument } from '../../../src/oci/document.ts';
import type { ImageIndex } from '../../../src/oci/image-index.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { readIndex } from '../../../src/oci/read-document.ts';
import type { PublishReport } from '../../../src/orchestrator/publish/publish.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { type FailuresError, failuresOf } from '../../../src/result.ts';
import { arm64, type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

const chain: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.0', files: { files: 'base' } },
  tool: { version: '2.0.0', on: ['base'], files: { files: 'tool' } },
  app: { version: '3.0.0', on: ['tool'], files: { files: 'app' } },
};

type Registry = Awaited<ReturnType<Workshop['registry']>>;

/** Tag → digest, of all images. */
async function tags({ place }: Registry, images: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const image of images as readonly ImageName[]) {
    for (const tag of await place.tags(image, never)) {
      found[`${image}:${tag}`] = (await place.repository(image).resolve(tag, never))!.digest;
    }
  }
  return found;
}

function statuses({ results }: PublishReport): Readonly<Record<string, string>> {
  return Object.fromEntries(results.map(({ image, status }) => [image.name, status]));
}

async function publishAll(workshop: Workshop, registry: Registry, options: Parameters<Workshop['publish']>[3] = {}) {
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name });
  const builder = workshop.builder();
  return { builder, report: await workshop.publish(prepared, registry.place, builder, options) };
}

test('publish() sends all content, then sets versions and latest, and tells what is visible now', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  const { report } = await publishAll(workshop, registry);
  const there = await tags(registry, Object.keys(chain));

  assert.deepEqual(Object.keys(there).sort(), [
    'app:3.0.0',
    'app:latest',
    'base:1.0.0',
    'base:latest',
    'tool:2.0.0',
    'tool:latest',
  ]);
  assert.equal(there['app:latest'], there['app:3.0.0']);
  assert.deepEqual(
    report.published,
    ['base:1.0.0', 'tool:2.0.0', 'app:3.0.0'].map((tag) => `${registry.place.text}/${tag}@${there[tag]}`),
  );
  assert.deepEqual(report.failures, []);
  assert.deepEqual(
    report.tags.map(({ reference, before }) => [reference.split('/').at(-1), before]),
    [
      ['base:1.0.0', null],
      ['tool:2.0.0', null],
      ['app:3.0.0', null],
      ['base:latest', null],
      ['tool:latest', null],
      ['app:latest', null],
    ],
  );
  const writes = registry.requests.filter((request) => /^PUT \S+\/manifests\//.test(request));
  const firstTag = writes.findIndex((request) => !request.includes('/manifests/sha256:'));
  assert.ok(
    writes.slice(firstTag).every((request) => !request.includes('/manifests/sha256:')),
    writes.join('\n'),
  );
});

test('publish() has layers of parents mounted, not sent again', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  const mounts = registry.requests.filter((request) => /^POST \S*mount=sha256:\S* 201$/.test(request));
  assert.equal(mounts.length, 3, registry.requests.join('\n'));
});

test('a second publish asks for each version, its latest and whose that is, and sends nothing', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  await workshop.plan({ client: registry.client, registry: registry.name });
  registry.requests.length = 0;
  const { builder, report } = await publishAll(workshop, registry);

  assert.deepEqual(statuses(report), { base: 'untouched', tool: 'untouched', app: 'untouched' });
  assert.deepEqual(builder.built, []);
  assert.deepEqual(registry.requests.map((request) => request.replace(/ \S+\/project/, ' ')).sort(), [
    'GET /app/tags/list?n=1000 200',
    'GET /base/tags/list?n=1000 200',
    'GET /tool/tags/list?n=1000 200',
    'HEAD /app/manifests/3.0.0 200',
    'HEAD /app/manifests/latest 200',
    'HEAD /base/manifests/1.0.0 200',
    'HEAD /base/manifests/latest 200',
    'HEAD /tool/manifests/2.0.0 200',
    'HEAD /tool/manifests/latest 200',
  ]);
});

test('publish() tags nothing when one image fails, and keeps what is done for the next run', async () => {
  await using workshop = await Workshop.open({ ...chain, beside: { files: { files: 'beside' } } });
  const registry = await workshop.registry();
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name });
  const builder = workshop.builder({ failing: ['app'] });
  const report = await workshop.publish(prepared, registry.place, builder, { keepGoing: true });

  assert.deepEqual(statuses(report), { base: 'built', tool: 'built', app: 'failed', beside: 'built' });
  assert.deepEqual(await tags(registry, [...Object.keys(chain), 'beside']), {});
  assert.deepEqual(report.published, []);

  const { builder: second, report: after } = await publishAll(workshop, registry);
  assert.deepEqual(second.built, ['app']);
  assert.deepEqual(statuses(after), { base: 'retagged', tool: 'retagged', app: 'built', beside: 'retagged' });
  assert.equal(Object.keys(await tags(registry, [...Object.keys(chain), 'beside'])).length, 8);
});

test('an image that cannot be sent fails, and nothing is tagged', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  const { report } = await publishAll(workshop, registry, {
    prepareForPush: async (image) => {
      const index = await readIndex(workshop.store.blobs, image, never);
      const broken = { ...index.value, manifests: [{ ...index.value.manifests[0]!, size: 7 }] };
      return await workshop.store.blobs.putDocument(makeDocument<ImageIndex>(mediaTypes.imageIndex, broken));
    },
  });
  assert.equal(statuses(report)['base'], 'failed');
  assert.deepEqual(await tags(registry, Object.keys(chain)), {});
});

test('content that changed without a new version is drift: nothing is built, sent or overwritten', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  const before = await tags(registry, Object.keys(chain));
  await workshop.write({ tool: { ...chain['tool'], files: { files: 'other' } } });
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name });
  const builder = workshop.builder();

  assert.deepEqual(
    prepared.plan.failures.map(({ reason, details }) => [reason, details]),
    [['changed-without-bump', ['changed: contexts/tool/files', '1 dependent is affected: app']]],
  );
  await assert.rejects(workshop.publish(prepared, registry.place, builder), (error: FailuresError) => {
    return failuresOf(error)?.length === 1;
  });
  assert.deepEqual(builder.built, []);
  assert.deepEqual(await tags(registry, Object.keys(chain)), before);
});

test('a version that somebody else published meanwhile is a lost race: no tag is set', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name });
  const intruder = makeDocument<ImageIndex>(mediaTypes.imageIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: [],
  });
  await registry.place.repository('tool' as ImageName).putManifest('2.0.0', intruder, never);
  const report = await workshop.publish(prepared, registry.place, workshop.builder());

  assert.deepEqual(
    report.failures.map(({ reason }) => reason),
    ['lost-race'],
  );
  assert.deepEqual(report.published, []);
  assert.deepEqual(await tags(registry, Object.keys(chain)), { 'tool:2.0.0': intruder.descriptor.digest });
});

test('a run that was ended between two tags is completed by the next', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name });
  await workshop.publish(prepared, registry.place, workshop.builder());
  const report = await workshop.publish(prepared, registry.place, workshop.builder());
  assert.deepEqual(report.failures, []);
  assert.equal(report.published.length, 3);
});

test('latest of the registry moves forward only, judged by the versions in the registry', async () => {
  await using workshop = await Workshop.open({});
  const registry = await workshop.registry();
  const followed: (string | undefined)[] = [];
  for (const version of ['1.2.0', '1.10.0', '1.9.0', '2.0.0-rc.1']) {
    await workshop.write({ base: { version, files: { files: version } } });
    await publishAll(workshop, registry);
    const { 'base:latest': latest, ...versions } = await tags(registry, ['base']);
    followed.push(
      Object.keys(versions)
        .filter((name) => versions[name] === latest)
        .at(-1),
    );
  }
  assert.deepEqual(followed, ['base:1.2.0', 'base:1.10.0', 'base:1.10.0', 'base:1.10.0']);
  assert.deepEqual(
    workshop.events
      .filter(({ type }) => type === 'notice')
      .map((event) => 'message' in event && event.message.includes('newer version than 1.9.0')),
    [true],
  );
});

test('platforms are added to what is published; those that are there stay as they are', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  const indexOf = async () => {
    const document = await registry.place.repository('app' as ImageName).manifest('3.0.0', never);
    return document?.kind === 'index' ? document.value.manifests : [];
  };
  const [before] = await indexOf();
  const prepared = await workshop.plan({ client: registry.client, registry: registry.name, platforms: onBoth });
  const builder = workshop.builder();
  await workshop.publish(prepared, registry.place, builder);

  assert.ok(builder.requests.every(({ platforms }) => platforms.length === 1 && platforms[0] === arm64));
  const after = await indexOf();
  assert.deepEqual(after[0], before);
  assert.deepEqual(
    after.map(({ platform }) => formatPlatform(platform!)),
    ['linux/amd64', 'linux/arm64'],
  );
  const again = await workshop.plan({ client: registry.client, registry: registry.name, platforms: onBoth });
  assert.deepEqual(
    again.plan.images.map(({ action }) => action),
    ['up-to-date', 'up-to-date', 'up-to-date'],
  );
});

test('a new version of published content is tagged in the registry, with an empty store', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  const before = await tags(registry, ['base']);

  await using other = await Workshop.open({ base: { ...chain['base'], version: '1.0.1' } });
  const prepared = await other.plan({ client: registry.client, registry: registry.name });
  const builder = other.builder();
  const report = await other.publish(prepared, registry.place, builder);
  assert.deepEqual(statuses(report), { base: 'retagged' });
  assert.deepEqual(builder.built, []);
  const after = await tags(registry, ['base']);
  assert.deepEqual(after, { ...before, 'base:1.0.1': before['base:1.0.0'] });
  assert.deepEqual(
    report.tags.map(({ reference }) => reference),
    [`${registry.place.text}/base:1.0.1`],
  );
});

test('parents that are only in the registry are left to the builder', async () => {
  await using workshop = await Workshop.open({ base: chain['base']!, tool: chain['tool']! });
  const registry = await workshop.registry();
  await publishAll(workshop, registry);
  await using other = await Workshop.open(chain);
  const prepared = await other.plan({ client: registry.client, registry: registry.name });
  const builder = other.builder();
  const report = await other.publish(prepared, registry.place, builder);
  assert.deepEqual(
    builder.requests.map(({ image, resolved }) => [image, resolved]),
    [['app', {}]],
  );
  assert.deepEqual(statuses(report), { base: 'untouched', tool: 'untouched', app: 'built' });
});

test('a registry that does not answer is a failure before any work', async () => {
  await using workshop = await Workshop.open(chain);
  const registry = await workshop.registry();
  const name = { ...registry.name, host: '127.0.0.1:1' };
  await assert.rejects(workshop.plan({ client: registry.client, registry: name }), (error) => {
    return failuresOf(error)?.[0]?.reason === 'registry-unreachable';
  });
});
