/** For which platforms images are built: those asked for, those that children take them for, and no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../../src/orchestrator/plan/plan.ts';
import type { PlanRequest } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { amd64, arm64, type ImageSources, onBoth, Workshop } from '../workshop.ts';

const onArm64 = { kind: 'exactly', platforms: [arm64] } as const;
const of = (image: string) => `\${REGISTRY}/${image}:1.0.0`;
const scratch: ImageSources = { dockerfile: 'FROM scratch\nCOPY files /\n', files: { files: 'f' } };

/** A stage that runs on the machine that builds, and an image of what it made. */
function crossed(parent: string, more: Partial<ImageSources> = {}, platform = '$BUILDPLATFORM'): ImageSources {
  const dockerfile = `ARG REGISTRY\nFROM --platform=${platform} ${of(parent)} AS made\nFROM scratch\nCOPY --from=made / /\n`;
  return { dockerfile, ...more };
}

/** `name action platform=source…` */
function outline({ images }: Plan): readonly string[] {
  return images.map(({ name, action, platforms }) =>
    [name, action, ...platforms.map(({ platform, source }) => `${platform.architecture}=${source.from}`)].join(' '),
  );
}

interface Row {
  readonly title: string;
  readonly images: Readonly<Record<string, ImageSources>>;
  readonly options?: Partial<PlanRequest> & { readonly select?: readonly string[] };
  readonly want: readonly string[];
  /** What was built before. */
  readonly there?: Partial<PlanRequest> & { readonly select?: readonly string[] };
}

const rows: readonly Row[] = [
  {
    title: 'the machine that builds, where a child names it',
    images: { base: scratch, app: crossed('base') },
    want: ['base build arm64=build amd64=build', 'app build arm64=build'],
  },
  {
    title: 'through the images between',
    images: { base: scratch, tool: { on: ['base'], files: { files: 't' } }, app: crossed('tool') },
    want: ['base build arm64=build amd64=build', 'tool build arm64=build amd64=build', 'app build arm64=build'],
  },
  {
    title: 'not for a child that names the machine only above',
    images: { base: scratch, app: crossed('base'), top: { on: ['app'], files: { files: 't' } } },
    want: ['base build arm64=build amd64=build', 'app build arm64=build', 'top build arm64=build'],
  },
  {
    title: 'only once where it is asked for',
    images: { base: scratch, app: crossed('base') },
    options: { platforms: onBoth },
    want: ['base build amd64=build arm64=build', 'app build amd64=build arm64=build'],
  },
  {
    title: 'not on a machine of the platform that is asked for',
    images: { base: scratch, app: crossed('base') },
    options: { machine: arm64 },
    want: ['base build arm64=build', 'app build arm64=build'],
  },
  {
    title: 'a platform by its name',
    images: { base: scratch, app: crossed('base', {}, 'linux/arm64') },
    options: { platforms: { kind: 'host', platform: amd64 } },
    want: ['base build amd64=build arm64=build', 'app build amd64=build'],
  },
  {
    title: 'the stage of a COPY --from',
    images: {
      base: scratch,
      app: {
        dockerfile: `ARG REGISTRY\nFROM --platform=$BUILDPLATFORM scratch AS made\nCOPY --from=${of('base')} / /\nFROM scratch\nCOPY --from=made / /\n`,
      },
    },
    want: ['base build arm64=build amd64=build', 'app build arm64=build'],
  },
  {
    title: 'not for a stage that nothing needs',
    images: {
      base: scratch,
      app: { dockerfile: `ARG REGISTRY\nFROM --platform=$BUILDPLATFORM ${of('base')} AS made\nFROM ${of('base')}\n` },
    },
    want: ['base build arm64=build', 'app build arm64=build'],
  },
  {
    title: 'not for a stage that the target does not need',
    images: {
      base: scratch,
      app: {
        dockerfile: `ARG REGISTRY\nFROM scratch AS one\nFROM --platform=$BUILDPLATFORM ${of('base')} AS made\nFROM scratch\nCOPY --from=made / /\n`,
      },
    },
    options: { target: 'one' },
    want: ['base build arm64=build', 'app build arm64=build'],
  },
  {
    title: 'what the metadata of each says',
    images: { base: scratch, app: crossed('base', { platforms: ['linux/arm64'] }) },
    options: { platforms: { kind: 'declared', defaults: [arm64] } },
    want: ['base build arm64=build amd64=build', 'app build arm64=build'],
  },
  {
    title: 'of an ancestor that nobody selected',
    images: { base: scratch, app: crossed('base'), other: scratch },
    options: { select: ['app'] },
    want: ['base build arm64=build amd64=build', 'app build arm64=build'],
  },
  {
    title: 'of one that is not made for this machine, where a child names another',
    images: { base: { ...scratch, platforms: ['linux/arm64'] }, app: crossed('base', {}, 'linux/arm64') },
    options: { platforms: { kind: 'host', platform: amd64 } },
    want: ['base build arm64=build', 'app build amd64=build'],
  },
  {
    title: 'skipped: what stands on one that is not made for this machine, and nothing else',
    images: {
      base: { ...scratch, platforms: ['linux/arm64'] },
      on: { on: ['base'], files: { files: 't' } },
      beside: { dockerfile: `ARG REGISTRY\nFROM ${of('base')} AS unused\nFROM scratch\nLABEL a=b\n` },
    },
    options: { platforms: { kind: 'host', platform: amd64 } },
    want: ['base skipped-platform', 'beside build amd64=build', 'on skipped-platform'],
  },
  {
    title: 'nothing more once all is there',
    images: { base: scratch, app: crossed('base') },
    there: {},
    want: ['base up-to-date arm64=tag', 'app up-to-date arm64=tag'],
  },
  {
    title: 'what is lacking for a child that is not there',
    images: { base: scratch, app: crossed('base') },
    there: { select: ['base'] },
    want: ['base build arm64=tag amd64=build', 'app build arm64=build'],
  },
  {
    title: 'not for a child that is there, of an ancestor that is not',
    images: { base: scratch, app: crossed('base') },
    there: { select: ['base'] },
    options: { select: ['base'] },
    want: ['base up-to-date arm64=tag'],
  },
  {
    title: 'what a trigger of the parent copies',
    images: {
      tools: scratch,
      base: { dockerfile: `ARG REGISTRY\nFROM scratch\nONBUILD COPY --from=${of('tools')} / /\n` },
      app: crossed('base'),
    },
    options: { select: ['app'] },
    want: ['tools build arm64=build amd64=build', 'base build arm64=build amd64=build', 'app build arm64=build'],
  },
];

for (const { title, images, options = {}, want, there } of rows) {
  test(`planBuild() wants images for ${title}`, async () => {
    await using workshop = await Workshop.open(images);
    if (there) await workshop.run(await workshop.plan({ platforms: onArm64, ...there }), workshop.builder());
    const prepared = await workshop.plan({ platforms: onArm64, ...options });
    assert.deepEqual(outline(prepared.plan), want);
    const builder = workshop.builder();
    const { results } = await workshop.run(prepared, builder);
    assert.deepEqual(
      results.filter(({ status }) => status === 'failed'),
      [],
    );
    // Nothing is built that the plan does not show.
    const built = builder.requests.map(
      ({ image, platforms }) => `${image} ${platforms.map((one) => one.architecture)}`,
    );
    const planned = prepared.plan.images.map(
      ({ name, platforms }) =>
        [
          name,
          platforms.filter(({ source }) => source.from === 'build').map(({ platform }) => platform.architecture),
        ] as const,
    );
    assert.deepEqual(
      built.toSorted(),
      planned.flatMap(([name, list]) => (list.length === 0 ? [] : [`${name} ${list}`])).toSorted(),
    );
  });
}

test('a trigger of a parent that is there is given the image that it names', async () => {
  await using workshop = await Workshop.open({
    tools: scratch,
    base: { dockerfile: `ARG REGISTRY\nFROM scratch\nONBUILD COPY --from=${of('tools')} / /\n` },
    app: { dockerfile: `ARG REGISTRY\nFROM ${of('base')}\n` },
  });
  await workshop.run(await workshop.plan({ select: ['base'] }), workshop.builder());
  const builder = workshop.builder();
  await workshop.run(await workshop.plan({ select: ['app'] }), builder);
  assert.deepEqual(
    builder.requests.map(({ image, resolved }) => [image, Object.keys(resolved).toSorted()]),
    [['app', ['localhost:5000/base:1.0.0', 'localhost:5000/tools:1.0.0']]],
  );
});

test('a publish for one platform sends what its builds need, and a second one has nothing to do', async () => {
  await using workshop = await Workshop.open({ base: scratch, app: crossed('base') });
  const { client, name, place } = await workshop.registry();
  const options = { client, registry: name, platforms: onArm64 };
  const report = await workshop.publish(await workshop.plan(options), place, workshop.builder());
  assert.deepEqual(report.failures, []);
  const { plan } = await workshop.plan(options);
  assert.deepEqual(outline(plan), ['base up-to-date arm64=tag', 'app up-to-date arm64=tag']);

  // Another machine, whose store is empty, builds the next version of the child on what is published.
  const next = { dockerfile: `${crossed('base').dockerfile}LABEL next=1\n`, version: '1.0.1' };
  await using elsewhere = await Workshop.open({ base: scratch, app: next });
  const builder = elsewhere.builder();
  const prepared = await elsewhere.plan(options);
  assert.deepEqual(outline(prepared.plan), ['base up-to-date arm64=tag amd64=tag', 'app build arm64=build']);
  assert.deepEqual((await elsewhere.publish(prepared, place, builder)).failures, []);
  assert.deepEqual(
    builder.requests.map(({ pinned }) => Object.keys(pinned)),
    [[`${place.text}/base:1.0.0`]],
  );
});
