/**
 * A store and a registry as release 0.1.0 left them (test/testdata/release-0.1.0), used by this one: nothing is red, and
 * nothing is built without a reason that is told (ADR 0020).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { root } from '../support/paths.ts';
import { type Outcome, Rig } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');
const before = join(root, 'test', 'testdata', 'release-0.1.0');
const gamma = 'contexts/00-gamma/Dockerfile';
const platforms = '--platform=linux/amd64,linux/arm64';

/** A project, a store and a registry with all that the earlier release made. */
async function upgraded(): Promise<Rig> {
  const rig = await Rig.setup({ registry: true });
  const directory = dirname(rig.store);
  for (const part of ['store', 'registry', 'project']) {
    await cp(join(before, part), join(directory, part), { recursive: true });
  }
  for (const empty of ['snapshots', 'cache-mounts', 'sessions', 'trash']) await mkdir(join(rig.store, empty));
  await writeFile(
    join(rig.project, gamma),
    (await readFile(join(rig.project, gamma), 'utf8')).replaceAll('@REGISTRY@', rig.registry),
  );
  return rig;
}

interface ReportedImage {
  readonly name: string;
  readonly action: string;
  readonly status: string;
}

function outcomes({ stdout, status, stderr }: Outcome): Readonly<Record<string, string>> {
  assert.equal(status, 0, stderr);
  const { images } = JSON.parse(stdout) as { readonly images: readonly ReportedImage[] };
  return Object.fromEntries(images.map(({ name, action, status: how }) => [name, `${action} ${how}`]));
}

/** All files of a registry's tags, by name. */
async function tag(rig: Rig, name: string): Promise<string> {
  return await readFile(join(dirname(rig.store), 'registry/repositories/group', ...name.split('/')), 'utf8');
}

test('publish leaves what an earlier release published, and says so once', canBuild, async (t) => {
  await using rig = await upgraded();
  const remote = `--remote-registry=${rig.registry}/group`;
  const published = async (name: string) => await tag(rig, `${name}/_tags/1.1.0`);
  const betas = await published('beta');

  const first = await rig.cip('publish', remote, '--json');
  assert.deepEqual(outcomes(first), {
    alpha: 'unverified untouched',
    beta: 'unverified untouched',
    gamma: 'unverified untouched',
  });
  assert.equal(first.stderr.match(/key schema 1/g)?.length, 1, first.stderr);
  assert.equal((await rig.cip('plan', 'publish', remote, '--check')).status, 0);

  await t.test('a raised version is built, on what is published of its parent', async () => {
    await rig.write({ 'contexts/01-beta/info.edn': '{:version "1.2.0"}\n' });
    assert.deepEqual(outcomes(await rig.cip('publish', remote, '--json')), {
      alpha: 'unverified untouched',
      beta: 'build built',
      gamma: 'unverified untouched',
    });
    assert.equal(await published('beta'), betas);
    assert.deepEqual(outcomes(await rig.cip('publish', remote, '--json')), {
      alpha: 'unverified untouched',
      beta: 'up-to-date untouched',
      gamma: 'unverified untouched',
    });
  });

  await t.test('and so is all, by the next versions', async () => {
    await rig.write({
      'contexts/00-alpha/info.edn': '{:version "1.2.0"}\n',
      'contexts/00-gamma/info.edn': '{:version "1.2.0"}\n',
      'contexts/01-beta/info.edn': '{:version "1.2.1"}\n',
      'contexts/01-beta/Dockerfile': (await rig.read('contexts/01-beta/Dockerfile')).replace(':1.1.0', ':1.2.0'),
    });
    const all = outcomes(await rig.cip('publish', remote, '--json'));
    assert.deepEqual(Object.values(all), ['build built', 'build built', 'build built']);
  });
});

test('build makes again what an earlier release built, says why, and then knows it', canBuild, async () => {
  await using rig = await upgraded();
  const planned = JSON.parse((await rig.cip('plan', '--json')).stdout);
  assert.deepEqual(
    planned.images.map(({ name, action, reasons }: never) => [name, action, reasons]),
    ['alpha', 'gamma', 'beta'].map((name) => [name, 'build', [{ code: 'other-key-schema', schema: 1 }]]),
  );
  const text = await rig.cip('plan');
  assert.equal(text.stdout.match(/built by an earlier cip \(key schema 1\)/g)?.length, 3, text.stdout);

  const built = await rig.cip('build', '--json');
  assert.deepEqual(Object.values(outcomes(built)), ['build built', 'build built', 'build built']);
  assert.deepEqual(Object.values(outcomes(await rig.cip('build', '--json'))), [
    'up-to-date untouched',
    'up-to-date untouched',
    'up-to-date untouched',
  ]);
});

test('records of a shape that this version does not know are as if they were not there', canBuild, async () => {
  await using rig = await upgraded();
  const records = join(rig.store, 'records');
  for (const log of await readdir(records)) {
    const lines = (await readFile(join(records, log), 'utf8')).split('\n').filter(Boolean);
    const bodies = lines.map((line) => `${line.split('\t')[1]}\t${JSON.stringify({ from: 'the future' })}`);
    const sums = bodies.map((body) => createHash('sha256').update(body).digest('hex').slice(0, 16));
    await writeFile(join(records, log), bodies.map((body, at) => `\n${sums[at]}\t${body}`).join(''));
  }
  const built = await rig.cip('build', '--json');
  assert.deepEqual(Object.values(outcomes(built)), ['build built', 'build built', 'build built']);
  const remote = `--remote-registry=${rig.registry}/group`;
  assert.deepEqual(Object.values(outcomes(await rig.cip('publish', remote, '--json'))), [
    'unverified untouched',
    'unverified untouched',
    'unverified untouched',
  ]);
});

test('a store of a format that is not known is refused, and stays as it is', async () => {
  await using rig = await upgraded();
  await writeFile(join(rig.store, 'version'), 'cip store 9\n');
  const refused = await rig.cip('build');
  assert.equal(refused.status, 5);
  assert.match(refused.stderr, /store-version-unknown/);
  assert.match(refused.stderr, /cip store 9/);
  assert.equal(await readFile(join(rig.store, 'version'), 'utf8'), 'cip store 9\n');
});

test('what an earlier release pulled and mirrored is used as it is', canBuild, async () => {
  await using rig = await upgraded();
  const pulled = await rig.cip('pull', '--from=remote', `--remote-registry=${rig.registry}/group`);
  assert.equal(pulled.status, 0, pulled.stderr);
  assert.equal((await rig.cip('check')).status, 0);
  assert.equal((await rig.cip('plan', platforms)).status, 0);
});
