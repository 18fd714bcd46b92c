import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { formatPlatform, type Platform } from '../../../src/oci/platform.ts';
import type { Plan } from '../../../src/orchestrator/plan/plan.ts';
import { planBuild } from '../../../src/orchestrator/plan/plan-build.ts';
import type { PlanInputs } from '../../../src/orchestrator/plan/plan-inputs.ts';
import { planJson } from '../../../src/orchestrator/plan/plan-json.ts';
import { selectImages } from '../../../src/orchestrator/plan/selection.ts';
import { noBases } from '../../../src/orchestrator/state/bases.ts';
import type { TaggedImage, TaggedImages } from '../../../src/orchestrator/state/tagged-images.ts';
import { amd64, arm64, type ImageSources, onAmd64, onBoth, platform, unwrap, Workshop } from '../workshop.ts';

const registry = 'localhost:5000';
const workshop = await Workshop.open({});
after(() => workshop[Symbol.asyncDispose]());

const sources: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.0' },
  tool: { version: '2.0.0', on: ['base'] },
  app: { version: '3.0.0', on: ['tool'] },
  lone: { version: '4.0.0', platforms: ['linux/arm64'] },
};
await workshop.write(sources);
const graph = await workshop.graph();

/** The key that the sources give now; `was` makes one of the past. */
function key(image: string, on: Platform = amd64, was = ''): Digest {
  return digestOf(`${image} ${formatPlatform(on)} ${was}`);
}

function descriptor(text: string, on?: Platform): Descriptor {
  return { mediaType: mediaTypes.imageIndex, digest: digestOf(text), size: text.length, ...(on && { platform: on }) };
}

/** `base:1.0.0` → platforms with their keys; undefined for no key. */
type Tags = Readonly<Record<string, readonly (readonly [Platform, Digest | undefined])[]>>;

function place(kind: TaggedImages['kind'], tags: Tags): TaggedImages {
  const images = Object.entries(tags).map(([written, entries]): TaggedImage => {
    // `base:latest=1.0.0` has the very image of `base:1.0.0`.
    const [tag = '', version] = written.split('=');
    const image = version === undefined ? tag : tag.replace(/[^:]*$/, version);
    const platforms = entries.map(([on, key]) => {
      const manifest = descriptor(`${image} ${formatPlatform(on)}`, on);
      return { platform: on, manifest, ...(key && { key }) };
    });
    return { reference: `${registry}/${tag}`, descriptor: descriptor(image), platforms };
  });
  return { kind, tags: new Map(images.map((image) => [image.reference, image])) };
}

type Options = Partial<Omit<PlanInputs, 'target' | 'store'>> & {
  readonly select?: readonly string[];
  readonly store?: Tags;
  readonly there?: Tags;
};

/** `store` is the target of a build, `there` that of a publish. */
function plan({ select = [], store = {}, there, ...rest }: Options): Plan {
  const local = place('store', store);
  return planBuild({
    command: there === undefined ? 'build' : 'publish',
    registry,
    graph,
    selection: unwrap(selectImages(graph, select)),
    platforms: onAmd64,
    keyOf: key,
    bases: { own: () => ({}), unknown: () => [] },
    knownFailures: () => [],
    lostParents: () => [],
    changesBetween: () => undefined,
    target: there === undefined ? local : place('registry', there),
    store: local,
    estimateOf: () => undefined,
    rebuild: false,
    onDrift: 'fail',
    ...rest,
  });
}

/** `name action platform=source… : reasons`, for tables. */
function outline({ images }: Plan): readonly string[] {
  return images.map(({ name, action, platforms, reasons }) =>
    [
      name,
      action,
      ...platforms.map(({ platform, source }) => `${platform.architecture}=${source.from}`),
      ':',
      ...reasons.map(({ code }) => code),
    ].join(' '),
  );
}

const now = key('base');
const old = key('base', amd64, 'old');
const cases: [title: string, options: Options, want: readonly string[]][] = [
  ['builds what is nowhere', {}, ['base build amd64=build : missing']],
  [
    'leaves what is there with an equal key',
    { store: { 'base:1.0.0': [[amd64, now]], 'base:latest=1.0.0': [[amd64, now]] } },
    ['base up-to-date amd64=tag : same-key'],
  ],
  [
    'builds again for the store when content changed',
    { store: { 'base:1.0.0': [[amd64, old]] } },
    ['base build amd64=build : key-changed'],
  ],
  [
    'calls changed content drift where it is published',
    { there: { 'base:1.0.0': [[amd64, old]] } },
    ['base drift amd64=tag : changed-without-bump key-changed'],
  ],
  [
    'passes over what another tool made',
    { store: { 'base:1.0.0': [[amd64, undefined]] } },
    ['base unverified amd64=tag : no-key'],
  ],
  [
    'passes over a published manifest without an index',
    { there: { 'base:1.0.0': [] } },
    ['base unverified amd64=nowhere : no-key missing-platforms'],
  ],
  [
    'tags content of the store again',
    { store: { 'base:0.9.0': [[amd64, now]] } },
    ['base retag amd64=store : same-key missing'],
  ],
  [
    'tags published content again',
    { there: { 'base:latest': [[amd64, now]] } },
    ['base retag amd64=registry : same-key missing'],
  ],
  [
    'prefers what is published to what would be sent',
    { there: { 'base:latest': [[amd64, now]] }, store: { 'base:1.0.0': [[amd64, now]] } },
    ['base retag amd64=registry : same-key missing'],
  ],
  [
    'sends what the store has',
    { there: {}, store: { 'base:1.0.0': [[amd64, now]] } },
    ['base retag amd64=store : same-key missing'],
  ],
  [
    'says that an image is new since latest',
    { there: { 'base:latest': [[amd64, old]] } },
    ['base build amd64=build : key-changed missing'],
  ],
  [
    'builds only the platforms that are missing',
    { there: { 'base:1.0.0': [[amd64, now]] }, platforms: onBoth },
    ['base build amd64=tag arm64=build : missing-platforms'],
  ],
  [
    'adds no platform to what is published of other content',
    { there: { 'base:1.0.0': [[arm64, key('base', arm64, 'old')]] } },
    ['base drift amd64=nowhere : changed-without-bump missing-platforms key-changed'],
  ],
  [
    'builds what was asked for in any case',
    { store: { 'base:1.0.0': [[amd64, now]] }, rebuild: true },
    ['base build amd64=build : asked-for'],
  ],
  [
    'overwrites nothing published even then',
    { there: { 'base:1.0.0': [[amd64, now]], 'base:latest=1.0.0': [[amd64, now]] }, rebuild: true },
    ['base up-to-date amd64=tag : same-key'],
  ],
  [
    'takes a platform from where it is and builds the other',
    { there: {}, store: { 'base:1.0.0': [[arm64, key('base', arm64)]] }, platforms: onBoth },
    ['base build amd64=build arm64=store : missing'],
  ],
];
const [published, edge] = [[amd64, now] as const, [amd64, undefined] as const];
const misplaced: typeof cases = [
  [
    'sets latest where a run was ended before it did',
    { there: { 'base:1.0.0': [published] } },
    ['base tag amd64=tag : tag-missing'],
  ],
  [
    'sets latest where it is at an earlier version',
    { there: { 'base:1.0.0': [published], 'base:0.9.0': [[amd64, old]], 'base:latest=0.9.0': [[amd64, old]] } },
    ['base tag amd64=tag : tag-behind'],
  ],
  ['sets latest in the store as well', { store: { 'base:1.0.0': [published] } }, ['base tag amd64=tag : tag-missing']],
  [
    'leaves latest that is at a newer version',
    { there: { 'base:1.0.0': [published], 'base:1.0.1': [[amd64, old]], 'base:latest=1.0.1': [[amd64, old]] } },
    ['base up-to-date amd64=tag : same-key'],
  ],
  [
    'brings latest forward to a newer version, whose run was ended before it did',
    { there: { 'base:1.0.0': [published], 'base:1.0.1': [[amd64, old]], 'base:latest=1.0.0': [published] } },
    ['base tag amd64=tag : tag-behind'],
  ],
  [
    'does not bring latest to a number that another tool counts',
    { there: { 'base:1.0.0': [published], 'base:12.345': [edge], 'base:latest=1.0.0': [published] } },
    ['base up-to-date amd64=tag : same-key'],
  ],
  [
    'sets latest of nothing that another tool made',
    { there: { 'base:1.0.0': [edge] } },
    ['base unverified amd64=tag : no-key'],
  ],
  [
    'moves no tag where that would lose a platform of unknown sources',
    {
      there: {
        'base:1.0.0': [
          [arm64, key('base', arm64)],
          [platform('linux/s390x'), undefined],
        ],
      },
    },
    ['base build amd64=build : no-tags missing-platforms'],
  ],
];
test('planBuild() plans no tags for what is only pushed', () => {
  const entries = [[arm64, key('base', arm64)] as const, [platform('linux/s390x'), undefined] as const];
  assert.deepEqual(plan({ select: ['base'], there: { 'base:1.0.0': entries } }).images[0]?.tags, []);
});

for (const [title, options, want] of [...cases, ...misplaced]) {
  test(`planBuild() ${title}`, () => assert.deepEqual(outline(plan({ select: ['base'], ...options })), want));
}

const implied: [title: string, options: Options, want: readonly string[]][] = [
  [
    'leaves out ancestors of what is there',
    { store: { 'app:3.0.0': [[amd64, key('app')]], 'app:latest=3.0.0': [[amd64, key('app')]] } },
    ['app up-to-date amd64=tag : same-key'],
  ],
  [
    'adds all ancestors that must be built',
    {},
    ['base build amd64=build : missing', 'tool build amd64=build : missing', 'app build amd64=build : missing'],
  ],
  [
    'adds ancestors up to one that is there',
    { store: { 'tool:2.0.0': [[amd64, key('tool')]], 'tool:latest=2.0.0': [[amd64, key('tool')]] } },
    ['tool up-to-date amd64=tag : same-key', 'app build amd64=build : missing'],
  ],
  [
    'refuses to build on an ancestor that is published of other content',
    { there: { 'tool:2.0.0': [[amd64, key('tool', amd64, 'old')]] } },
    ['tool drift amd64=tag : changed-without-bump key-changed', 'app build amd64=build : missing'],
  ],
];
for (const [title, options, want] of implied) {
  test(`planBuild() ${title}`, () => {
    const made = plan({ select: ['app'], ...options });
    assert.deepEqual(outline(made), want);
    assert.deepEqual(
      made.images.map(({ implied }) => implied),
      [...want.slice(1).map(() => true), false],
    );
  });
}

test('planBuild() skips what is not made for this machine, and what is built on it', () => {
  const made = plan({ select: ['lone'] });
  assert.deepEqual(outline(made), ['lone skipped-platform : platform-excluded']);
  assert.deepEqual(made.images[0]?.reasons, [{ code: 'platform-excluded', platform: 'linux/amd64' }]);
});

test('planBuild() knows platforms by what they are, not by how they are written', () => {
  const made = plan({ select: ['lone'], platforms: { kind: 'host', platform: platform('linux/aarch64') } });
  assert.deepEqual(outline(made), ['lone build arm64=build : missing']);
});

test('planBuild() keeps other platforms of equal content in the store, and drops those of other content', () => {
  const equal = plan({
    select: ['base'],
    store: {
      'base:1.0.0': [
        [amd64, old],
        [arm64, key('base', arm64)],
      ],
    },
  });
  const stale = plan({
    select: ['base'],
    store: {
      'base:1.0.0': [
        [amd64, old],
        [arm64, key('base', arm64, 'old')],
      ],
    },
  });
  assert.deepEqual(equal.images[0]?.base, { index: descriptor('base:1.0.0'), drop: ['linux/amd64'] });
  assert.equal(stale.images[0]?.base, undefined);
});

test('planBuild() carries drift as a failure that says what changed', () => {
  const made = plan({
    select: ['base'],
    there: { 'base:1.0.0': [[amd64, old]] },
    changesBetween: () => [
      { code: 'input-changed', path: 'a.lua' },
      { code: 'instruction-changed', line: 7 },
    ],
  });
  assert.deepEqual(
    made.failures.map(({ reason, details }) => [reason, details]),
    [['changed-without-bump', ['changed: contexts/base/a.lua', 'instruction at contexts/base/Dockerfile:7 changed']]],
  );
});

test('planBuild() passes over drift when told to, unless something is built on it', () => {
  const there: Tags = { 'base:1.0.0': [[amd64, old]], 'tool:2.0.0': [[amd64, key('tool')]] };
  const alone = plan({ select: ['base', 'tool'], there, onDrift: 'skip' });
  const below = plan({ select: ['base', 'tool'], there: { 'base:1.0.0': there['base:1.0.0']! }, onDrift: 'skip' });
  assert.deepEqual(alone.failures, []);
  assert.deepEqual(
    below.failures.map(({ reason }) => reason),
    ['changed-without-bump'],
  );
});

test('planBuild() tells a parent that is built from one that is other than it was', () => {
  const changes = [{ code: 'parent-changed', parent: 'base' }] as const;
  const store: Tags = { 'tool:2.0.0': [[amd64, key('tool', amd64, 'old')]] };
  const reasons = (there: Tags) =>
    plan({ select: ['tool'], store: { ...store, ...there }, changesBetween: () => changes }).images.at(-1)?.reasons;
  assert.deepEqual(reasons({}), [{ code: 'parent-built', parent: 'base' }]);
  assert.deepEqual(reasons({ 'base:1.0.0': [[amd64, now]] }), [{ code: 'parent-changed', parent: 'base' }]);
});

const tags: [title: string, store: Tags, want: readonly string[]][] = [
  ['sets latest with the version', {}, ['tool:2.0.0', 'tool:latest']],
  ['leaves latest where a newer release is', { 'tool:2.0.1': [[amd64, undefined]] }, ['tool:2.0.0']],
  ['passes over tags that are no releases', { 'tool:3.0.0-rc.1': [], 'tool:edge': [] }, ['tool:2.0.0', 'tool:latest']],
];
for (const [title, store, want] of tags) {
  test(`planBuild() ${title}`, () => {
    const image = plan({ select: ['tool'], store }).images.at(-1);
    assert.deepEqual(
      image?.tags.map(({ reference }) => reference.slice(registry.length + 1)),
      want,
    );
  });
}

test('planBuild() finds the critical path from recorded durations', () => {
  const minutes: Record<string, number> = { base: 1, tool: 2, app: 3, lone: 5 };
  const made = plan({ platforms: onBoth, estimateOf: (image) => minutes[image]! * 60_000 });
  assert.deepEqual(made.criticalPath, { images: ['base', 'tool', 'app'], duration: 360_000, isRecorded: true });
  assert.equal(plan({}).criticalPath.isRecorded, false);
});

test('planJson() is cip.plan/v1', () => {
  const made = plan({
    select: ['tool'],
    there: {
      'base:1.0.0': [[amd64, now]],
      'base:latest=1.0.0': [[amd64, now]],
      'tool:latest': [[amd64, key('tool', amd64, 'old')]],
    },
    changesBetween: () => [{ code: 'input-changed', path: 'a.lua' }],
    estimateOf: () => 1500,
  });
  assert.deepEqual(planJson(made), {
    schema: 'cip.plan/v1',
    command: 'publish',
    registry,
    images: [
      {
        name: 'base',
        context: 'contexts/base',
        version: '1.0.0',
        level: 0,
        implied: true,
        action: 'up-to-date',
        platforms: [{ platform: 'linux/amd64', key: now, previousKey: now, source: 'tag' }],
        dependsOn: [],
        dependents: ['tool'],
        digest: digestOf('base:1.0.0'),
        tags: [],
        reasons: [{ code: 'same-key', reference: `${registry}/base:1.0.0` }],
      },
      {
        name: 'tool',
        context: 'contexts/tool',
        version: '2.0.0',
        level: 1,
        implied: false,
        action: 'build',
        platforms: [
          {
            platform: 'linux/amd64',
            key: key('tool'),
            previousKey: key('tool', amd64, 'old'),
            source: 'build',
            bases: noBases.digest,
            estimateMs: 1500,
          },
        ],
        dependsOn: ['base'],
        dependents: ['app'],
        tags: [
          { ref: `${registry}/tool:2.0.0`, before: null },
          { ref: `${registry}/tool:latest`, before: digestOf('tool:latest') },
        ],
        reasons: [
          { code: 'input-changed', path: 'contexts/tool/a.lua' },
          { code: 'missing', reference: `${registry}/tool:2.0.0` },
        ],
      },
    ],
    summary: {
      build: 1,
      retag: 0,
      tag: 0,
      upToDate: 1,
      unverified: 0,
      baseMoved: 0,
      ownersLost: 0,
      drift: 0,
      skipped: 0,
    },
    criticalPath: ['tool'],
    criticalPathMs: 1500,
    failures: [],
  });
});
