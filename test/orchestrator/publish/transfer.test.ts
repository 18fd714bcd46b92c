import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { mirror, pull, type TransferRequest } from '../../../src/orchestrator/publish/transfer.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { failuresOf } from '../../../src/result.ts';
import { type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

const images: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.0', files: { files: 'base' } },
  tool: { version: '2.0.0', on: ['base'], files: { files: 'tool' } },
};

const request: TransferRequest = {
  images: [
    { name: 'base' as ImageName, version: '1.0.0' },
    { name: 'tool' as ImageName, version: '2.0.0' },
    { name: 'absent' as ImageName, version: '3.0.0' },
  ],
  requireAll: false,
  keepGoing: true,
};

/** Both images, both platforms, published to a registry. */
async function published() {
  const workshop = await Workshop.open(images);
  const from = await workshop.registry('group');
  const prepared = await workshop.plan({ client: from.client, registry: from.name, platforms: onBoth });
  await workshop.publish(prepared, from.place, workshop.builder());
  const digests = await Promise.all(
    request.images.map(
      async ({ name, version }) => (await from.place.repository(name).resolve(version, never))?.digest,
    ),
  );
  return { workshop, from, digests };
}

test('mirror() copies whole indexes, sets version and latest, and passes over what is missing', async () => {
  const { workshop, from, digests } = await published();
  await using _ = workshop;
  const to = await workshop.registry('');
  const report = await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);

  assert.deepEqual(report, {
    copied: [`${to.place.text}/base:1.0.0@${digests[0]}`, `${to.place.text}/tool:2.0.0@${digests[1]}`],
    present: [],
    missing: [`${from.place.text}/absent:3.0.0`],
    conflicts: [],
    failed: [],
    notCopied: [],
    tags: ['base:1.0.0', 'base:latest', 'tool:2.0.0', 'tool:latest'].map((tag, index) => ({
      reference: `${to.place.text}/${tag}`,
      before: null,
      after: digests[Math.floor(index / 2)],
    })),
    failures: [],
  });
  const repository = to.place.repository('tool' as ImageName);
  assert.equal((await repository.resolve('latest', never))?.digest, digests[1]);
  const [copy, original] = await Promise.all(
    [repository, from.place.repository('tool' as ImageName)].map((one) => one.manifest('2.0.0', never)),
  );
  assert.deepEqual(copy?.bytes, original?.bytes);
  assert.equal(copy?.kind === 'index' && copy.value.manifests.length, 2);
  for (const manifest of copy?.kind === 'index' ? copy.value.manifests : []) {
    assert.ok(await repository.manifest(manifest.digest, never));
  }
});

test('mirror() writes nothing that is there, and never over a version of other content', async () => {
  const { workshop, from, digests } = await published();
  await using _ = workshop;
  const to = await workshop.registry('');
  await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);
  to.requests.length = 0;
  const second = await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);
  assert.deepEqual(
    second.present.map((one) => one.split('@')[1]),
    digests.slice(0, 2),
  );
  assert.ok(
    to.requests.every((line) => /^HEAD |^GET \S+\/tags\/list/.test(line)),
    to.requests.join('\n'),
  );

  const other = makeDocument(mediaTypes.imageIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: [],
  });
  const tool = to.place.repository('tool' as ImageName);
  await tool.putManifest('2.0.0', other, never);
  const third = await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);
  assert.deepEqual(
    third.failures.map(({ reason }) => reason),
    ['different-content'],
  );
  assert.equal((await tool.resolve('2.0.0', never))?.digest, other.descriptor.digest);
});

const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
const lettered = (text: (name: string) => string): Readonly<Record<string, ImageSources>> =>
  Object.fromEntries(letters.map((name) => [name, { files: { files: text(name) } }]));

for (const [title, keepGoing, want] of [
  ['goes on', true, { copied: 3, conflicts: ['a', 'b', 'c'], notCopied: 0 }],
  ['stops', false, { copied: 0, conflicts: ['a', 'b', 'c'], notCopied: 3 }],
] as const) {
  test(`mirror() that ${title} after conflicts has each image under what became of it, once`, async () => {
    await using workshop = await Workshop.open(lettered((name) => name));
    const [from, to] = [await workshop.registry(), await workshop.registry()];
    const publishTo = async ({ client, name, place }: typeof from, select: readonly string[]) =>
      workshop.publish(await workshop.plan({ client, registry: name, select }), place, workshop.builder());
    await publishTo(from, letters);
    await workshop.write(lettered((name) => `other ${name}`));
    await publishTo(to, letters.slice(0, 3));
    const images = letters.map((name) => ({ name: name as ImageName, version: '1.0.0' }));
    const asked = { images, requireAll: false, keepGoing };
    const report = await mirror(asked, { from: from.place, to: to.place, progress: workshop.progress }, never);
    const { copied, present, missing, conflicts, failed, notCopied, failures } = report;
    assert.deepEqual(
      { copied: copied.length, conflicts, notCopied: notCopied.length },
      { ...want, conflicts: want.conflicts.map((name) => `${to.place.text}/${name}:1.0.0`) },
    );
    assert.deepEqual([present, missing, failed, failures.length], [[], [], [], 3]);
  });
}

test('mirror() with requireAll copies nothing when one image is missing', async () => {
  const { workshop, from } = await published();
  await using _ = workshop;
  const to = await workshop.registry('');
  await assert.rejects(
    mirror({ ...request, requireAll: true }, { from: from.place, to: to.place, progress: workshop.progress }, never),
    (error) =>
      failuresOf(error)
        ?.map(({ reason }) => reason)
        .join() === 'missing-in-registry',
  );
  assert.deepEqual(to.requests, []);
});

test('pull() brings images into the store, where a build finds them up to date', async () => {
  const { workshop, from, digests } = await published();
  await using _ = workshop;
  await using other = await Workshop.open(images);
  const report = await pull(request, { from: from.place, to: other.store, progress: other.progress }, never);
  assert.equal(report.copied.length, 2);
  assert.deepEqual(report.missing, [`${from.place.text}/absent:3.0.0`]);
  const refs = await other.store.refs.list();
  assert.deepEqual(
    ['base:1.0.0', 'base:latest', 'tool:2.0.0', 'tool:latest'].map(
      (tag) => refs.get(`${from.place.text}/${tag}`)?.digest,
    ),
    [digests[0], digests[0], digests[1], digests[1]],
  );
  const { plan } = await other.plan({ registry: from.name, platforms: onBoth });
  assert.deepEqual(
    plan.images.map(({ action }) => action),
    ['up-to-date', 'up-to-date'],
  );
  assert.equal(
    (await pull(request, { from: from.place, to: other.store, progress: other.progress }, never)).present.length,
    2,
  );
});

test('pull() sets a name that an earlier run left undone', async () => {
  const { workshop, from } = await published();
  await using _ = workshop;
  await using other = await Workshop.open(images);
  await pull(request, { from: from.place, to: other.store, progress: other.progress }, never);
  await other.store.refs.remove([`${from.place.text}/base:latest`], never);
  const { copied, tags } = await pull(request, { from: from.place, to: other.store, progress: other.progress }, never);
  assert.deepEqual([copied, tags.map(({ reference }) => reference)], [[], [`${from.place.text}/base:latest`]]);
});
