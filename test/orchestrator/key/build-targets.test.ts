/** --target is for the images that were selected: what they are built from stays what it is without it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ImageName } from '../../../src/project/image-name.ts';
import { amd64, type ImageSources, Workshop } from '../workshop.ts';

/** Every image has a stage of the name, which makes another image than its last. */
const stages = (base: string, ...more: readonly string[]): ImageSources => ({
  dockerfile: `ARG REGISTRY\nFROM ${base} AS dev\nENV STAGE=dev\nFROM ${base}\n${more.join('\n')}\n`,
});
const of = (image: string) => `\${REGISTRY}/${image}:1.0.0`;
const images: Readonly<Record<string, ImageSources>> = {
  base: stages('scratch'),
  tools: stages('scratch'),
  middle: stages(of('base')),
  app: stages(of('middle'), `COPY --from=${of('tools')} / /`),
  beside: stages('scratch'),
};

const workshop = await Workshop.open(images);
after(() => workshop[Symbol.asyncDispose]());

const rows: [select: string[], targeted: string[]][] = [
  [[], ['app', 'beside']],
  [['app'], ['app']],
  [['middle'], ['middle']],
  [
    ['base', 'tools'],
    ['base', 'tools'],
  ],
  [['app', 'base'], ['app']],
  [
    ['middle', 'beside'],
    ['beside', 'middle'],
  ],
  [['+app'], ['app']],
];

for (const [select, targeted] of rows) {
  test(`--target with ${select.join(', ') || 'everything'} selected is for ${targeted.join(', ')}`, async () => {
    await using other = await Workshop.open(images);
    const prepared = await other.plan({ select, target: 'dev' });
    const builder = other.builder();
    await other.run(prepared, builder);
    const asked = builder.requests.filter(({ target }) => target !== undefined);
    assert.deepEqual(asked.map(({ image }) => image).toSorted(), targeted);
    assert.ok(asked.every(({ target }) => target === 'dev'));

    const selected = prepared.plan.images.filter(({ implied }) => !implied).map(({ name }) => name);
    const [plain, aimed] = [await workshop.keys(), await workshop.keys(undefined, 'dev', selected)];
    const names = prepared.plan.images.map(({ name }) => name);
    const changed = names.filter((name) => plain.keyOf(name, amd64) !== aimed.keyOf(name, amd64));
    assert.deepEqual(changed.toSorted(), targeted);
    for (const image of prepared.plan.images) {
      assert.deepEqual(
        image.platforms.map(({ key }) => key),
        [aimed.keyOf(image.name, amd64)],
      );
    }
  });
}

test('what is built without a target is there for a child that is built to one', async () => {
  await using other = await Workshop.open(images);
  await other.run(await other.plan(), other.builder());
  const { plan } = await other.plan({ select: ['app'], target: 'dev' });
  assert.deepEqual(
    plan.images.map(({ name, action }) => `${name} ${action}`),
    ['middle up-to-date', 'tools up-to-date', 'app build'],
  );
});

test('a target reaches what its own stages read, not what stages of that name read in a parent', async () => {
  const files = { a: 'a', b: 'b' };
  const base = { dockerfile: 'FROM scratch AS dev\nCOPY a /\nFROM scratch\nCOPY b /\n', files };
  const app = { dockerfile: `ARG REGISTRY\nFROM ${of('base')} AS dev\n` };
  await using other = await Workshop.open({ base, app });
  const keyOf = async () => (await other.keys(undefined, 'dev', ['app' as ImageName])).keyOf('app' as ImageName, amd64);
  const before = await keyOf();
  await other.write({ base: { ...base, files: { ...files, a: 'other' } } });
  assert.equal(await keyOf(), before);
  await other.write({ base: { ...base, files: { ...files, b: 'other' } } });
  assert.notEqual(await keyOf(), before);
});

test('however a stage is asked for, it is one target; of two with one name, each is its own', async () => {
  const dockerfile =
    'FROM scratch AS one\nENV A=1\nFROM scratch AS Dev\nENV B=1\nFROM scratch AS one\nENV C=1\nFROM scratch\n';
  await using other = await Workshop.open({ app: { dockerfile } });
  const keyOf = async (target: string) => (await other.keys(undefined, target)).keyOf('app' as ImageName, amd64);
  assert.deepEqual(await Promise.all(['DEV', 'Dev', '1'].map(keyOf)), Array(3).fill(await keyOf('dev')));
  assert.equal(await keyOf('2'), await keyOf('one'));
  assert.notEqual(await keyOf('0'), await keyOf('one'));
});
