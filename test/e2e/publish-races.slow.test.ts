/**
 * An older and a newer version of a project, published at the same time by the real program: the request by which the older
 * one sets `latest` is late, and comes when the newer one is through. CIP_TEST_RACES says how many.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { ProjectRegistry } from '../../src/orchestrator/state/project-registry.ts';
import { RegistryClient } from '../../src/registry/registry.ts';
import { type DockerRegistry, startDockerRegistry } from '../registry/docker-registry.ts';
import { copiedRegistry } from '../support/copied-registry.ts';
import { isThere, needs } from '../support/needs.ts';
import { registryGate, type Verdict } from '../support/registry-gate.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { wholeTags } from '../support/whole-tags.ts';

const races = Number(process.env['CIP_TEST_RACES'] ?? 5);

function filesAt(version: string): Readonly<Record<string, string>> {
  return {
    'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY stamp /\n',
    'contexts/00-base/info.edn': `{:version "${version}"}\n`,
    'contexts/00-base/stamp': `${version}\n`,
  };
}

/**
 * What becomes of the older publisher: it ends by itself; its request is carried out and the answer lost, so that it
 * sends it again; it is killed while the request is on its way, and one of the two runs once more.
 */
const fates = ['ends', 'answer lost', 'killed, newer again', 'killed, older again'] as const;

describe('latest after a race', { ...needs('user namespaces') }, () => {
  let older: Rig;
  let newer: Rig;
  let client: RegistryClient;
  let directory: Awaited<ReturnType<typeof tempDir>>;
  let distribution: DockerRegistry | undefined;
  before(async () => {
    [older, newer] = await Promise.all([Rig.setup(), Rig.setup()]);
    directory = await tempDir();
    client = new RegistryClient({ insecureRegistries: [], retries: 0, timeoutMs: 5_000, userAgent: 'test', env: {} });
    if (isThere('docker-registry')) distribution = await startDockerRegistry(directory.path);
  });
  after(async () => {
    await distribution?.[Symbol.asyncDispose]();
    await client?.close();
    await directory?.[Symbol.asyncDispose]();
    await Promise.all([older?.[Symbol.asyncDispose](), newer?.[Symbol.asyncDispose]()]);
  });

  const run = async (rig: Rig, host: string, onStart?: (child: ChildProcess) => void) =>
    rig.cip('publish-locally', '--local-registry', host, ...(onStart ? [{ onStart }] : []));

  test('is that of the newest version', async (t) => {
    await using own = await copiedRegistry(undefined, `${directory.path}/own`);
    const hosts = [own.host, ...(distribution === undefined ? [] : [distribution.host])];
    for (let race = 0; race < races; race++) {
      const host = hosts[race % hosts.length]!;
      const fate = fates[Math.floor(race / hosts.length) % fates.length]!;
      const about = `race ${race} at ${host === own.host ? 'cip registry serve' : 'docker-registry'}: ${fate}`;
      await older.write(filesAt(`1.${race}.0`));
      await newer.write(filesAt(`1.${race}.1`));
      let arrive = () => {};
      let release = () => {};
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let isFirst = true;
      const gate = await registryGate(
        () => host,
        async ({ method, url }): Promise<Verdict> => {
          if (!isFirst || method !== 'PUT' || !url.endsWith('/manifests/latest')) return 'pass';
          isFirst = false;
          arrive();
          await released;
          return fate === 'answer lost' ? 'swallow' : 'pass';
        },
      );
      let child: ChildProcess | undefined;
      const late = run(older, gate.host, (started) => {
        child = started;
      });
      await Promise.race([arrived, late]);
      const { status, stderr } = await run(newer, host);
      assert.equal(status, 0, `${about}: ${stderr}`);
      if (fate.startsWith('killed')) child?.kill('SIGKILL');
      const settled = fate.startsWith('killed') ? await late : undefined;
      release();
      const outcome = settled ?? (await late);
      if (fate.startsWith('killed')) {
        assert.equal(outcome.status, undefined, about);
        await gate.idle();
        const again = await run(fate === 'killed, newer again' ? newer : older, host);
        assert.equal(again.status, 0, `${about}: ${again.stderr}`);
      } else assert.equal(outcome.status, 0, `${about}: ${outcome.stderr}`);
      const tags = await wholeTags(new ProjectRegistry({ host, path: '' }, client), ['base']);
      assert.ok(tags[`base:1.${race}.0`] && tags[`base:1.${race}.1`], about);
      assert.equal(tags['base:latest'], tags[`base:1.${race}.1`], about);
      await gate[Symbol.asyncDispose]();
    }
    t.diagnostic(`${races} races at ${hosts.length} registries, latest right after each`);
  });
});
