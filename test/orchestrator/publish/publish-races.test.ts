/** Several publishers of one image at once, seen by the registry in an order that nobody would choose. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PublishReport } from '../../../src/orchestrator/publish/publish.ts';
import { mirror } from '../../../src/orchestrator/publish/transfer.ts';
import { isComplete } from '../../../src/orchestrator/run/run-report.ts';
import { ProjectRegistry } from '../../../src/orchestrator/state/project-registry.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { type GateRequest, type RegistryGate, registryGate, type Verdict } from '../../support/registry-gate.ts';
import { wholeTags } from '../../support/whole-tags.ts';
import { amd64, arm64, type ImageSources, never, Workshop } from '../workshop.ts';

type Registry = Awaited<ReturnType<Workshop['registry']>>;
type Platforms = NonNullable<Parameters<Workshop['plan']>[0]>['platforms'];

const name = 'base' as ImageName;
const at = (version: string): Readonly<Record<string, ImageSources>> => ({
  base: { version, files: { files: version } },
});
const only = (...platforms: (typeof amd64)[]): Platforms => ({ kind: 'exactly', platforms });
const isPut = (tag: string) => (request: GateRequest) =>
  request.method === 'PUT' && request.url.endsWith(`/manifests/${tag}`);

/** A promise, and what fulfils it. */
function signalled(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

/** A registry, and a way to it on which requests may have to wait. */
async function contested(judge: (request: GateRequest) => Verdict | Promise<Verdict>, conditions = true) {
  const workshop = await Workshop.open({});
  const registry = await workshop.registry();
  const gate = await registryGate(() => registry.name.host, judge, { conditions });
  return {
    registry,
    gate,
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]();
      await workshop[Symbol.asyncDispose]();
    },
  };
}

/** Publishes with a store of its own: what one builds is unknown to the other, and differs from it by its digest. */
async function publishOf(
  sources: Readonly<Record<string, ImageSources>>,
  registry: Registry,
  { gate, salt = '', platforms }: { gate?: RegistryGate; salt?: string; platforms?: Platforms } = {},
): Promise<PublishReport & { readonly action: string }> {
  await using workshop = await Workshop.open(sources);
  const to = { ...registry.name, host: gate?.host ?? registry.name.host };
  const prepared = await workshop.plan({ client: registry.client, registry: to, ...(platforms && { platforms }) });
  const place = new ProjectRegistry(to, registry.client);
  const report = await workshop.publish(prepared, place, workshop.builder({ salt }));
  return { ...report, action: prepared.plan.images[0]!.action };
}

async function tagsOf(registry: Registry): Promise<Readonly<Record<string, string>>> {
  return await wholeTags(registry.place, [name]);
}

/** Platforms in the index of a tag. */
async function platformsOf({ place }: Registry, tag: string): Promise<readonly (string | undefined)[]> {
  const document = await place.repository(name).manifest(tag, never);
  assert.ok(document?.kind === 'index');
  return document.value.manifests.map(({ platform }) => platform?.architecture).sort();
}

describe('latest', () => {
  const endings = (['pass', 'swallow', 'cut'] as const).flatMap((verdict) =>
    [true, false].map((conditions) => [verdict, conditions] as const),
  );
  for (const [verdict, conditions] of endings) {
    const where = conditions ? '' : ', in a registry that knows no conditions';
    test(`is not left behind by an older publisher whose request is late: ${verdict}${where}`, async () => {
      const [arrived, released] = [signalled(), signalled()];
      await using race = await contested(async (request) => {
        if (!isPut('latest')(request)) return 'pass';
        // Only the first of them is late.
        if (race.gate.requests.filter((one) => one.startsWith('PUT') && one.endsWith('/latest')).length > 1)
          return 'pass';
        arrived.happen();
        await released.happened;
        return verdict;
      }, conditions);
      const { registry, gate } = race;
      const older = publishOf(at('1.0.0'), registry, { gate });
      await Promise.race([arrived.happened, older]);
      const newer = await publishOf(at('1.0.1'), registry);
      assert.deepEqual(newer.failures, []);
      released.happen();
      await older;
      if (verdict !== 'pass') await publishOf(at('1.0.0'), registry);
      const tags = await tagsOf(registry);
      assert.equal(tags['base:latest'], tags['base:1.0.1']);
    });
  }

  test('is brought forward by the next run of whoever comes first', async () => {
    for (const next of ['1.0.0', '1.0.1', '1.0.2']) {
      await using race = await contested(() => 'pass');
      const { registry } = race;
      await publishOf(at('1.0.0'), registry);
      const old = await registry.place.repository(name).manifest('1.0.0', never);
      await publishOf(at('1.0.1'), registry);
      await registry.place.repository(name).putManifest('latest', old!, never);
      const { action, failures } = await publishOf(at(next), registry);
      const tags = await tagsOf(registry);
      assert.deepEqual(failures, []);
      assert.equal(action, next === '1.0.2' ? 'build' : 'tag', next);
      assert.equal(tags['base:latest'], tags[next === '1.0.2' ? 'base:1.0.2' : 'base:1.0.1'], next);
    }
  });

  test('is brought forward by a copy between registries as well', async () => {
    await using race = await contested(() => 'pass');
    const { registry } = race;
    await using other = await contested(() => 'pass');
    const request = (version: string) => ({ images: [{ name, version }], requireAll: true, keepGoing: true });
    const copy = (version: string) =>
      mirror(request(version), { from: registry.place, to: other.registry.place, progress: { emit() {} } }, never);
    for (const version of ['1.0.0', '1.0.1']) {
      await publishOf(at(version), registry);
      await copy(version);
    }
    const to = other.registry.place.repository(name);
    const old = await to.manifest('1.0.0', never);
    for (const again of ['1.0.0', '1.0.1']) {
      await to.putManifest('latest', old!, never);
      const { tags, present } = await copy(again);
      assert.deepEqual([tags.length, present.length], [1, 1], again);
      const found = await tagsOf(other.registry);
      assert.equal(found['base:latest'], found['base:1.0.1'], again);
    }
  });

  test('passes over a number that another tool counts', async () => {
    await using race = await contested(() => 'pass');
    const { registry } = race;
    await publishOf(at('1.0.0'), registry);
    const foreign = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
    const answer = await fetch(`http://${registry.name.host}/v2/${registry.name.path}/base/manifests/12345`, {
      method: 'PUT',
      headers: { 'content-type': foreign.mediaType },
      body: JSON.stringify(foreign),
    });
    assert.ok(answer.ok);
    assert.equal((await publishOf(at('1.0.0'), registry)).action, 'up-to-date');
    await publishOf(at('1.0.1'), registry);
    const tags = await tagsOf(registry);
    assert.equal(tags['base:latest'], tags['base:1.0.1']);
  });

  test('stays where it is when a prerelease is published', async () => {
    await using race = await contested(() => 'pass');
    const { registry } = race;
    await publishOf(at('1.0.0'), registry);
    await publishOf(at('1.0.1-rc.1'), registry);
    assert.equal((await publishOf(at('1.0.1-rc.1'), registry)).action, 'up-to-date');
    const tags = await tagsOf(registry);
    assert.equal(tags['base:latest'], tags['base:1.0.0']);
  });
});

describe('two runs of one version', () => {
  /** The first waits before it does `what`, until the second is through. */
  async function late(
    what: (request: GateRequest) => boolean,
    first: Parameters<typeof publishOf>[2],
    second: Parameters<typeof publishOf>[2] & { readonly sources?: Readonly<Record<string, ImageSources>> },
  ) {
    const [arrived, released] = [signalled(), signalled()];
    const race = await contested(async (request): Promise<Verdict> => {
      if (!what(request)) return 'pass';
      arrived.happen();
      await released.happened;
      return 'pass';
    });
    const { registry, gate } = race;
    try {
      const running = publishOf(at('1.0.0'), registry, { ...first, gate });
      await Promise.race([arrived.happened, running]);
      const other = await publishOf(second?.sources ?? at('1.0.0'), registry, second);
      released.happen();
      return { race, registry, late: await running, other, tags: await tagsOf(registry) };
    } catch (error) {
      await race[Symbol.asyncDispose]();
      throw error;
    }
  }
  const isUpload = ({ method }: GateRequest) => method === 'POST';

  for (const [moment, what] of [
    ['while it sends', isUpload],
    ['when it sets its tag', isPut('1.0.0')],
  ] as const) {
    test(`of equal keys: the later one takes what is there, ${moment}`, async () => {
      const { race, registry, late: loser, other, tags } = await late(what, { salt: 'a' }, { salt: 'b' });
      await using _ = race;
      assert.deepEqual([loser.failures, other.failures], [[], []]);
      const digest = other.digests.get(name);
      assert.equal(loser.digests.get(name), digest);
      assert.deepEqual(loser.published, [
        `${registry.place.text.replace(/^[^/]*/, race.gate.host)}/base:1.0.0@${digest}`,
      ]);
      assert.deepEqual(tags, { 'base:1.0.0': digest, 'base:latest': digest });
    });

    test(`of other sources: the later one fails and overwrites nothing, ${moment}`, async () => {
      const sources = { base: { version: '1.0.0', files: { files: 'other' } } };
      const { race, late: loser, other, tags } = await late(what, {}, { sources });
      await using _ = race;
      assert.deepEqual(
        loser.failures.map(({ reason }) => reason),
        ['lost-race'],
      );
      assert.deepEqual([loser.published, loser.tags], [[], []]);
      const digest = other.digests.get(name);
      assert.deepEqual(tags, { 'base:1.0.0': digest, 'base:latest': digest });
    });

    test(`for a platform each: the index has both, ${moment}`, async () => {
      const {
        race,
        registry,
        late: second,
        tags,
      } = await late(what, { platforms: only(amd64) }, { platforms: only(arm64) });
      await using _ = race;
      assert.deepEqual(second.failures, []);
      for (const tag of ['1.0.0', 'latest'])
        assert.deepEqual(await platformsOf(registry, tag), ['amd64', 'arm64'], tag);
      assert.equal(second.digests.get(name), tags['base:1.0.0']);
    });

    test(`one for both platforms and a later one for one: nothing is lost, ${moment}`, async () => {
      const {
        race,
        registry,
        late: second,
        other,
      } = await late(what, { platforms: only(amd64), salt: 'a' }, { platforms: only(amd64, arm64), salt: 'b' });
      await using _ = race;
      assert.deepEqual(second.failures, []);
      assert.deepEqual(await platformsOf(registry, '1.0.0'), ['amd64', 'arm64']);
      assert.equal(second.digests.get(name), other.digests.get(name));
    });
  }

  test('a copy finds a version of equal keys: it is left as it is, and reported', async () => {
    await using workshop = await Workshop.open({});
    const [from, to] = [await workshop.registry('from'), await workshop.registry('to')];
    await publishOf(at('1.0.0'), from, { salt: 'a' });
    const there = await publishOf(at('1.0.0'), to, { salt: 'b' });
    const request = { images: [{ name, version: '1.0.0' }], requireAll: true, keepGoing: true };
    const report = await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);
    assert.deepEqual(report.present, [`${to.place.text}/base:1.0.0@${there.digests.get(name)}`]);
    assert.deepEqual([report.copied, report.failures, report.tags], [[], [], []]);
  });

  test('a copy adds the platforms that the target lacks', async () => {
    await using workshop = await Workshop.open({});
    const [from, to] = [await workshop.registry('from'), await workshop.registry('to')];
    await publishOf(at('1.0.0'), from, { platforms: only(amd64, arm64) });
    await publishOf(at('1.0.0'), to, { platforms: only(amd64) });
    const request = { images: [{ name, version: '1.0.0' }], requireAll: true, keepGoing: true };
    const { failures } = await mirror(request, { from: from.place, to: to.place, progress: workshop.progress }, never);
    assert.deepEqual(failures, []);
    for (const tag of ['1.0.0', 'latest']) assert.deepEqual(await platformsOf(to, tag), ['amd64', 'arm64']);
    await tagsOf(to);
  });
});

describe('a signal', () => {
  const chain: Readonly<Record<string, ImageSources>> = {
    ...at('1.0.0'),
    tool: { version: '2.0.0', on: ['base'], files: { files: 'tool' } },
  };
  /** Publishes and aborts when the request comes, or the event. */
  async function aborted(when: (request: GateRequest) => boolean, on: (event: ProgressEvent) => boolean = () => false) {
    const controller = new AbortController();
    await using race = await contested((request) => {
      if (when(request)) controller.abort();
      return 'pass';
    });
    await using workshop = await Workshop.open(chain);
    const emit = workshop.progress.emit.bind(workshop.progress);
    workshop.progress.emit = (event) => {
      emit(event);
      if (on(event)) controller.abort();
    };
    const to = { ...race.registry.name, host: race.gate.host };
    const prepared = await workshop.plan({ client: race.registry.client, registry: to });
    const place = new ProjectRegistry(to, race.registry.client);
    const report = await workshop.publish(prepared, place, workshop.builder(), {}, controller.signal);
    const warnings = workshop.events.filter(({ type }) => type === 'warning');
    const tags = await wholeTags(race.registry.place, Object.keys(chain));
    return { report, warnings, tags: Object.keys(tags).sort() };
  }

  test('before the first tag: no tag is set', async () => {
    let heads = 0;
    const { report, tags } = await aborted(({ method, url }) => {
      // Of the plan, then of the moment before the tags.
      if (method === 'HEAD' && url.endsWith('/base/manifests/1.0.0')) heads++;
      return heads === 2;
    });
    assert.deepEqual([report.tags, report.failures, tags], [[], [], []]);
    assert.ok(report.isStopped, 'nothing is visible, and it is not told');
  });

  test('when the last image has been sent: no tag is set, and it is told', async () => {
    const { report, tags } = await aborted(
      () => false,
      ({ type, image }) => type === 'image-pushed' && image === 'tool',
    );
    assert.ok(isComplete(report));
    assert.deepEqual([report.tags, report.failures, tags, report.isStopped], [[], [], [], true]);
  });

  test('after the first tag: the others are set too, and it is said', async () => {
    const { report, tags, warnings } = await aborted(isPut('1.0.0'));
    assert.deepEqual(report.failures, []);
    assert.equal(report.tags.length, 4);
    assert.equal(report.isStopped, false);
    assert.deepEqual(tags, ['base:1.0.0', 'base:latest', 'tool:2.0.0', 'tool:latest']);
    assert.equal(warnings.length, 1);
  });
});

describe('a registry that is lost', () => {
  const many = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [`image${index}`, { files: { files: `${index}` } } satisfies ImageSources]),
  );
  test('is told once, whatever was being sent; nothing more is tried', async () => {
    let isGone = false;
    await using race = await contested(({ method }) => {
      isGone ||= method === 'PUT';
      return isGone ? 'cut' : 'pass';
    });
    await using workshop = await Workshop.open(many);
    const to = { ...race.registry.name, host: race.gate.host };
    const prepared = await workshop.plan({ client: race.registry.client, registry: to });
    const place = new ProjectRegistry(to, race.registry.client);
    const report = await workshop.publish(prepared, place, workshop.builder(), { keepGoing: true });
    assert.deepEqual(
      report.failures.map(({ reason }) => reason),
      ['registry-unreachable'],
    );
    assert.deepEqual(new Set(report.results.map(({ status }) => status)).has('failed'), false);
    assert.equal(workshop.events.filter(({ type }) => type === 'image-failed').length, 1);
  });

  test('in the middle of its tags: says how many images are tagged', async () => {
    let puts = 0;
    await using race = await contested((request) => {
      if (request.method === 'PUT' && /\/manifests\/(?!sha256)/.test(request.url)) puts++;
      return puts > 10 ? 'cut' : 'pass';
    });
    await using workshop = await Workshop.open(many);
    const to = { ...race.registry.name, host: race.gate.host };
    const prepared = await workshop.plan({ client: race.registry.client, registry: to });
    const place = new ProjectRegistry(to, race.registry.client);
    const { failures, tags } = await workshop.publish(prepared, place, workshop.builder());
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['registry-unreachable', 'publish-partial'],
    );
    assert.equal(tags.length, 10);
    assert.match(
      failures[1]!.message,
      /: 8 of 8 images are tagged \(.*\), but latest is not set for image2, .*, image7$/,
    );
  });
});
