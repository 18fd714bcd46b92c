/**
 * What is decided when external images move, registries cannot be asked, and keys are of other rules: what is there ×
 * what moved × command → actions, reasons, failures. Two images: `base`, built on an external image, and `app`, built on
 * `base` and one of its own.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { formatPlatform, type Platform } from '../../../src/oci/platform.ts';
import { planBuild } from '../../../src/orchestrator/plan/plan-build.ts';
import type { PlanInputs } from '../../../src/orchestrator/plan/plan-inputs.ts';
import { selectImages } from '../../../src/orchestrator/plan/selection.ts';
import type { KnownBases, UnknownBase } from '../../../src/orchestrator/state/base-images.ts';
import { type BaseList, type Bases, basesOf, noBases } from '../../../src/orchestrator/state/bases.ts';
import type { TaggedImage, TaggedImages, TaggedPlatform } from '../../../src/orchestrator/state/tagged-images.ts';
import { amd64, arm64, onAmd64, onBoth, unwrap, Workshop } from '../workshop.ts';

const workshop = await Workshop.open({ base: { version: '1.0.0' }, app: { version: '2.0.0', on: ['base'] } });
after(() => workshop[Symbol.asyncDispose]());
const graph = await workshop.graph();
const registry = 'localhost:5000';

const debian = 'docker.io/library/debian:12';
const alpine = 'ghcr.io/x/alpine:3';
const one = digestOf('one');
const two = digestOf('two');
const keyOf = (image: string, on: Platform = amd64): Digest => digestOf(`${image} ${formatPlatform(on)}`);

/** What external images are now, by image; `cannot-ask` and `absent` as registries are. */
type Now = Readonly<Record<string, BaseList | UnknownBase['state']>>;
const unmoved: Now = { base: { [debian]: one }, app: { [alpine]: one } };
const moved: Now = { ...unmoved, base: { [debian]: two } };
const movedBoth: Now = { base: { [debian]: two }, app: { [alpine]: two } };

const reasons = { 'cannot-ask': 'base-unreachable', absent: 'base-not-found' } as const;

function known(now: Now): KnownBases {
  return {
    own: (image) => {
      const list = now[image] ?? {};
      return typeof list === 'string' ? undefined : list;
    },
    unknown: (image) => {
      const state = now[image];
      return typeof state === 'string'
        ? [{ state, failure: { reason: reasons[state], message: `${image} ${state}` } }]
        : [];
    },
  };
}

/** What they were built on: `base` on debian, `app` on alpine and on what `base` is. */
const baseOn = (digest: Digest): Bases => basesOf({ [debian]: digest });
const appOn = (digest: Digest, base: Bases = baseOn(one)): Bases =>
  basesOf({ [alpine]: digest, ...(base.digest !== noBases.digest && { base: base.digest }) });

interface Entry {
  /** Of the sources as they are now, if not given; null for none. */
  readonly key?: Digest | null;
  readonly bases?: Bases;
  readonly schema?: number;
  readonly platform?: Platform;
}
type Tags = Readonly<Record<string, Entry | readonly Entry[]>>;

function place(kind: TaggedImages['kind'], tags: Tags): TaggedImages {
  const images = Object.entries(tags).map(([tag, entries]): TaggedImage => {
    const [name] = tag.split(':');
    const list = 'map' in entries ? entries : [entries];
    const platforms = list.map(({ key, bases, schema, platform = amd64 }): TaggedPlatform => {
      const known = key === null || schema !== undefined ? undefined : (key ?? keyOf(name!, platform));
      return {
        platform,
        manifest: descriptor(`${tag} ${formatPlatform(platform)}`),
        ...(known && { key: known }),
        ...(bases && { bases }),
        ...(schema !== undefined && { otherSchema: schema }),
      };
    });
    return { reference: `${registry}/${tag}`, descriptor: descriptor(tag), platforms };
  });
  // As every run leaves it: `latest` is the version that the project holds.
  const isLatest = /\/(base:1|app:2)\.0\.0$/;
  const latest = images
    .filter(({ reference }) => isLatest.test(reference))
    .map((image) => ({ ...image, reference: image.reference.replace(/:.\.0\.0$/, ':latest') }));
  return { kind, tags: new Map([...latest, ...images].map((image) => [image.reference, image])) };
}

function descriptor(text: string): Descriptor {
  return { mediaType: mediaTypes.imageIndex, digest: digestOf(text), size: text.length };
}

type Case = Partial<PlanInputs> & { readonly there?: Tags; readonly local?: Tags; readonly now: Now };

function plan({ there, local = {}, now, ...rest }: Case) {
  const store = place('store', local);
  return planBuild({
    command: there === undefined ? 'build' : 'publish',
    registry,
    graph,
    selection: unwrap(selectImages(graph, [])),
    platforms: onAmd64,
    keyOf,
    bases: known(now),
    knownFailures: () => [],
    lostParents: () => [],
    changesBetween: () => undefined,
    target: there === undefined ? store : place('registry', there),
    store,
    estimateOf: () => undefined,
    rebuild: false,
    onDrift: 'fail',
    ...rest,
  });
}

/** `name action sources : reasons`, then `! reason` for each failure. */
function outline(input: Case): readonly string[] {
  const { images, failures } = plan(input);
  return [
    ...images.map(({ name, action, platforms, reasons }) => {
      const told = reasons.map((reason) => {
        if (reason.code === 'base-moved') return `${reason.code}(${reason.reference})`;
        if (reason.code === 'other-key-schema') return `${reason.code}(${reason.schema})`;
        return reason.code;
      });
      return `${name} ${action} ${platforms.map(({ source }) => source.from).join('+')} : ${told.join(' ')}`;
    }),
    ...failures.map(({ reason }) => `! ${reason}`),
  ];
}

const both = { 'base:1.0.0': { bases: baseOn(one) }, 'app:2.0.0': { bases: appOn(one) } };
const otherVersion = { 'base:0.9.0': { bases: baseOn(one) }, 'app:1.9.0': { bases: appOn(one) } };
const asLatest = { 'base:latest': { bases: baseOn(one) }, 'app:latest': { bases: appOn(one) } };
const old = { 'base:1.0.0': { schema: 1 }, 'app:2.0.0': { schema: 1 } };
const unknown = { 'base:1.0.0': {}, 'app:2.0.0': {} };

const cases: readonly [title: string, input: Case, want: readonly string[]][] = [
  // What is there, and nothing moved.
  [
    'build: nothing moved',
    { local: both, now: unmoved },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: nothing moved',
    { there: both, now: unmoved },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'build, new versions: same content is named again',
    { local: otherVersion, now: unmoved },
    ['base retag store : same-key missing', 'app retag store : same-key missing'],
  ],
  [
    'publish, new versions: same content is named again',
    { there: asLatest, now: unmoved },
    ['base retag registry : same-key missing', 'app retag registry : same-key missing'],
  ],
  // A base moved.
  [
    'build: a moved base is taken, and the images built on its image follow',
    { local: both, now: moved },
    ['base build build : base-moved(debian:12)', 'app build build : parent-base-moved'],
  ],
  [
    'build: each image says what moved for it',
    { local: both, now: movedBoth },
    ['base build build : base-moved(debian:12)', 'app build build : base-moved(ghcr.io/x/alpine:3) parent-base-moved'],
  ],
  [
    'publish: a published version is left, and its children with it',
    { there: both, now: moved },
    ['base base-moved tag : base-moved(debian:12)', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: an own base of the child moved',
    { there: both, now: movedBoth },
    ['base base-moved tag : base-moved(debian:12)', 'app base-moved tag : base-moved(ghcr.io/x/alpine:3)'],
  ],
  [
    'build, new versions: not the old content',
    { local: otherVersion, now: moved },
    ['base build build : missing', 'app build build : missing'],
  ],
  [
    'publish, new versions: not the old content, and it says why',
    { there: asLatest, now: moved },
    ['base build build : base-moved(debian:12) missing', 'app build build : parent-base-moved missing'],
  ],
  [
    'publish, new version of the child only: it stands on its parent as that is published',
    { there: { 'base:1.0.0': { bases: baseOn(one) }, 'app:latest': { bases: appOn(one) } }, now: moved },
    ['base base-moved tag : base-moved(debian:12)', 'app retag registry : same-key missing'],
  ],
  [
    'publish, new version of the parent only: the child is left on the old one',
    { there: { 'base:latest': { bases: baseOn(one) }, 'app:2.0.0': { bases: appOn(one) } }, now: moved },
    ['base build build : base-moved(debian:12) missing', 'app base-moved tag : parent-base-moved'],
  ],
  [
    'publish: content of the store on the base as it is now is sent',
    { there: asLatest, local: { 'base:1.0.0': { bases: baseOn(two) } }, now: moved },
    ['base retag store : same-key missing', 'app build build : parent-base-moved missing'],
  ],
  [
    'publish: content of the store on the base as it was is not',
    { there: {}, local: both, now: moved },
    ['base build build : missing', 'app build build : missing'],
  ],
  [
    'publish: changed sources are drift, moved base or not',
    { there: { 'base:1.0.0': { key: digestOf('other'), bases: baseOn(one) } }, now: moved },
    ['base drift tag : changed-without-bump key-changed', 'app build build : missing', '! changed-without-bump'],
  ],
  [
    'publish: asked to build again, a published version stays even so',
    { there: both, now: moved, rebuild: true },
    ['base base-moved tag : base-moved(debian:12)', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: a platform is added on the base as it is now, those that are there stay',
    {
      there: { 'base:1.0.0': { bases: baseOn(one) } },
      now: moved,
      platforms: onBoth,
      selection: unwrap(selectImages(graph, ['base'])),
    },
    ['base build tag+build : missing-platforms'],
  ],
  [
    'build: of two platforms only the one that is wanted is built, and the other is not kept on the old base',
    {
      local: { 'base:1.0.0': [{ bases: baseOn(one) }, { platform: arm64, bases: baseOn(one) }] },
      now: moved,
      selection: unwrap(selectImages(graph, ['base'])),
    },
    ['base build build : base-moved(debian:12)'],
  ],
  // Images of before bases were written down.
  [
    'build: an unknown base has not moved',
    { local: unknown, now: moved },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: an unknown base has not moved',
    { there: unknown, now: moved },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'publish, new versions: content on unknown bases is not taken',
    { there: { 'base:latest': {}, 'app:latest': {} }, now: unmoved },
    ['base build build : missing', 'app build build : missing'],
  ],
  [
    'publish, new versions: without external images there is nothing to know',
    { there: { 'base:latest': {}, 'app:latest': {} }, now: {} },
    ['base retag registry : same-key missing', 'app retag registry : same-key missing'],
  ],
  // Registries that do not answer; images that are gone.
  [
    'build: what is there needs no answer',
    { local: both, now: { ...unmoved, base: 'cannot-ask' } },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'build: what is missing does',
    { local: {}, now: { ...unmoved, base: 'cannot-ask' } },
    ['base build build : missing', 'app build build : missing', '! base-unreachable'],
  ],
  [
    'publish: nobody can say whether it moved',
    { there: both, now: { ...unmoved, base: 'cannot-ask' } },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key', '! base-unreachable'],
  ],
  [
    'publish, new versions: nor what to build on',
    { there: asLatest, now: { ...unmoved, base: 'cannot-ask' } },
    ['base build build : missing', 'app build build : missing', '! base-unreachable'],
  ],
  [
    'publish: an image that is gone does not matter to what is published',
    { there: both, now: { ...unmoved, base: 'absent' } },
    ['base up-to-date tag : same-key', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: it does to what is built',
    { there: {}, now: { ...unmoved, base: 'absent' } },
    ['base build build : missing', 'app build build : missing', '! base-not-found'],
  ],
  // Keys by other rules.
  [
    'build: what an earlier cip built is built again, and why is told',
    { local: old, now: unmoved },
    ['base build build : other-key-schema(1)', 'app build build : other-key-schema(1)'],
  ],
  [
    'build: what a newer cip built as well',
    { local: { 'base:1.0.0': { schema: 99 } }, now: unmoved, selection: unwrap(selectImages(graph, ['base'])) },
    ['base build build : other-key-schema(99)'],
  ],
  [
    'publish: what an earlier cip published is left',
    { there: old, now: moved },
    ['base unverified tag : other-key-schema(1)', 'app unverified tag : other-key-schema(1)'],
  ],
  [
    'publish: it needs no answer about its base',
    { there: old, now: { base: 'cannot-ask', app: 'cannot-ask' } },
    ['base unverified tag : other-key-schema(1)', 'app unverified tag : other-key-schema(1)'],
  ],
  [
    'publish, new version of the child: it stands on what is published',
    { there: { 'base:1.0.0': { schema: 1 }, 'app:latest': { schema: 1 } }, now: unmoved },
    ['base unverified tag : other-key-schema(1)', 'app build build : missing'],
  ],
  [
    'publish: the same child again is up to date',
    {
      there: {
        'base:1.0.0': { schema: 1 },
        'app:2.0.0': { bases: basesOf({ [alpine]: one, base: digestOf('base:1.0.0') }) },
      },
      now: moved,
    },
    ['base unverified tag : other-key-schema(1)', 'app up-to-date tag : same-key'],
  ],
  [
    'publish: a child on an unverified parent is not what it would be on one that is known',
    {
      there: {
        'base:latest': { schema: 1 },
        'app:latest': { bases: basesOf({ [alpine]: one, base: digestOf('base:0.9.0') }) },
      },
      now: unmoved,
    },
    ['base build build : missing', 'app build build : parent-base-moved missing'],
  ],
  [
    'publish: a platform that an earlier version lacks is not added to it',
    { there: old, now: unmoved, platforms: onBoth },
    [
      'base unverified tag+nowhere : other-key-schema(1) missing-platforms',
      'app unverified tag+nowhere : other-key-schema(1) missing-platforms',
    ],
  ],
  [
    'publish: another tool made it',
    { there: { 'base:1.0.0': { key: null }, 'app:2.0.0': { key: null } }, now: moved },
    ['base unverified tag : no-key', 'app unverified tag : no-key'],
  ],
];
for (const [title, input, want] of cases) test(title, () => assert.deepEqual(outline(input), want));

test('a moved base is told with what it was and what it is', () => {
  assert.deepEqual(plan({ there: both, now: moved }).images[0]?.reasons, [
    { code: 'base-moved', reference: 'debian:12', before: one, after: two },
  ]);
});

test('the other platforms of an index are not kept on a base that moved, in the store', () => {
  const local = { 'base:1.0.0': [{ bases: baseOn(one) }, { platform: arm64, bases: baseOn(one) }] };
  assert.equal(plan({ local, now: moved }).images[0]?.base, undefined);
  assert.deepEqual(plan({ local, now: unmoved }).images[0]?.action, 'up-to-date');
});

test('what a plan is run with: the bases that images will have', () => {
  const bases = (input: Case) => plan(input).images.map(({ platforms }) => platforms[0]?.bases?.digest);
  assert.deepEqual(bases({ local: both, now: moved }), [baseOn(two).digest, appOn(one, baseOn(two)).digest]);
  assert.deepEqual(bases({ there: both, now: moved }), [baseOn(one).digest, appOn(one).digest]);
  assert.deepEqual(bases({ there: old, now: moved }), [undefined, undefined]);
});
