/**
 * Platforms that parents lack: graphs × platforms. What the plan says, a build that is started all the same finds, and
 * nothing else; `lackingInProject` says the same of what metadata alone shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImageResolver } from '../../../src/engine/resolve-images.ts';
import { formatPlatform, parsePlatform } from '../../../src/oci/platform.ts';
import { buildTargets } from '../../../src/orchestrator/key/build-targets.ts';
import { lackingInProject } from '../../../src/orchestrator/plan/lacking-platforms.ts';
import type { PlanRequest } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { RegistryClient } from '../../../src/registry/registry.ts';
import { amd64, arm64, type ImageSources, onAmd64, onBoth, unwrap, Workshop } from '../workshop.ts';

const onArm64 = { kind: 'exactly', platforms: [arm64] } as const;
const declared = { kind: 'declared', defaults: [amd64, arm64] } as const;
const of = (image: string) => `\${REGISTRY}/${image}:1.0.0`;
const base = (...platforms: string[]): ImageSources => ({
  dockerfile: 'FROM scratch\nCOPY files /\n',
  files: { files: 'f' },
  platforms,
});
const on = (parent: string, ...platforms: string[]): ImageSources => ({
  dockerfile: `ARG REGISTRY\nFROM ${of(parent)}\nCOPY files /own\n`,
  files: { files: 'o' },
  platforms,
});
const crossed = (parent: string, platform: string, ...platforms: string[]): ImageSources => ({
  dockerfile: `ARG REGISTRY\nFROM --platform=${platform} ${of(parent)} AS made\nFROM scratch\nCOPY --from=made / /\n`,
  platforms,
});

interface Row {
  readonly images: Readonly<Record<string, ImageSources>>;
  readonly options?: Partial<PlanRequest> & { readonly select?: readonly string[] };
  /** `child parent platform line`. */
  readonly want: readonly string[];
  /** Where metadata alone says other things than this run. */
  readonly declared?: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'a parent for one platform, a child for two': {
    images: { base: base('linux/amd64'), app: on('base') },
    want: ['app base linux/arm64 2'],
  },
  'both for one': { images: { base: base('linux/amd64'), app: on('base', 'linux/amd64') }, want: [] },
  'both for two': { images: { base: base(), app: on('base') }, want: [] },
  'a child for fewer': { images: { base: base(), app: on('base', 'linux/arm64') }, want: [] },
  'the parent of a parent': {
    images: { base: base('linux/arm64'), mid: on('base', 'linux/arm64'), app: on('mid', 'linux/amd64') },
    want: ['app mid linux/amd64 2'],
  },
  'COPY --from': {
    images: {
      base: base('linux/amd64'),
      app: { dockerfile: `FROM scratch\nCOPY --from=${of('base')} / /\n`, platforms: ['linux/arm64'] },
    },
    want: ['app base linux/arm64 2'],
  },
  'a trigger of the parent': {
    images: {
      tools: base('linux/amd64'),
      base: { dockerfile: `FROM scratch\nONBUILD COPY --from=${of('tools')} / /\n` },
      app: { dockerfile: `ARG REGISTRY\nFROM ${of('base')}\nLABEL a=b\n` },
    },
    want: ['app tools linux/arm64 2'],
  },
  'the machine that builds': {
    images: { base: base('linux/arm64'), app: crossed('base', '$BUILDPLATFORM') },
    want: ['app base linux/amd64 2'],
  },
  'the machine that builds, of a child for another': {
    images: { base: base('linux/arm64'), app: crossed('base', '$BUILDPLATFORM', 'linux/arm64') },
    want: ['app base linux/amd64 2'],
  },
  'the machine that builds, where it has it': {
    images: { base: base('linux/arm64'), app: crossed('base', '$BUILDPLATFORM') },
    options: { machine: arm64 },
    want: [],
    declared: ['app base linux/amd64 2'],
  },
  'a platform by name': {
    images: { base: base('linux/amd64'), app: crossed('base', 'linux/arm64', 'linux/amd64') },
    want: ['app base linux/arm64 2'],
  },
  'a variant': {
    images: { base: base('linux/arm/v7'), app: on('base', 'linux/arm/v6') },
    want: ['app base linux/arm/v6 2'],
  },
  '--platform overrules the metadata': {
    images: { base: base('linux/amd64'), app: on('base') },
    options: { platforms: onArm64 },
    want: [],
    declared: ['app base linux/arm64 2'],
  },
  '--platform and a stage of the machine': {
    images: { base: base('linux/arm64'), app: crossed('base', '$BUILDPLATFORM') },
    options: { platforms: onArm64 },
    want: ['app base linux/amd64 2'],
  },
  'both by --platform': {
    images: { base: base('linux/arm64'), app: on('base', 'linux/amd64') },
    options: { platforms: onBoth },
    want: [],
    declared: ['app base linux/amd64 2'],
  },
  'this machine only: the child of what is skipped is skipped': {
    images: { base: base('linux/arm64'), app: on('base') },
    options: { platforms: onAmd64 },
    want: [],
    declared: ['app base linux/amd64 2'],
  },
  'once for a parent that is named twice': {
    images: {
      base: base('linux/amd64'),
      app: { dockerfile: `FROM ${of('base')}\nCOPY --from=${of('base')} / /x\n`, platforms: ['linux/arm64'] },
    },
    want: ['app base linux/arm64 1'],
  },
  'a trigger that nothing runs': {
    images: {
      tools: base('linux/amd64'),
      base: { dockerfile: `FROM scratch\nONBUILD COPY --from=${of('tools')} / /\n`, platforms: ['linux/arm64'] },
    },
    want: [],
  },
  'a trigger before the same image in the file': {
    images: {
      tools: base('linux/amd64'),
      base: { dockerfile: `FROM scratch\nONBUILD COPY --from=${of('tools')} / /\nCOPY --from=${of('tools')} / /\n` },
    },
    want: ['base tools linux/arm64 3'],
  },
  'a selected child': {
    images: { base: base('linux/amd64'), app: on('base'), other: on('base') },
    options: { select: ['app'] },
    want: ['app base linux/arm64 2'],
    declared: ['app base linux/arm64 2', 'other base linux/arm64 2'],
  },
  'not an image that another stage of the file names': {
    images: {
      base: base('linux/amd64'),
      app: { dockerfile: `FROM ${of('base')} AS unused\nFROM scratch\nLABEL a=b\n`, platforms: ['linux/arm64'] },
    },
    want: [],
  },
};

for (const [title, row] of Object.entries(rows)) {
  test(`a platform that a parent lacks: ${title}`, async () => {
    await using workshop = await Workshop.open(row.images);
    const { machine = amd64 } = row.options ?? {};
    const prepared = await workshop.plan({ platforms: declared, ...row.options });
    const { images, failures } = prepared.plan;
    assert.deepEqual(failures.map(shown).toSorted(), row.want);
    assert.deepEqual(
      images.flatMap(({ name, obstacles = [] }) => obstacles.map((one) => [name, shown(one)].join(' ').split(' ')[0])),
      row.want.map((one) => one.split(' ')[0]),
    );

    const graph = await workshop.graph();
    const project = { graph, buildArgs: { REGISTRY: 'localhost:5000' }, targets: buildTargets(graph, [], undefined) };
    const found = lackingInProject(project, { defaults: declared.defaults, machine: amd64 });
    assert.deepEqual(found.map(shown).toSorted(), row.declared ?? row.want);

    // A builder that is started all the same.
    await using client = { client: none(), [Symbol.asyncDispose]: () => Promise.resolve() };
    const resolver = new ImageResolver({ store: workshop.store, registry: client.client });
    const builder = workshop.builder({
      async onBuild(request, signal) {
        for (const platform of request.platforms) {
          for (const [, written, reference] of usedIn(request.dockerfile.text)) {
            const name = (written ?? formatPlatform(platform)).replace('$BUILDPLATFORM', formatPlatform(machine));
            const text = reference!.replace('${REGISTRY}', 'localhost:5000');
            await resolver.resolve({ reference: text, platform: unwrap(parsePlatform(name)) }, request, signal);
          }
        }
      },
    });
    const unplanned = images.map(({ obstacles: _, ...image }) => image);
    const all = { ...prepared, plan: { ...prepared.plan, failures: [], images: unplanned } };
    const { results } = await workshop.run(all, builder, { keepGoing: true });
    const failed = results.flatMap(({ image, status }) => (status === 'failed' ? [image.name as string] : []));
    // What a trigger names is not in the text of the child.
    const hidden = title === 'a trigger of the parent' ? row.want.map((one) => one.split(' ')[0]!) : [];
    assert.deepEqual(
      failed,
      [...new Set(row.want.map((one) => one.split(' ')[0]!))].filter((one) => !hidden.includes(one)),
    );
  });
}

test('a parent that is published for one platform is built for the other', async () => {
  await using workshop = await Workshop.open({ base: base(), app: on('base') });
  const { client, name, place } = await workshop.registry();
  const options = { client, registry: name, machine: amd64 };
  await workshop.publish(await workshop.plan({ ...options, platforms: onAmd64 }), place, workshop.builder());
  await workshop.write({ app: { ...on('base'), version: '1.0.1' } });
  const prepared = await workshop.plan({ ...options, platforms: onBoth });
  // Its other platform is built of the same sources: nothing is lacking.
  assert.deepEqual(prepared.plan.failures, []);
});

function shown(failure: { reason: string; message: string; at?: { line: number } | undefined }): string {
  assert.equal(failure.reason, 'parent-platform-missing');
  const [, child, parent, platform] = /^(\S+) needs (\S+) for ([^ ,]+),/.exec(failure.message)!;
  return `${child} ${parent} ${platform} ${failure.at?.line}`;
}

/** Every image of the project that a text without stages that are not needed names. */
function usedIn(text: string): readonly RegExpExecArray[] {
  if (text.includes('AS unused')) return [];
  return [...text.matchAll(/^(?:FROM|COPY)(?: --platform=(\S+))?(?: --from=| )(\$\{REGISTRY\}\S+)/gm)];
}

/** Asked for what is nowhere: nothing listens there. */
function none(): RegistryClient {
  return new RegistryClient({
    insecureRegistries: [],
    retries: 0,
    timeoutMs: 1000,
    userAgent: 'test',
    env: { http_proxy: 'http://127.0.0.1:1' },
  });
}
