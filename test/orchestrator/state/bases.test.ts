/** External images that move, by real registries: what is asked, decided, built with, and written down. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { emptyContext } from '../../../src/context/recorded-context.ts';
import { annotations } from '../../../src/oci/annotations.ts';
import { copyGraph } from '../../../src/oci/copy-graph.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { formatPlatform } from '../../../src/oci/platform.ts';
import { readDocument, readIndex, readManifest } from '../../../src/oci/read-document.ts';
import type { PlanRequest, PreparedPlan } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { BaseImages } from '../../../src/orchestrator/state/base-images.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { FailuresError, failuresOf } from '../../../src/result.ts';
import { amd64, arm64, type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

type Registry = Awaited<ReturnType<Workshop['registry']>>;

/** A workshop, a registry for external images, and one to publish to. */
async function setUp(images: (base: string) => Readonly<Record<string, ImageSources>>) {
  const workshop = await Workshop.open({});
  const [outside, target] = [await workshop.registry('outside'), await workshop.registry()];
  await workshop.write(images(outside.place.text));
  return { workshop, outside, target, [Symbol.asyncDispose]: () => workshop[Symbol.asyncDispose]() };
}

/** Puts an image of some content under a tag; returns what the tag names then. */
async function put(workshop: Workshop, { place }: Registry, tag: string, salt: string): Promise<Descriptor> {
  const [image, version] = tag.split(':') as [ImageName, string];
  const { image: made } = await workshop.builder({ salt }).build(
    {
      image,
      contextDir: '/',
      dockerfile: { file: '/', text: '' },
      context: emptyContext,
      buildArgs: {},
      platforms: [amd64, arm64],
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
  const { bytes, descriptor } = await readDocument(workshop.store.blobs, made, never);
  const repository = place.repository(image);
  await copyGraph(made, { from: workshop.store.blobs, to: repository }, never);
  await repository.putManifest(version, { descriptor, bytes }, never);
  return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
}

function actions({ plan }: PreparedPlan): readonly string[] {
  return plan.images.map(
    ({ name, action, reasons }) => `${name} ${action}: ${reasons.map(({ code }) => code).join(' ')}`,
  );
}

function failures({ plan }: PreparedPlan): readonly string[] {
  return plan.failures.map(({ reason }) => reason);
}

/** HEAD and GET of manifests, without host. */
function asked({ requests }: Registry): readonly string[] {
  return requests
    .filter((request) => request.includes('/manifests/'))
    .map((request) => request.replace(/ \S+\/v2\//, ' '));
}

const one = (base: string, version = '1.0.0'): Readonly<Record<string, ImageSources>> => ({
  app: { version, dockerfile: `FROM ${base}/debian:12\nCOPY files /\n`, files: { files: 'app' } },
});

const noRemotes = () => Promise.reject(new Error('nothing is fetched here'));

test('one HEAD for each base and run, however many images, platforms and stages name it', async () => {
  await using world = await setUp((base) => ({
    app: {
      dockerfile: `FROM ${base}/debian:12 AS a\nCOPY files /\nFROM ${base}/debian:12\nCOPY --from=a / /\n`,
      files: { files: '1' },
    },
    also: { dockerfile: `FROM scratch\nCOPY --from=${base}/debian:12 / /\nRUN --mount=from=${base}/tools:1 true\n` },
    unused: {
      dockerfile: `FROM ${base}/never:1 AS spare\nFROM ${base}/debian:12\nCOPY files /\n`,
      files: { files: '2' },
    },
  }));
  const { workshop, outside, target } = world;
  for (const tag of ['debian:12', 'tools:1']) await put(workshop, outside, tag, 'first');
  const heads = ['HEAD /v2/outside/debian/manifests/12 200', 'HEAD /v2/outside/tools/manifests/1 200'];
  for (const options of [{}, { platforms: onBoth }, { client: target.client, registry: target.name }]) {
    outside.requests.length = 0;
    await workshop.plan(options);
    assert.deepEqual(outside.requests.filter((request) => request.includes('manifests')).sort(), heads);
  }
});

test('a base by its digest needs no request, and scratch none', async () => {
  await using world = await setUp((base) => ({
    app: { dockerfile: `FROM ${base}/debian:12@sha256:${'0'.repeat(64)}\nCOPY files /\n`, files: { files: '1' } },
    plain: { files: { files: 'plain' } },
  }));
  const { plan } = await world.workshop.plan();
  assert.deepEqual(plan.failures, []);
  assert.deepEqual(world.outside.requests, []);
});

test('publish leaves a published version when its base moves; the next version has the new one', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop, outside, target } = world;
  const publish = async () => {
    const prepared = await workshop.plan({ client: target.client, registry: target.name });
    const builder = workshop.builder();
    const report = await workshop.publish(prepared, target.place, builder);
    assert.deepEqual(report.failures, []);
    return { actions: actions(prepared), pinned: builder.requests.map(({ pinned }) => pinned), prepared };
  };
  const reference = `${outside.place.text}/debian:12`;
  const before = await put(workshop, outside, 'debian:12', 'first');
  assert.deepEqual((await publish()).pinned, [{ [reference]: before }]);
  assert.deepEqual((await publish()).actions, ['app up-to-date: same-key']);

  const after = await put(workshop, outside, 'debian:12', 'second');
  const left = await publish();
  assert.deepEqual(left.actions, ['app base-moved: base-moved']);
  assert.deepEqual(left.prepared.plan.images[0]?.reasons, [
    { code: 'base-moved', reference, before: before.digest, after: after.digest },
  ]);
  assert.deepEqual(left.pinned, []);

  await workshop.write(one(outside.place.text, '1.1.0'));
  const next = await publish();
  assert.deepEqual(next.actions, ['app build: base-moved missing']);
  assert.deepEqual(next.pinned, [{ [reference]: after }]);

  // Back again: the content of the first version is what the third is to be.
  await put(workshop, outside, 'debian:12', 'first');
  await workshop.write(one(outside.place.text, '1.2.0'));
  assert.deepEqual((await publish()).actions, ['app retag: same-key missing'], 'found in the store under 1.0.0');
});

test('build takes a base that moved, for all that is built on its image', async () => {
  await using world = await setUp((base) => ({ ...one(base), web: { on: ['app'], files: { files: 'web' } } }));
  const { workshop, outside } = world;
  const build = async () => {
    const prepared = await workshop.plan();
    await workshop.run(prepared, workshop.builder());
    return actions(prepared);
  };
  await put(workshop, outside, 'debian:12', 'first');
  await build();
  assert.deepEqual(await build(), ['app up-to-date: same-key', 'web up-to-date: same-key']);
  await put(workshop, outside, 'debian:12', 'second');
  assert.deepEqual(await build(), ['app build: base-moved', 'web build: parent-base-moved']);
  assert.deepEqual(await build(), ['app up-to-date: same-key', 'web up-to-date: same-key']);
});

test('a base counts for the platform that a stage takes its parent for', async () => {
  const crossed = (parent: string) =>
    `ARG REGISTRY\nFROM --platform=$BUILDPLATFORM \${REGISTRY}/${parent}:1.0.0 AS made\nFROM scratch\nCOPY --from=made / /\n`;
  await using world = await setUp((base) => ({
    tool: {
      dockerfile: `ARG TARGETARCH\nFROM ${base}/tool-\${TARGETARCH}:1\nCOPY files /\n`,
      files: { files: 'tool' },
    },
    app: { dockerfile: crossed('tool') },
    web: { on: ['app'], files: { files: 'web' } },
  }));
  const { workshop, outside } = world;
  const options = { platforms: { kind: 'exactly', platforms: [arm64] } } as const;
  const build = async () => {
    const prepared = await workshop.plan(options);
    await workshop.run(prepared, workshop.builder());
    return actions(prepared);
  };
  for (const arch of ['amd64', 'arm64']) await put(workshop, outside, `tool-${arch}:1`, 'first');
  const same = ['tool up-to-date: same-key', 'app up-to-date: same-key', 'web up-to-date: same-key'];
  await build();
  assert.deepEqual(await build(), same);
  for (const arch of ['amd64', 'arm64']) {
    await put(workshop, outside, `tool-${arch}:1`, 'second');
    const [, app, web] = await build();
    assert.deepEqual([app, web], ['app build: parent-base-moved', 'web build: parent-base-moved']);
    assert.deepEqual(await build(), same);
  }
  // On a machine that would take it for the platform of its child, too: what is to be done is the same everywhere.
  const elsewhere = async () => actions(await workshop.plan({ ...options, machine: arm64 }))[1];
  assert.equal(await elsewhere(), 'app up-to-date: same-key');
  await put(workshop, outside, 'tool-amd64:1', 'third');
  assert.equal(await elsewhere(), 'app build: parent-base-moved');
});

test('a child of an image that publish leaves is built on what is published of it', async () => {
  await using world = await setUp((base) => ({ ...one(base), web: { on: ['app'], files: { files: 'web' } } }));
  const { workshop, outside, target } = world;
  const options = { client: target.client, registry: target.name };
  await put(workshop, outside, 'debian:12', 'first');
  await workshop.publish(await workshop.plan(options), target.place, workshop.builder());
  const published = (await target.place.repository('app' as ImageName).resolve('1.0.0', never))!;

  // The store has the image on the new base; the registry does not.
  await put(workshop, outside, 'debian:12', 'second');
  await workshop.run(await workshop.plan({ registry: target.name }), workshop.builder());
  await workshop.write({ web: { version: '1.1.0', on: ['app'], files: { files: 'changed' } } });
  const prepared = await workshop.plan(options);
  assert.deepEqual(actions(prepared), ['app base-moved: base-moved', 'web build: input-changed missing']);
  const builder = workshop.builder();
  await workshop.publish(prepared, target.place, builder);
  const [request] = builder.requests;
  const given = { ...request?.pinned, ...request?.resolved }[`${target.place.text}/app:1.0.0`];
  assert.equal(given?.digest, published.digest);
});

const unreachable: readonly [
  title: string,
  options: {
    readonly publish?: boolean;
    readonly seen?: boolean;
    readonly stored?: boolean;
    readonly there?: boolean;
  } & Partial<PlanRequest>,
  want: { readonly failures: readonly string[]; readonly assumes?: RegExp },
][] = [
  [
    'build assumes what was seen last',
    { seen: true },
    { failures: [], assumes: /^assuming \S+debian:12 is sha256:\w+, last seen 20/ },
  ],
  ['build fails before building what was never seen', {}, { failures: ['base-unreachable'] }],
  ['build takes an image of the store', { stored: true }, { failures: [], assumes: /which is in the store/ }],
  ['publish does not guess', { publish: true, seen: true }, { failures: ['base-unreachable'] }],
  [
    'publish cannot say whether a published version is behind',
    { publish: true, seen: true, there: true },
    { failures: ['base-unreachable'] },
  ],
  [
    'publish --offline-bases takes what was seen last',
    { publish: true, seen: true, offlineBases: true },
    { failures: [], assumes: /as asked for/ },
  ],
  [
    'publish --offline-bases of what is published',
    { publish: true, seen: true, there: true, offlineBases: true },
    { failures: [], assumes: /as asked for/ },
  ],
  [
    'publish --offline-bases fails where nothing was seen',
    { publish: true, offlineBases: true },
    { failures: ['base-never-seen'] },
  ],
  ['build --offline-bases as well', { offlineBases: true }, { failures: ['base-never-seen'] }],
  [
    'build --offline-bases takes what was seen last',
    { seen: true, offlineBases: true },
    { failures: [], assumes: /as asked for/ },
  ],
];
for (const [title, { publish, seen, stored, there, ...rest }, want] of unreachable) {
  test(`a registry that cannot be asked: ${title}`, async () => {
    await using world = await setUp((base) => one(base));
    const { workshop, outside, target } = world;
    const options = publish ? { client: target.client, registry: target.name } : {};
    const base = await put(workshop, outside, 'debian:12', 'first');
    if (seen) await workshop.plan(options);
    if (there) await workshop.publish(await workshop.plan(options), target.place, workshop.builder());
    const reference = `${outside.place.text}/debian:12`;
    if (stored) await workshop.store.refs.set(new Map([[reference, base]]), never);
    await outside.close();

    const prepared = await workshop.plan({ ...options, ...rest });
    assert.deepEqual(failures(prepared), want.failures);
    assert.equal(prepared.baseImages.assumptions().length, want.assumes === undefined ? 0 : 1);
    for (const message of prepared.baseImages.assumptions()) {
      assert.match(message, want.assumes!);
      assert.ok(message.includes(base.digest), message);
    }
    const builder = workshop.builder();
    const run = workshop.run(prepared, builder);
    if (want.failures.length > 0) {
      await assert.rejects(run, (error: unknown) => failuresOf(error)?.[0]?.reason === want.failures[0]);
      assert.deepEqual(builder.built, []);
    } else {
      await run;
      const given = builder.requests.map(({ resolved, pinned }) => (stored ? resolved : pinned)[reference]);
      assert.deepEqual(given, there ? [] : [base]);
    }
  });
}

test('a build that keeps going builds what does not need the base that nobody knows', async () => {
  await using world = await setUp((base) => ({
    ...one(base),
    web: { on: ['app'], files: { files: 'web' } },
    beside: { files: { files: 'beside' } },
  }));
  const { workshop, outside } = world;
  await outside.close();
  const prepared = await workshop.plan();
  const builder = workshop.builder();
  await assert.rejects(workshop.run(prepared, builder), FailuresError);
  assert.deepEqual(builder.built, []);
  const { results } = await workshop.run(prepared, builder, { keepGoing: true });
  assert.deepEqual(
    results.map((result) => [
      result.image.name,
      result.status,
      ...('failures' in result ? result.failures.map(({ reason, at }) => `${reason} ${at?.file}:${at?.line}`) : []),
    ]),
    [
      ['app', 'failed', 'base-unreachable contexts/app/Dockerfile:1'],
      ['beside', 'built'],
      ['web', 'blocked'],
    ],
  );
});

test('with --offline-bases nobody is asked', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop, outside } = world;
  await put(workshop, outside, 'debian:12', 'first');
  await workshop.plan();
  outside.requests.length = 0;
  await workshop.plan({ offlineBases: true });
  assert.deepEqual(outside.requests, []);
});

test('a base that only the store has is used, and its change seen', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop, outside, target } = world;
  const reference = `${outside.place.text}/debian:12`;
  assert.deepEqual(failures(await workshop.plan()), ['base-not-found']);
  for (const salt of ['first', 'second']) {
    const base = await put(workshop, target, 'local:1', salt);
    await workshop.store.refs.set(new Map([[reference, base]]), never);
    const prepared = await workshop.plan();
    assert.deepEqual(actions(prepared), [salt === 'first' ? 'app build: missing' : 'app build: base-moved']);
    assert.deepEqual(prepared.baseImages.assumptions(), []);
    const builder = workshop.builder();
    await workshop.run(prepared, builder);
    assert.deepEqual(
      builder.requests.map(({ resolved }) => resolved[reference]),
      [base],
    );
  }
});

test('each platform has the bases that its arguments say', async () => {
  await using world = await setUp((base) => ({
    app: { dockerfile: `ARG TARGETARCH\nFROM ${base}/tool-\${TARGETARCH}:1\nCOPY files /\n`, files: { files: 'app' } },
  }));
  const { workshop, outside, target } = world;
  await put(workshop, outside, 'tool-amd64:1', 'first');
  const arm = await put(workshop, outside, 'tool-arm64:1', 'first');
  const options = { client: target.client, registry: target.name, platforms: onBoth };
  const publish = async () => {
    const prepared = await workshop.plan(options);
    const builder = workshop.builder();
    await workshop.publish(prepared, target.place, builder);
    return {
      lists: prepared.plan.images.flatMap(({ platforms }) =>
        platforms.map(({ bases }) => Object.keys(bases?.list ?? {})),
      ),
      prepared,
      builder,
    };
  };
  const { lists } = await publish();
  const name = (architecture: string) => `${outside.place.text}/tool-${architecture}:1`;
  assert.deepEqual(lists, [[name('amd64')], [name('arm64')]]);

  await put(workshop, outside, 'tool-amd64:1', 'second');
  await workshop.write({
    app: {
      version: '1.1.0',
      dockerfile: `ARG TARGETARCH\nFROM ${outside.place.text}/tool-\${TARGETARCH}:1\nCOPY files /\n`,
      files: { files: 'app' },
    },
  });
  const { prepared, builder } = await publish();
  assert.deepEqual(
    prepared.plan.images[0]?.platforms.map(({ platform, source }) => `${formatPlatform(platform)} ${source.from}`),
    ['linux/amd64 build', 'linux/arm64 registry'],
  );
  assert.equal(builder.requests[0]?.pinned[name('arm64')]?.digest, arm.digest);
});

test('a build argument chooses the base', async () => {
  await using world = await setUp((base) => ({
    app: { dockerfile: `ARG BASE=${base}/debian:12\nFROM \${BASE}\nCOPY files /\n`, files: { files: 'app' } },
  }));
  const { workshop, outside } = world;
  await put(workshop, outside, 'debian:12', 'first');
  await put(workshop, outside, 'alpine:3', 'first');
  await workshop.plan({ buildArgs: { BASE: `${outside.place.text}/alpine:3` } });
  assert.deepEqual(
    asked(outside)
      .filter((request) => request.startsWith('HEAD') && request.endsWith('200'))
      .at(-1),
    'HEAD /v2/outside/alpine/manifests/3 200',
  );
});

test('what is published says what it is built on: images from elsewhere on the manifest too, parents on the index', async () => {
  await using world = await setUp((base) => ({ ...one(base), web: { on: ['app'], files: { files: 'web' } } }));
  const { workshop, outside, target } = world;
  const base = await put(workshop, outside, 'debian:12', 'first');
  const options = { client: target.client, registry: target.name, platforms: onBoth };
  // Built under another name first: what is sent from the store names the registry it is sent to.
  await workshop.run(await workshop.plan({ platforms: onBoth }), workshop.builder());
  const sent = await workshop.plan(options);
  assert.deepEqual(actions(sent), ['app retag: same-key missing', 'web retag: same-key missing']);
  await workshop.publish(sent, target.place, workshop.builder());

  const read = async (image: string) => {
    const repository = target.place.repository(image as ImageName);
    const index = await readIndex(repository, (await repository.resolve('1.0.0', never))!, never);
    const manifest = await readManifest(repository, index.value.manifests[0]!, never);
    const pick = (found: Readonly<Record<string, string>> = {}) => [
      found[annotations.baseName],
      found[annotations.baseDigest],
    ];
    return {
      index: pick(index.value.annotations),
      manifest: pick(manifest.value.annotations),
      entry: index.value.manifests[0]!.annotations,
    };
  };
  const app = await read('app');
  const reference = `${outside.place.text}/debian:12`;
  assert.deepEqual(app.index, [reference, base.digest]);
  assert.deepEqual(app.manifest, [reference, base.digest]);
  assert.equal(app.entry?.[annotations.buildBaseImages], `${reference}=${base.digest}`);

  const web = await read('web');
  const published = await target.place.repository('app' as ImageName).resolve('1.0.0', never);
  assert.deepEqual(web.index, [`${target.place.text}/app:1.0.0`, published?.digest]);
  assert.deepEqual(web.manifest, [undefined, undefined]);
});

test('an answer serves all of a run', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop, outside } = world;
  await put(workshop, outside, 'debian:12', 'first');
  const images = new BaseImages({
    graph: await workshop.graph(),
    buildArgs: { REGISTRY: 'localhost:5000' },
    remotesOf: () => [],
  });
  const questions = {
    store: workshop.store,
    client: async () => outside.client,
    whenUnreachable: 'fail',
    offline: false,
    remotes: noRemotes,
    now: Date.now,
    isWhole: () => true,
    patience: 1000,
  } as const;
  outside.requests.length = 0;
  for (let round = 0; round < 2; round++) {
    await images.ask([{ name: 'app' as ImageName, platforms: [amd64] }], questions, never);
  }
  assert.equal(outside.requests.length, 1);
});

test('a build does not wait for a registry that hangs, where it can go on without', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop, outside } = world;
  const silent = createServer(() => {});
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  try {
    const { port } = silent.address() as AddressInfo;
    const hanging = `127.0.0.1:${port}/debian:12`;
    await workshop.write({ app: { dockerfile: `FROM ${hanging}\nCOPY files /\n`, files: { files: 'app' } } });
    const seen = await put(workshop, outside, 'debian:12', 'first');
    await workshop.store.refs.set(new Map([[hanging, seen]]), never);
    const images = new BaseImages({ graph: await workshop.graph(), buildArgs: {}, remotesOf: () => [] });
    const questions = {
      store: workshop.store,
      client: async () => outside.client,
      whenUnreachable: 'assume',
      offline: false,
      remotes: noRemotes,
      now: Date.now,
      isWhole: () => true,
      patience: 20,
    } as const;
    await images.ask([{ name: 'app' as ImageName, platforms: [amd64] }], questions, never);
    assert.match(images.assumptions()[0] ?? '', /did not answer/);
    assert.equal(images.decided()[0]?.descriptor.digest, seen.digest);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

test('a bug in asking is not taken for a registry that is down', async () => {
  await using world = await setUp((base) => one(base));
  const { workshop } = world;
  const images = new BaseImages({ graph: await workshop.graph(), buildArgs: {}, remotesOf: () => [] });
  const questions = {
    store: workshop.store,
    client: async () => {
      throw new TypeError('a bug');
    },
    whenUnreachable: 'assume',
    offline: false,
    remotes: noRemotes,
    now: Date.now,
    isWhole: () => true,
    patience: 1000,
  } as const;
  const asking = images.ask([{ name: 'app' as ImageName, platforms: [amd64] }], questions, never);
  await assert.rejects(asking, (error: unknown) => error instanceof TypeError && !(error instanceof FailuresError));
});

test('what a Dockerfile names for other machines that build counts on all of them', async () => {
  await using world = await setUp((base) => ({
    app: {
      dockerfile: `ARG BUILDARCH\nFROM ${base}/tool-\${BUILDARCH}:1\nCOPY files /\n`,
      files: { files: 'app' },
    },
  }));
  const { workshop, outside } = world;
  for (const tag of ['tool-amd64:1', 'tool-arm64:1']) await put(workshop, outside, tag, 'first');
  const { plan } = await workshop.plan();
  assert.deepEqual(
    Object.keys(plan.images[0]?.platforms[0]?.bases?.list ?? {}),
    ['amd64', 'arm64'].map((architecture) => `${outside.place.text}/tool-${architecture}:1`),
  );
});

/** Two Dockerfiles, and the external images of each: triggers count where they run. */
const triggered: Readonly<
  Record<string, { base: string; child: string; want: Readonly<Record<'base' | 'child', readonly string[]>> }>
> = {
  'a stage of the child': {
    base: 'FROM scratch\nONBUILD COPY --from=build / /\n',
    child: 'FROM scratch AS build\nCOPY f /\nFROM PARENT\n',
    want: { base: [], child: [] },
  },
  'a stage of the child, by a mount and in another case': {
    base: 'FROM scratch\nONBUILD RUN --mount=from=Build,target=/m true\n',
    child: 'FROM scratch AS build\nCOPY f /\nFROM PARENT\n',
    want: { base: [], child: [] },
  },
  'a stage of the child that nothing else needs, with what that stands on': {
    base: 'FROM scratch\nONBUILD COPY --from=build / /\n',
    child: 'FROM debian:12 AS build\nFROM debian:13 AS other\nFROM PARENT\n',
    want: { base: [], child: ['debian:12'] },
  },
  'a stage of the child by its number': {
    base: 'FROM scratch\nONBUILD COPY --from=0 / /\n',
    child: 'FROM debian:12\nFROM PARENT\n',
    want: { base: [], child: ['debian:12'] },
  },
  'an image, where only the parent has such a stage': {
    base: 'FROM scratch AS build\nFROM scratch\nONBUILD COPY --from=build / /\n',
    child: 'FROM PARENT\n',
    want: { base: [], child: ['build'] },
  },
  'an image, for those that are built from it': {
    base: 'FROM debian:12\nONBUILD COPY --from=tools:1 / /\n',
    child: 'FROM PARENT\n',
    want: { base: ['debian:12'], child: ['tools:1'] },
  },
  'a tag of the project that it does not make': {
    base: 'ARG REGISTRY\nFROM scratch\nONBUILD COPY --from=${REGISTRY}/tools:stable / /\n',
    child: 'FROM PARENT\n',
    want: { base: [], child: ['localhost:5000/tools:stable'] },
  },
  'an image, in a stage that the parent does not hand on': {
    base: 'FROM scratch AS spare\nONBUILD COPY --from=tools:1 / /\nFROM scratch\n',
    child: 'FROM PARENT\n',
    want: { base: [], child: [] },
  },
  'an image, in a stage that another starts from': {
    base: 'FROM scratch AS one\nONBUILD COPY --from=tools:1 / /\nFROM one\n',
    child: 'FROM PARENT\n',
    want: { base: ['tools:1'], child: [] },
  },
};
for (const [title, { base, child, want }] of Object.entries(triggered)) {
  test(`a trigger names ${title}`, async () => {
    await using workshop = await Workshop.open({
      tools: {},
      base: { dockerfile: base },
      child: { dockerfile: `ARG REGISTRY\n${child.replace('PARENT', '${REGISTRY}/base:1.0.0')}` },
    });
    const images = new BaseImages({
      graph: await workshop.graph(),
      buildArgs: { REGISTRY: 'localhost:5000' },
      remotesOf: () => [],
    });
    const named = (name: string) => images.used(name as ImageName, amd64).external.map(({ text }) => text);
    assert.deepEqual({ base: named('base'), child: named('child') }, want);
  });
}
