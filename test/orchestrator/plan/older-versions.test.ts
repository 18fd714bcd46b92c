/**
 * Images that are built from an older version of another than the project has: where that version is looked for, what
 * a build is given, and that nothing is built where it is nowhere.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PlanRequest, PreparedPlan } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { failuresOf } from '../../../src/result.ts';
import { amd64, never, onBoth, Workshop } from '../workshop.ts';

/** Where lib 1.0.0 is when the project goes on to lib 1.1.0. */
type Place = 'store' | 'registry' | 'nowhere';

interface Row {
  readonly lib: readonly Place[];
  /** What the images say below FROM lib 1.0.0; `app` alone unless given. */
  readonly images?: Readonly<Record<string, { readonly dockerfile: (registry: string) => string }>>;
  readonly command: 'build' | 'publish';
  readonly options?: Partial<PlanRequest>;
  /** The registry is gone by then. */
  readonly isDown?: boolean;
  /** Failures of the plan: `reason line: names of the images that are built from it`. */
  readonly want: readonly string[];
  /** What the build of `app` is told to use: `resolved` is in the store, `pinned` in the registry. */
  readonly uses?: 'resolved' | 'pinned';
  /** HEADs that ask for the older version. */
  readonly asked: number;
  readonly says?: RegExp;
}

const onLib = { dockerfile: (registry: string) => `FROM ${registry}/lib:1.0.0\nCOPY files /\n` };
const lost = (...names: readonly string[]) => [`stale-reference 1: ${names.join(' ')}`];

const rows: Readonly<Record<string, Row>> = {
  'a build finds it in the store, and asks nobody': {
    lib: ['store', 'registry'],
    command: 'build',
    want: [],
    uses: 'resolved',
    asked: 0,
  },
  'a build finds it in the store where the registry is down': {
    lib: ['store'],
    command: 'build',
    isDown: true,
    want: [],
    uses: 'resolved',
    asked: 0,
  },
  'a build finds it in the registry': { lib: ['registry'], command: 'build', want: [], uses: 'pinned', asked: 1 },
  'a build for more platforms than the store has asks the registry, and takes what there is': {
    lib: ['store'],
    command: 'build',
    options: { platforms: onBoth },
    want: [],
    uses: 'resolved',
    asked: 1,
  },
  'a publish finds it in the registry': {
    lib: ['store', 'registry'],
    command: 'publish',
    want: [],
    uses: 'pinned',
    asked: 1,
  },
  'a publish finds it in the store': { lib: ['store'], command: 'publish', want: [], uses: 'resolved', asked: 1 },
  'a build finds it nowhere': {
    lib: ['nowhere'],
    command: 'build',
    want: lost('app'),
    asked: 1,
    says: /and lib 1\.0\.0 cannot be found/,
  },
  'a publish finds it nowhere': { lib: ['nowhere'], command: 'publish', want: lost('app'), asked: 1 },
  'without asking about bases': {
    lib: ['registry'],
    command: 'build',
    options: { offlineBases: true },
    want: [],
    uses: 'pinned',
    asked: 1,
  },
  'neither in the store nor can the registry be asked': {
    lib: ['nowhere'],
    command: 'build',
    isDown: true,
    want: lost('app'),
    asked: 0,
    says: /its registry cannot be asked: .*ECONNREFUSED/,
  },
  'one cause for all that name it, asked about once': {
    lib: ['nowhere'],
    images: {
      app: onLib,
      web: onLib,
      site: { dockerfile: (registry) => `FROM ${registry}/web:1.0.0\nCOPY --from=${registry}/lib:1.0.0 / /\n` },
    },
    command: 'build',
    want: lost('app', 'site', 'web'),
    asked: 1,
  },
  'a stage that is not built needs nothing': {
    lib: ['nowhere'],
    images: { app: { dockerfile: (registry) => `FROM ${registry}/lib:1.0.0 AS spare\nFROM scratch\nCOPY files /\n` } },
    command: 'build',
    want: [],
    asked: 0,
  },
};

const failures = ({ plan }: PreparedPlan) =>
  plan.failures.map(({ reason, message, at }) => {
    const names = /but (.*) still/.exec(message)![1]!.split(', ');
    return `${reason} ${at?.line}: ${names.join(' ')}`;
  });

describe('an older version of a parent', { concurrency: 4 }, () => {
  for (const [
    title,
    { lib, images = { app: onLib }, command, options, isDown, want, uses, asked, says },
  ] of Object.entries(rows)) {
    test(title, async () => {
      await using workshop = await Workshop.open({ lib: { files: { files: 'lib' } } });
      const { name, place, client, requests, close } = await workshop.registry();
      const base = { registry: name, platforms: { kind: 'exactly', platforms: [amd64] } as const, ...options };
      if (lib.includes('registry')) {
        const first = await workshop.plan({ ...base, client });
        assert.deepEqual((await workshop.publish(first, place, workshop.builder())).failures, []);
      }
      if (!lib.includes('store')) await workshop.store.refs.remove(await namesIn(workshop), never);
      if (lib.includes('store')) {
        await workshop.run(await workshop.plan({ registry: name }), workshop.builder());
      }
      await workshop.write({ lib: { version: '1.1.0', files: { files: 'new lib' } } });
      for (const [image, { dockerfile }] of Object.entries(images)) {
        await workshop.write({ [image]: { dockerfile: dockerfile('${REGISTRY}'), files: { files: image } } });
      }
      if (isDown) await close();
      requests.length = 0;

      const prepared = await workshop.plan({ ...base, ...(command === 'publish' && { client }) });
      assert.deepEqual(failures(prepared), want);
      assert.equal(requests.filter((line) => /^HEAD \S+\/lib\/manifests\/1\.0\.0 /.test(line)).length, asked);
      if (says) assert.match(JSON.stringify(prepared.plan.failures), says);
      const builder = workshop.builder();
      const running = workshop.run(prepared, builder, { keepGoing: true });
      if (want.length > 0) {
        await assert.rejects(running, (error) => failuresOf(error)?.length === want.length);
        assert.deepEqual(builder.built, []);
        return;
      }
      await running;
      const request = builder.requests.find(({ image }) => image === 'app')!;
      const older = `${place.text}/lib:1.0.0`;
      const used = (['resolved', 'pinned'] as const).filter((way) => Object.hasOwn(request[way], older));
      assert.deepEqual(used, uses === undefined ? [] : [uses]);
    });
  }
});

async function namesIn({ store }: Workshop): Promise<readonly string[]> {
  return [...(await store.refs.list()).keys()];
}

test('what is up to date needs no older version', async () => {
  await using workshop = await Workshop.open({ lib: { files: { files: 'lib' } } });
  const { name } = await workshop.registry();
  const registry = { registry: name };
  await workshop.write({ app: { dockerfile: onLib.dockerfile('${REGISTRY}'), files: { files: 'app' } } });
  await workshop.run(await workshop.plan(registry), workshop.builder());
  await workshop.write({ lib: { version: '1.1.0', files: { files: 'lib' } } });
  // The child is built once more, of the older version; from then on it is up to date without it.
  await workshop.run(await workshop.plan(registry), workshop.builder());
  await workshop.store.refs.remove([`${name.host}/${name.path}/lib:1.0.0`], never);
  const { plan } = await workshop.plan(registry);
  assert.deepEqual(plan.failures, []);
  assert.deepEqual(
    plan.images.map(({ name: image, action }) => `${image} ${action}`),
    ['lib up-to-date', 'app up-to-date'],
  );
});

test('a plan names the reference that fell behind, not the instruction that nobody changed', async () => {
  await using workshop = await Workshop.open({ lib: { files: { files: 'lib' } } });
  await workshop.write({
    app: { dockerfile: 'FROM ${REGISTRY}/lib:1.0.0\nCOPY files /\n', files: { files: 'app' } },
    both: {
      dockerfile:
        'FROM ${REGISTRY}/lib:1.0.0\nCOPY files /\nRUN --mount=from=${REGISTRY}/app:1.0.0,target=/a \\\n  true\n',
      files: { files: 'both' },
    },
  });
  const { name, client, place } = await workshop.registry();
  const target = { registry: name, client };
  await workshop.publish(await workshop.plan(target), place, workshop.builder());
  await workshop.write({
    lib: { version: '1.1.0', files: { files: 'lib' } },
    both: {
      dockerfile:
        'FROM ${REGISTRY}/lib:1.0.0\nCOPY files /\nRUN --mount=from=${REGISTRY}/app:1.0.0,target=/a \\\n  true\n',
      files: { files: 'other' },
    },
  });
  const { plan } = await workshop.plan(target);
  const reasons = plan.images.map((image) => image.reasons.map((reason) => ({ image: image.name, ...reason })));
  const path = (image: string) => `contexts/${image}/Dockerfile`;
  const stale = (image: string) => {
    return { code: 'stale-reference', path: path(image), line: 1, parent: 'lib', version: '1.0.0', current: '1.1.0' };
  };
  assert.deepEqual(reasons.slice(1).flat(), [
    { image: 'app', code: 'changed-without-bump' },
    { image: 'app', ...stale('app') },
    { image: 'both', code: 'changed-without-bump' },
    { image: 'both', ...stale('both') },
    { image: 'both', code: 'input-changed', path: 'contexts/both/files' },
    { image: 'both', code: 'parent-changed', parent: 'app' },
  ]);
});
