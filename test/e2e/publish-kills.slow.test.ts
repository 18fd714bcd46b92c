/**
 * The real program killed with SIGKILL while it publishes or copies, at the k-th request that the registry gets, and the
 * same command again: after it every tag is where it belongs. A few k by chance; CIP_TEST_KILLS=all tries every k,
 * CIP_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ProjectRegistry } from '../../src/orchestrator/state/project-registry.ts';
import { RegistryClient } from '../../src/registry/registry.ts';
import { type CopiedRegistry, copiedRegistry } from '../support/copied-registry.ts';
import { needs } from '../support/needs.ts';
import { type RegistryGate, registryGate, type Verdict } from '../support/registry-gate.ts';
import { Rig } from '../support/rig.ts';
import { assertTagged, wholeTags } from '../support/whole-tags.ts';

const images = ['base', 'left', 'right'];
const seed = Number(process.env['CIP_TEST_SEED'] ?? Date.now() % 2 ** 31);
const isAll = process.env['CIP_TEST_KILLS'] === 'all';
/** By chance, one of so many. */
const rarity = 11;

/** Three images with other content for each version. */
function filesAt(version: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [index, name] of images.entries()) {
    const from = index === 0 ? 'FROM scratch' : `ARG REGISTRY\nFROM \${REGISTRY}/base:${version}`;
    files[`contexts/0${index}-${name}/Dockerfile`] = `${from}\nCOPY stamp /${name}\n`;
    files[`contexts/0${index}-${name}/info.edn`] = `{:version "${version}"}\n`;
    files[`contexts/0${index}-${name}/stamp`] = `${name} ${version}\n`;
  }
  return files;
}
const versions = Object.fromEntries(images.map((name) => [name, '1.0.1']));

describe('killed at the k-th request', { ...needs('user namespaces') }, () => {
  let rig: Rig;
  let client: RegistryClient;
  let gate: RegistryGate;
  let target = '';
  let count = 0;
  let judge: (number: number) => Verdict = () => 'pass';
  let source: CopiedRegistry;
  let template = '';

  before(async () => {
    rig = await Rig.setup({ files: filesAt('1.0.0') });
    client = new RegistryClient({ insecureRegistries: [], retries: 0, timeoutMs: 5_000, userAgent: 'test', env: {} });
    gate = await registryGate(
      () => target,
      () => judge(++count),
    );
    const first = await copiedRegistry(undefined, join(rig.store, '..', 'first'));
    target = first.host;
    await succeeds(publish());
    await first.close();
    template = first.storage;
    await rig.write(filesAt('1.0.1'));
    source = await copiedRegistry(template, join(rig.store, '..', 'source'));
    target = source.host;
    await succeeds(publish());
  });
  after(async () => {
    await source?.[Symbol.asyncDispose]();
    await gate?.[Symbol.asyncDispose]();
    await client?.close();
    await rig?.[Symbol.asyncDispose]();
  });

  const publish = () => ['publish-locally', '--local-registry', gate.host];
  const mirror = () => [
    'upload-all-to-local-registry',
    ...['--remote-registry', source.host, '--local-registry', gate.host],
  ];

  async function succeeds(args: readonly string[]): Promise<void> {
    const { status, stderr } = await rig.cip(...args);
    assert.equal(status, 0, stderr);
  }

  for (const [name, args] of [
    ['publish-locally', publish],
    ['upload-all-to-local-registry', mirror],
  ] as const) {
    test(name, async (t) => {
      t.diagnostic(`CIP_TEST_SEED=${seed}`);
      let killed = 0;
      for (let k = isAll ? 1 : 1 + (seed % rarity); ; k += isAll ? 1 : rarity) {
        await using registry = await copiedRegistry(template, join(rig.store, '..', `${name}-${k}`));
        target = registry.host;
        let child: ChildProcess | undefined;
        const ending = (k + seed) % 2 === 0 ? 'swallow' : 'cut';
        count = 0;
        judge = (number) => {
          if (number === k) child?.kill('SIGKILL');
          return number < k ? 'pass' : number === k ? ending : 'cut';
        };
        const { status, stderr } = await rig.cip(...args(), {
          onStart: (started) => {
            child = started;
          },
        });
        const requests = count;
        judge = () => 'pass';
        const place = new ProjectRegistry({ host: registry.host, path: '' }, client);
        const about = `${name}, killed at request ${k}: ${ending}`;
        await wholeTags(place, images);
        if (requests >= k) {
          assert.equal(status, undefined, `${about}: ${stderr}`);
          killed++;
          await succeeds(args());
        } else assert.equal(status, 0, stderr);
        assertTagged(await wholeTags(place, images), versions, about);
        if (requests < k) break;
      }
      t.diagnostic(`killed at ${killed} requests, all whole afterwards`);
      assert.ok(killed >= (isAll ? 30 : 3), `only ${killed}`);
    });
  }

  /** Sends the signal with the first request that matches. */
  async function interrupted(matches: (request: string) => boolean) {
    await using registry = await copiedRegistry(template, join(rig.store, '..', 'interrupted'));
    target = registry.host;
    let child: ChildProcess | undefined;
    let isSent = false;
    judge = () => {
      // Once: a second one stops at once.
      if (!isSent && matches(gate.requests.at(-1)!)) isSent = child?.kill('SIGINT') === true;
      return 'pass';
    };
    const outcome = await rig.cip(...publish(), {
      onStart: (started) => {
        child = started;
      },
    });
    judge = () => 'pass';
    const place = new ProjectRegistry({ host: registry.host, path: '' }, client);
    return { ...outcome, tags: await wholeTags(place, images) };
  }

  test('a signal while tags are set: they are all set', async () => {
    const { stderr, tags } = await interrupted((request) => /^PUT \S+\/manifests\/1\.0\.1$/.test(request));
    assertTagged(tags, versions, stderr);
    assert.match(stderr, /\d of 3 images are tagged: finishing/);
  });

  test('a signal before: none is set, and that is said', async () => {
    const { status, stderr, tags } = await interrupted((request) => request.startsWith('POST '));
    assert.equal(status, 130);
    assert.deepEqual(
      Object.keys(tags).filter((tag) => tag.endsWith(':1.0.1')),
      [],
    );
    assert.match(stderr, /^Nothing was published: no tags were set\./m);
  });
});
