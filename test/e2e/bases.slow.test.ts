/** Bases that move in a registry, by the real program: FROM x:latest, COPY --from, RUN --mount. */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { serveRegistry } from '../../src/registry-server/server.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');
const never = new AbortController().signal;

interface Reported {
  readonly name: string;
  readonly action: string;
  readonly status: string;
}

/** `app up-to-date untouched` for each image. */
function outcomes({ stdout, status, stderr }: Outcome, want = 0): readonly string[] {
  assert.equal(status, want, stderr);
  const { images } = JSON.parse(stdout) as { readonly images: readonly Reported[] };
  return images.map(({ name, action, status: how }) => `${name} ${action} ${how}`);
}

/** A rig, a registry that the test can end, and a project in it whose images are the bases of another. */
async function setUp() {
  const rig = await Rig.setup({ registry: true });
  const storage = join(dirname(rig.store), 'outside');
  const server = await serveRegistry({ storage, host: '127.0.0.1', port: 0, log: () => {} }, never);
  const outside = `127.0.0.1:${server.address.port}`;
  let version = 0;
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= server.close();
    return ended;
  };
  /** Another content under the same moving tag. */
  const move = async (image: string) => {
    version++;
    await rig.write({
      [`outside/contexts/${image}/info.edn`]: `{:version "1.0.${version}"}\n`,
      [`outside/contexts/${image}/file`]: `${image} ${version}\n`,
      [`outside/contexts/${image}/Dockerfile`]: 'FROM scratch\nCOPY file /from-base\n',
    });
    const platform = '--only-local-platform';
    const moved = await rig.cip('publish', '-C', 'outside', image, platform, `--remote-registry=${outside}`);
    assert.equal(moved.status, 0, moved.stderr);
  };
  const cip = (command: string, ...args: string[]) => {
    const where = command === 'publish' ? [`--remote-registry=${rig.registry}/group`, '--only-local-platform'] : [];
    return rig.cip(command, '-C', 'inside', '--json', ...where, ...args);
  };
  const raise = (to: string) => rig.write({ 'inside/contexts/00-app/info.edn': `{:version "${to}"}\n` });
  await rig.write({
    'inside/contexts/00-app/Dockerfile': `FROM ${outside}/base:latest\nCOPY file /file\n`,
    'inside/contexts/00-app/file': 'app\n',
    'inside/contexts/01-web/info.edn': '{:version "1.0.0"}\n',
    'inside/contexts/01-web/Dockerfile': `ARG REGISTRY\nFROM \${REGISTRY}/app\nCOPY --from=${outside}/tools /from-base /tools\n`,
  });
  await raise('1.0.0');
  await move('base');
  await move('tools');
  return {
    rig,
    outside,
    cip,
    move,
    raise,
    end,
    async [Symbol.asyncDispose]() {
      await end();
      await rig[Symbol.asyncDispose]();
    },
  };
}

test('publish: a moved base is told and left; a raised version has it', canBuild, async (t) => {
  await using world = await setUp();
  const { cip, move, raise, outside } = world;
  assert.deepEqual(outcomes(await cip('publish')), ['app build built', 'web build built']);
  assert.deepEqual(outcomes(await cip('publish')), ['app up-to-date untouched', 'web up-to-date untouched']);

  await t.test('left', async () => {
    await move('base');
    const left = await cip('publish');
    assert.deepEqual(outcomes(left), ['app base-moved untouched', 'web up-to-date untouched']);
    const lines = left.stderr.split('\n').filter((line) => line.includes(`${outside}/base`));
    assert.equal(lines.length, 1, left.stderr);
    assert.match(lines[0]!, /base \S+\/base moved from sha256:\w{12} to sha256:\w{12}/);
    const remote = `--remote-registry=${world.rig.registry}/group`;
    const planned = await cip('plan', 'publish', '--check', '--only-local-platform', remote);
    assert.equal(planned.status, 0, planned.stderr);
    assert.equal(JSON.parse(planned.stdout).summary.baseMoved, 1);
  });

  await t.test('a raised version', async () => {
    await raise('1.1.0');
    assert.deepEqual(outcomes(await cip('publish')), ['app build built', 'web base-moved untouched']);
    const fetched = await fetch(`http://${world.rig.registry}/v2/group/app/manifests/1.1.0`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    const { annotations } = (await fetched.json()) as { annotations: Record<string, string> };
    assert.equal(annotations['org.opencontainers.image.base.name'], `${outside}/base:latest`);
  });
});

test('build: a moved base is taken, also by COPY --from', canBuild, async () => {
  await using world = await setUp();
  const { cip, move } = world;
  await cip('build');
  assert.deepEqual(outcomes(await cip('build')), ['app up-to-date untouched', 'web up-to-date untouched']);
  await move('tools');
  assert.deepEqual(outcomes(await cip('build')), ['app up-to-date untouched', 'web build built']);
  await move('base');
  assert.deepEqual(outcomes(await cip('build')), ['app build built', 'web build built']);
});

test('a registry of bases that is down', canBuild, async (t) => {
  await using world = await setUp();
  const { cip, raise, end, outside, rig } = world;
  await cip('publish');
  await end();

  await t.test('build says what it assumes, and builds with it', async () => {
    await raise('1.1.0');
    const built = await cip('build');
    assert.match(built.stderr, new RegExp(`assuming ${outside}/base is sha256:\\w{64}, last seen`));
    assert.deepEqual(outcomes(built), ['app retag retagged', 'web retag retagged']);
    await rig.write({ 'inside/contexts/00-app/file': 'changed\n' });
    assert.deepEqual(outcomes(await cip('build')), ['app build built', 'web build built']);
  });

  await t.test('publish exits with 5, unless it is told to take what was seen last', async () => {
    const refused = await cip('publish');
    assert.equal(refused.status, 5);
    assert.match(refused.stderr, /base-unreachable/);
    assert.match(refused.stderr, /--offline-bases/);
    await rig.write({ 'inside/contexts/01-web/info.edn': '{:version "1.0.1"}\n' });
    assert.deepEqual(outcomes(await cip('publish', '--offline-bases')), ['app retag retagged', 'web retag retagged']);
  });

  await t.test('a store that has never seen them: both fail before anything is built', async () => {
    const env = { CIP_STORE: join(dirname(rig.store), 'fresh') };
    for (const command of [['build'], ['publish', `--remote-registry=${rig.registry}/other`]]) {
      const refused = await rig.cip(...command, '-C', 'inside', { env });
      assert.equal(refused.status, 5, refused.stderr);
      assert.match(refused.stderr, /base-unreachable/);
    }
  });
});
