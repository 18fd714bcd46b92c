/**
 * Content whose owners were lost, by a real store and registry: what is decided, built on, sent and refused, on machines
 * where steps keep owners and where they do not. `base` runs a step, `app` copies onto it, `plain` runs nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIndex } from '../../../src/oci/read-document.ts';
import type { OwnersHere } from '../../../src/orchestrator/plan/owners-here.ts';
import type { PlanRequest, PreparedPlan } from '../../../src/orchestrator/plan/prepare-plan.ts';
import { ownersLostIn } from '../../../src/orchestrator/state/index-keys.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { type ImageSources, never, onBoth, Workshop } from '../workshop.ts';

const base = { dockerfile: 'FROM scratch\nCOPY files /\nRUN true\n', files: { files: 'base' } };
const images: Readonly<Record<string, ImageSources>> = {
  base,
  app: { on: ['base'], files: { files: 'app' } },
  plain: { files: { files: 'plain' } },
};
const why = { reason: 'subuid-range-missing', message: 'no range of ids', hint: 'usermod' } as const;

/** A machine: its sources and store, and whether its steps keep owners. */
class Machine implements AsyncDisposable {
  readonly workshop: Workshop;
  readonly owners: OwnersHere;
  /** How often it was found out. */
  asked = 0;

  private constructor(workshop: Workshop, owners: OwnersHere) {
    this.workshop = workshop;
    this.owners = owners;
  }

  static async with(owners: 'ids' | 'one id', sources = images): Promise<Machine> {
    return new Machine(await Workshop.open(sources), owners === 'ids' ? { areKept: true } : { areKept: false, why });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.workshop[Symbol.asyncDispose]();
  }

  async plan(
    registry?: Registry,
    options: Partial<PlanRequest> & { readonly select?: readonly string[] } = {},
    owners = this.owners,
  ): Promise<PreparedPlan> {
    const to = registry && { client: registry.client, registry: registry.name };
    const ask = async () => {
      this.asked += 1;
      return owners;
    };
    return await this.workshop.plan({ ...to, ...options, owners: ask });
  }

  async build(options: Partial<PlanRequest> = {}, owners = this.owners): Promise<readonly string[]> {
    const prepared = await this.plan(undefined, options, owners);
    await this.workshop.run(prepared, this.builder(owners));
    return actions(prepared);
  }

  async publish(registry: Registry, lostOwners: 'refuse' | 'allow' = 'allow', prepared?: PreparedPlan) {
    const builder = this.builder();
    const plan = prepared ?? (await this.plan(registry, { lostOwners }));
    const report = await this.workshop.publish(plan, registry.place, builder, { lostOwners });
    const failed = report.results.flatMap((one) => ('failures' in one ? one.failures : []));
    const reasons = [...report.failures, ...failed].map(({ reason }) => reason);
    return { reasons, builder, tags: report.tags.map(({ reference }) => reference.replace(/^[^/]*\//, '')) };
  }

  builder({ areKept }: OwnersHere = this.owners) {
    return this.workshop.builder(areKept ? { salt: 'owners' } : { losing: ['base'] });
  }

  /** Names of the images in the store whose entries say that owners were lost. */
  async marked(version = '1.0.0'): Promise<readonly string[]> {
    const refs = await this.workshop.store.refs.list();
    const { blobs } = this.workshop.store;
    const found = [...refs].filter(([reference]) => reference.endsWith(`:${version}`));
    const marked = await Promise.all(
      found.map(async ([reference, descriptor]) => {
        const { value } = await readIndex(blobs, descriptor, never);
        const isMarked = value.manifests.some((entry) => ownersLostIn(entry.annotations));
        return isMarked ? [reference.replace(/^.*\/|:.*$/g, '')] : [];
      }),
    );
    return [...new Set(marked.flat())].sort();
  }
}

type Registry = Awaited<ReturnType<Workshop['registry']>>;

function actions({ plan }: PreparedPlan): readonly string[] {
  return plan.images.map(
    ({ name, action, reasons }) => `${name} ${action}: ${reasons.map(({ code }) => code).join(' ')}`,
  );
}

function refusals({ plan }: PreparedPlan) {
  return plan.failures.map(({ reason, message, hint }) => `${reason}: ${/of (.*) have/.exec(message)?.[1]}; ${hint}`);
}

async function publishedMarks({ place }: Registry, version: string, names: readonly string[]) {
  const marks = await Promise.all(
    names.map(async (name) => {
      const repository = place.repository(name as ImageName);
      const document = await repository.manifest((await repository.resolve(version, never))!.digest, never);
      assert.ok(document?.kind === 'index');
      return document.value.manifests.some((entry) => ownersLostIn(entry.annotations)) ? [name] : [];
    }),
  );
  return marks.flat();
}

const upToDate = ['base up-to-date: same-key', 'app up-to-date: same-key', 'plain up-to-date: same-key'];

test('what loses owners is marked, and what is built from it; what is equal everywhere is not', async () => {
  await using machine = await Machine.with('one id');
  await machine.build();
  assert.deepEqual(await machine.marked(), ['app', 'base']);
  assert.deepEqual(await machine.build(), upToDate);
});

test('it is built again as soon as owners are kept, and then stays', async () => {
  await using machine = await Machine.with('one id');
  const kept = { areKept: true };
  await machine.build();
  assert.deepEqual(await machine.build({}, kept), [
    'base build: owners-lost',
    'app build: owners-lost',
    'plain up-to-date: same-key',
  ]);
  assert.deepEqual(await machine.marked(), []);
  assert.deepEqual(await machine.build({}, kept), upToDate);
  assert.deepEqual(await machine.build(), upToDate);
});

test('one platform of two is built again, the other stays', async () => {
  await using machine = await Machine.with('one id', { base });
  await machine.build();
  await machine.build({ platforms: onBoth }, { areKept: true });
  assert.deepEqual(await machine.marked(), []);
  assert.deepEqual(await machine.build({ platforms: onBoth }, { areKept: true }), ['base up-to-date: same-key']);
});

test('it is no content for another version where owners are kept, and for want of a better one where not', async () => {
  for (const [areKept, want] of [
    [true, 'base build: missing'],
    [false, 'base retag: same-key missing'],
  ] as const) {
    await using machine = await Machine.with('one id', { base });
    await machine.build();
    await machine.workshop.write({ base: { ...base, version: '1.0.1' } });
    assert.deepEqual(await machine.build({}, { areKept, why }), [want]);
    assert.deepEqual(await machine.marked('1.0.1'), areKept ? [] : ['base']);
  }
});

test('what the machine makes of owners is found out only where it makes a difference', async () => {
  await using machine = await Machine.with('ids');
  const registry = await machine.workshop.registry();
  const asked = async (work: Promise<unknown>) => {
    machine.asked = 0;
    await work;
    return machine.asked;
  };
  assert.equal(await asked(machine.build()), 0);
  assert.equal(await asked(machine.build()), 0);
  assert.equal(await asked(machine.plan(registry, { select: ['plain'] })), 0);
  await machine.workshop.write({ base: { ...base, version: '1.0.1', files: { files: 'other' } } });
  assert.equal(await asked(machine.plan(registry, { select: ['base'] })), 1);
  // Content of another key is none of its business.
  await using lost = await Machine.with('one id', { base });
  await lost.build();
  await lost.workshop.write({ base: { ...base, version: '2.0.0', files: { files: 'other' } } });
  machine.asked = 0;
  await lost.build({}, { areKept: true });
  assert.equal(lost.asked, 0);
});

test('publish refuses what would lose owners before it is built, once for all of it', async () => {
  await using machine = await Machine.with('one id');
  const registry = await machine.workshop.registry();
  assert.deepEqual(refusals(await machine.plan(registry)), [
    'owners-lost: base, app; usermod; or pass --allow-lost-owners',
  ]);
  assert.deepEqual(refusals(await machine.plan(registry, { select: ['plain'] })), []);
  assert.deepEqual(refusals(await machine.plan(registry, { lostOwners: 'allow' })), []);
  assert.deepEqual(refusals(await machine.plan(undefined)), []);
});

test('publish refuses what a build has left in the store', async () => {
  await using machine = await Machine.with('one id');
  const registry = await machine.workshop.registry();
  const { name } = registry;
  const prepared = await machine.plan(undefined, { registry: name });
  await machine.workshop.run(prepared, machine.builder());
  assert.deepEqual(refusals(await machine.plan(registry)), [
    'owners-lost: base, app; usermod; or pass --allow-lost-owners',
  ]);
  assert.deepEqual(actions(await machine.plan(registry, {}, { areKept: true })), [
    'base build: missing',
    'app build: missing',
    'plain retag: same-key missing',
  ]);
});

test('a trigger of a parent is a step as well', async () => {
  await using machine = await Machine.with('one id', {
    base: { dockerfile: 'FROM scratch\nCOPY files /\nONBUILD RUN true\n', files: { files: 'base' } },
    app: images['app']!,
  });
  const registry = await machine.workshop.registry();
  assert.deepEqual(refusals(await machine.plan(registry)), ['owners-lost: app; usermod; or pass --allow-lost-owners']);
});

test('a stage that is not needed is none', async () => {
  const dockerfile = 'FROM scratch AS spare\nCOPY files /\nRUN true\nFROM scratch\nCOPY files /\n';
  await using machine = await Machine.with('one id', { base: { dockerfile, files: { files: 'base' } } });
  assert.deepEqual(refusals(await machine.plan(await machine.workshop.registry())), []);
});

test('where ids are refused only when it is built, nothing of it is sent', async () => {
  await using machine = await Machine.with('one id');
  const registry = await machine.workshop.registry();
  const prepared = await machine.plan(registry, {}, { areKept: true });
  assert.deepEqual(prepared.plan.failures, []);
  const { reasons, tags } = await machine.publish(registry, 'refuse', prepared);
  assert.ok(reasons.length > 0 && reasons.every((reason) => reason === 'owners-lost'), reasons.join());
  assert.deepEqual(tags, []);
  assert.ok(!registry.requests.some((request) => /PUT .*(base|app)\/manifests/.test(request)));
});

test('what was allowed into a registry is left there, and said, where owners are kept', async () => {
  await using lost = await Machine.with('one id');
  const registry = await lost.workshop.registry();
  assert.deepEqual((await lost.publish(registry)).reasons, []);
  assert.deepEqual(await publishedMarks(registry, '1.0.0', ['base', 'app', 'plain']), ['base', 'app']);
  assert.deepEqual(actions(await lost.plan(registry)), upToDate);

  await using machine = await Machine.with('ids');
  const left = ['base owners-lost: owners-lost', 'app owners-lost: owners-lost', 'plain up-to-date: same-key'];
  // The second time from what the store remembers of the registry.
  for (const _ of [1, 2]) {
    const prepared = await machine.plan(registry);
    assert.deepEqual([actions(prepared), prepared.plan.failures], [left, []]);
  }
  const { builder, tags } = await machine.publish(registry, 'refuse');
  assert.deepEqual([builder.built, tags], [[], []]);

  // What is built from it has its layers.
  await machine.workshop.write({ app: { ...images['app'], version: '1.0.1' } });
  assert.deepEqual(refusals(await machine.plan(registry)), [
    'owners-lost: app; raise the version of base; or pass --allow-lost-owners',
  ]);
  assert.deepEqual((await machine.publish(registry, 'allow')).reasons, []);
  assert.deepEqual(await publishedMarks(registry, '1.0.1', ['app']), ['app']);

  await machine.workshop.write({ base: { ...base, version: '1.0.1' } });
  await machine.workshop.write({ app: { ...images['app']!, version: '1.0.2' } });
  const raised = await machine.publish(registry, 'refuse');
  assert.deepEqual([raised.reasons, [...raised.builder.built].sort()], [[], ['app', 'base']]);
  assert.deepEqual(await publishedMarks(registry, '1.0.1', ['base']), []);
  assert.deepEqual(await publishedMarks(registry, '1.0.2', ['app']), []);
});

test('a child is built on the published parent, not on what the store has of the same key', async () => {
  await using machine = await Machine.with('ids');
  const registry = await machine.workshop.registry();
  assert.deepEqual((await machine.publish(registry)).reasons, []);
  await using lost = await Machine.with('one id');
  const prepared = await lost.plan(undefined, { registry: registry.name });
  await lost.workshop.run(prepared, lost.builder());
  assert.deepEqual(await lost.marked(), ['app', 'base']);
  await lost.workshop.write({ app: { ...images['app'], version: '1.0.1', files: { files: 'new' } } });
  const { reasons } = await lost.publish(registry, 'refuse');
  assert.deepEqual(reasons, []);
  assert.deepEqual(await publishedMarks(registry, '1.0.1', ['app']), []);
});

for (const [first, then, want] of [
  ['one id', 'ids', ['lost-race']],
  ['ids', 'one id', []],
] as const) {
  test(`two publishers at once: ${first} is there when ${then} comes to set its tag`, async () => {
    await using early = await Machine.with(first, { base });
    await using late = await Machine.with(then, { base });
    const registry = await early.workshop.registry();
    const prepared = await late.plan(registry, { lostOwners: 'allow' });
    assert.deepEqual((await early.publish(registry)).reasons, []);
    const { reasons, tags } = await late.publish(registry, 'allow', prepared);
    assert.deepEqual([reasons, tags], [want, []]);
    assert.deepEqual(await publishedMarks(registry, '1.0.0', ['base']), first === 'ids' ? [] : ['base']);
  });
}

test('where no step can run at all nothing is refused for its owners: the build says what is wrong', async () => {
  await using machine = await Machine.with('one id');
  const registry = await machine.workshop.registry();
  assert.deepEqual(refusals(await machine.plan(registry, {}, { areKept: false })), []);
});
