/** One time for all that is built, by the real program. */
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { Rig, type RunOptions } from '../support/rig.ts';

const canBuild = needs('linux', 'user namespaces');
const files = {
  'contexts/00-a/Dockerfile':
    'FROM scratch\nARG SOURCE_DATE_EPOCH\nENV TIME=$SOURCE_DATE_EPOCH\nCOPY f /d/f\nWORKDIR /w\n',
  'contexts/00-a/info.edn': '{:version "1.0.0"}\n',
  'contexts/00-a/f': 'f\n',
};

async function built(rig: Rig, ...args: (string | RunOptions)[]) {
  const { status, stderr } = await rig.cip('build', '--no-cache', ...args);
  assert.equal(status, 0, stderr);
  const json = async (digest: string) =>
    JSON.parse(await readFile(join(rig.store, 'images', 'blobs', ...digest.split(':')), 'utf8'));
  const layout = JSON.parse(await readFile(join(rig.store, 'images', 'index.json'), 'utf8'));
  const index = await json(layout.manifests[0].digest);
  const manifest = await json(index.manifests[0].digest);
  const config = await json(manifest.config.digest);
  return {
    digest: index.manifests[0].digest as string,
    made: index.annotations['org.opencontainers.image.created'] as string,
    manifest: (manifest.annotations ?? {}) as Record<string, string>,
    created: config.created as string,
    history: config.history.map((entry: { created: string }) => entry.created) as string[],
    env: config.config.Env as string[],
  };
}

test('SOURCE_DATE_EPOCH is one value, wherever it is from', canBuild, async () => {
  await using rig = await Rig.setup({ files });
  const time = '2020-09-13T12:26:40Z';
  const inEnvironment = await built(rig, { env: { SOURCE_DATE_EPOCH: '1600000000' } });
  assert.deepEqual([inEnvironment.created, inEnvironment.made], [time, time]);
  assert.deepEqual(inEnvironment.history, Array(5).fill(time).slice(0, inEnvironment.history.length));
  assert.ok(inEnvironment.env.includes('TIME=1600000000'));
  assert.deepEqual(await built(rig, '--', '--build-arg', 'SOURCE_DATE_EPOCH=1600000000'), inEnvironment);

  const other = await built(rig, { env: { SOURCE_DATE_EPOCH: '1500000000' } });
  assert.notEqual(other.digest, inEnvironment.digest);
});

test('an image says nothing of when it was built; the index does', canBuild, async () => {
  await using rig = await Rig.setup({ files });
  const start = Math.floor(Date.now() / 1000) * 1000;
  const one = await built(rig);
  assert.equal(one.created, '1970-01-01T00:00:00Z');
  assert.ok(Date.parse(one.made) >= start && Date.parse(one.made) <= Date.now());
  assert.ok(!Object.keys(one.manifest).includes('org.opencontainers.image.created'));
  assert.equal((await built(rig)).digest, one.digest);
});

const aboveFrom = {
  ...files,
  'contexts/00-a/Dockerfile': `ARG SOURCE_DATE_EPOCH=1600000000\n${files['contexts/00-a/Dockerfile']}`,
};

test('the default of an ARG above FROM is the time where none is given', canBuild, async () => {
  await using rig = await Rig.setup({ files: aboveFrom });
  const time = async (...args: readonly (string | RunOptions)[]) => {
    const start = Date.now();
    const { made, created, env } = await built(rig, ...args);
    // The index says the time of an image that has one, else when it was made.
    if (created.startsWith('1970')) assert.ok(Date.parse(made) + 1000 > start, made);
    else assert.equal(made, created);
    return [created, env.find((pair) => pair.startsWith('TIME='))];
  };
  assert.deepEqual(await time(), ['2020-09-13T12:26:40Z', 'TIME=1600000000']);
  assert.deepEqual(await time({ env: { SOURCE_DATE_EPOCH: '' } }), ['2020-09-13T12:26:40Z', 'TIME=1600000000']);
  const given = { env: { SOURCE_DATE_EPOCH: '1500000000' } };
  assert.deepEqual(await time(given), ['2017-07-14T02:40:00Z', 'TIME=1500000000']);
  for (const none of ['', 'context']) {
    const argument = ['--', '--build-arg', `SOURCE_DATE_EPOCH=${none}`];
    assert.deepEqual(await time(given, ...argument), ['1970-01-01T00:00:00Z', 'TIME=']);
  }
});

test('all files of an output have the time that the Dockerfile says', canBuild, async () => {
  await using rig = await Rig.setup({ files: aboveFrom });
  const { status, stderr } = await rig.cip('build-image', 'contexts/00-a', '-o', 'type=local,dest=out');
  assert.equal(status, 0, stderr);
  for (const file of ['d/f', 'w']) {
    assert.equal((await stat(join(rig.project, 'out', file))).mtimeMs, 1_600_000_000_000, file);
  }
});

test('a SOURCE_DATE_EPOCH that is no time is refused before anything is done', async () => {
  await using rig = await Rig.setup({ files });
  for (const command of ['build', 'plan']) {
    const { status, stderr } = await rig.cip(command, { env: { SOURCE_DATE_EPOCH: 'yesterday' } });
    assert.equal(status, 2);
    assert.match(stderr, /invalid-source-date-epoch/);
  }
});
