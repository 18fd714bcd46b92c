/**
 * A publisher, or a copy between registries, that ends at the k-th of its requests, and then a run that is let alone:
 * after it every tag is where it belongs. Before it no tag names anything that is not there. Requests that were carried
 * out but not answered are tried for every k, the other endings for every third; CIP_TEST_KILLS=all tries all of them,
 * CIP_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mirror } from '../../../src/orchestrator/publish/transfer.ts';
import { ProjectRegistry } from '../../../src/orchestrator/state/project-registry.ts';
import type { ImageName } from '../../../src/project/image-name.ts';
import { RegistryClient } from '../../../src/registry/registry.ts';
import { failuresOf } from '../../../src/result.ts';
import { copiedRegistry } from '../../support/copied-registry.ts';
import { type RegistryGate, registryGate, type Verdict } from '../../support/registry-gate.ts';
import { assertTagged, wholeTags } from '../../support/whole-tags.ts';
import { type ImageSources, never, Workshop } from '../workshop.ts';

const first: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.0', files: { files: 'base' } },
  tool: { version: '1.0.0', on: ['base'], files: { files: 'tool' } },
  // Its content does not change: only its tags do.
  same: { version: '1.0.0', files: { files: 'same' } },
};
const second: Readonly<Record<string, ImageSources>> = {
  base: { version: '1.0.1', files: { files: 'base 1' } },
  tool: { version: '1.1.0', on: ['base'], files: { files: 'tool 1' } },
  same: { version: '2.0.0', files: { files: 'same' } },
};
const names = Object.keys(second);
const versions = Object.fromEntries(Object.entries(second).map(([name, { version }]) => [name, version!]));

const seed = Number(process.env['CIP_TEST_SEED'] ?? Date.now() % 2 ** 31);
const isTried = (ending: Verdict, k: number) =>
  ending === 'swallow' || process.env['CIP_TEST_KILLS'] === 'all' || (k + seed) % 3 === 0;

/** How the k-th request ends. After it nothing more gets through, unless it is only refused. */
const endings: readonly Verdict[] = ['cut', 'swallow', 'refuse'];

describe('a run that ends at its k-th request', () => {
  let workshop: Workshop;
  let client: RegistryClient;
  let gate: RegistryGate;
  /** Where the registry of this round is, and what becomes of the requests to it. */
  let target = '';
  let judge: (count: number) => Verdict = () => 'pass';
  let count = 0;
  /** Contents of a registry: with the first versions, and with both. */
  const templates = { first: '', both: '' };

  before(async () => {
    workshop = await Workshop.open(first);
    gate = await registryGate(
      () => target,
      () => judge(++count),
    );
    client = new RegistryClient({ insecureRegistries: [], retries: 0, timeoutMs: 5_000, userAgent: 'test', env: {} });
    for (const [name, sources, from] of [
      ['first', first, undefined],
      ['both', second, 'first'],
    ] as const) {
      await workshop.write(sources);
      const registry = await serve(from && join(workshop.directory, from), name);
      target = registry.host;
      assert.deepEqual(await publishThere(), []);
      await registry.close();
      templates[name] = registry.storage;
    }
  });
  after(async () => {
    await client.close();
    await gate[Symbol.asyncDispose]();
    await workshop[Symbol.asyncDispose]();
  });

  /** Always the same name for people and for the store, whatever is behind it. */
  const there = () => new ProjectRegistry({ host: gate.host, path: '' }, client);

  const publishThere = async () => {
    const name = { host: gate.host, path: '' };
    try {
      const prepared = await workshop.plan({ client, registry: name });
      const report = await workshop.publish(prepared, there(), workshop.builder(), { jobs: 1 });
      return report.results.flatMap((result) => ('failures' in result ? result.failures : [])).concat(report.failures);
    } catch (error) {
      const failures = failuresOf(error);
      if (failures === undefined) throw error;
      return failures;
    }
  };

  /** From a registry that has both versions. */
  const mirrorFrom = (from: ProjectRegistry) => async () => {
    const images = Object.entries(versions).map(([name, version]) => ({ name: name as ImageName, version }));
    const request = { images, requireAll: true, keepGoing: true };
    const done = mirror(request, { from, to: there(), progress: workshop.progress }, never);
    return (await done.catch((error) => ({ failures: failuresOf(error)! }))).failures;
  };

  const serve = (template: string | undefined, name: string) =>
    copiedRegistry(template, join(workshop.directory, name));

  /** `run` once for each k until it gets through, each against a registry of its own that has the first versions. */
  const forEveryRequest = async (title: string, ending: Verdict, run: () => Promise<readonly unknown[]>) => {
    for (let k = 1; ; k++) {
      if (!isTried(ending, k)) continue;
      await using registry = await serve(templates.first, `${title}-${ending}-${k}`);
      target = registry.host;
      judge = () => 'pass';
      const old = await wholeTags(there(), names);
      let reached = '';
      count = 0;
      judge = (number) => {
        if (number === k) reached = gate.requests.at(-1)!;
        if (number === k) return ending;
        return number > k && ending !== 'refuse' ? 'cut' : 'pass';
      };
      const failures = await run();
      judge = () => 'pass';
      const about = `${title}, request ${k} (${reached}): ${ending}`;
      const tags = await wholeTags(there(), names);
      for (const [tag, digest] of Object.entries(old)) {
        if (!tag.endsWith(':latest')) assert.equal(tags[tag], digest, `${about}: ${tag} was moved`);
      }
      if (reached === '') {
        assert.deepEqual(failures, [], about);
        assertTagged(tags, versions, about);
        return k - 1;
      }
      assert.notDeepEqual(failures, [], `${about}: nobody was told`);
      assert.deepEqual(await run(), [], about);
      assertTagged(await wholeTags(there(), names), versions, about);
    }
  };

  for (const ending of endings) {
    test(`publish: ${ending}`, async (t) => {
      const requests = await forEveryRequest('publish', ending, publishThere);
      assert.ok(requests > 30, `only ${requests}`);
      t.diagnostic(`${requests} requests, CIP_TEST_SEED=${seed}`);
    });

    test(`mirror: ${ending}`, async (t) => {
      await using both = await serve(templates.both, `from-${ending}`);
      const from = new ProjectRegistry({ host: both.host, path: '' }, client);
      const requests = await forEveryRequest('mirror', ending, mirrorFrom(from));
      assert.ok(requests > 20, `only ${requests}`);
      t.diagnostic(`${requests} requests, CIP_TEST_SEED=${seed}`);
    });
  }
});
