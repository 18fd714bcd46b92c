/** One time for all that is built, by the real program. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { Rig, type RunOptions } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startWebServer } from '../support/web-server.ts';

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

const changed = { 'last-modified': 'Mon, 20 Jun 2005 01:02:03 GMT' };
const later = { 'last-modified': 'Mon, 20 Jun 2005 01:02:04 GMT' };
const [before, after] = ['2005-06-20T01:02:03Z', '2005-06-20T01:02:04Z'];

/** A project whose image has the time of a file of a server, and a child of it that names none. */
async function looking() {
  const web = await startWebServer([['/f', { body: 'f', headers: changed }]]);
  const src = `FROM scratch AS src\nADD http://${web.host}/f /\n`;
  const rig = await Rig.setup({
    files: {
      ...files,
      'contexts/00-a/Dockerfile': `ARG SOURCE_DATE_EPOCH=src\n${src}${files['contexts/00-a/Dockerfile']}`,
    },
  });
  return {
    rig,
    web,
    src,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
    },
  };
}

test('a stage says the time: it is a part of the key, and asked for each time', canBuild, async () => {
  await using world = await looking();
  const { rig, web } = world;
  const first = await built(rig);
  assert.deepEqual([first.created, first.made, first.env.at(-1)], [before, before, 'TIME=1119229323']);
  const again = await rig.cip('build', '--json');
  assert.deepEqual([again.status, JSON.parse(again.stdout).images[0].action], [0, 'up-to-date']);
  web.files.set('/f', { body: 'f', headers: later });
  const why = await rig.cip('why', 'a', '--json');
  const [image] = JSON.parse(why.stdout).images;
  const { reason, name, how } = image.cause;
  assert.deepEqual([image.action, reason, name], ['build', 'argument-changed', 'SOURCE_DATE_EPOCH'], `${how}`);
  const second = await rig.cip('build', '-v');
  assert.match(second.stderr, /SOURCE_DATE_EPOCH/);
  assert.equal((await built(rig)).created, after);
});

test('a server that is silent: a build takes the time that was last seen, and says so', canBuild, async () => {
  await using world = await looking();
  const { rig, web } = world;
  const first = await built(rig);
  await web[Symbol.asyncDispose]();
  const silent = await rig.cip('build');
  assert.equal(silent.status, 0, silent.stderr);
  assert.match(silent.stderr, /assuming http:\/\/127\.0\.0\.1:\d+\/f is what it was when last seen/);
  assert.equal((await built(rig)).digest, first.digest);
  const publish = await rig.cip('publish', '--remote-registry', '127.0.0.1:1/x');
  assert.notEqual(publish.status, 0);
  const offline = await rig.cip('build', '--offline-bases');
  assert.equal(offline.status, 0, offline.stderr);
});

test('commands that build nothing ask no server for it', async () => {
  await using world = await looking();
  const { rig, web } = world;
  for (const command of [
    ['check'],
    ['graph'],
    ['build-image', '--check', 'contexts/00-a', '--build-arg', 'SOURCE_DATE_EPOCH=5'],
  ]) {
    const { status, stderr } = await rig.cip(...command);
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual(web.log, []);
});

test('an argument that names a stage is for all images: where one has none is said', canBuild, async () => {
  await using world = await looking();
  const { rig, src } = world;
  await rig.write({
    'contexts/00-a/Dockerfile': `${src}${files['contexts/00-a/Dockerfile']}`,
    'contexts/01-b/Dockerfile': 'FROM scratch\nCOPY f /f\n',
    'contexts/01-b/f': 'f',
    'contexts/01-b/info.edn': '{:version "1.0.0"}',
  });
  const argument = ['--', '--build-arg', 'SOURCE_DATE_EPOCH=src'];
  const lacking = await rig.cip('build', ...argument);
  assert.deepEqual(
    [lacking.status, complaintsIn(lacking.stderr)],
    [2, ['invalid-source-date-epoch contexts/01-b/Dockerfile:1:1']],
  );
  const one = await built(rig, 'a', ...argument);
  assert.deepEqual([one.created, one.made], [before, before]);
  const none = await rig.cip('build', '--', '--build-arg', 'SOURCE_DATE_EPOCH=crs');
  assert.deepEqual([none.status, complaintsIn(none.stderr)], [2, ['invalid-source-date-epoch']]);
});

test('the context that was fetched, or came as a tar, says the time of an image', canBuild, async () => {
  await using served = await tempDir();
  await repository(join(served.path, 'app.git'), { Dockerfile: 'FROM scratch\nCOPY . /x/\n' });
  await using rig = await Rig.setup({ files: { 'c/Dockerfile': 'FROM scratch\nCOPY . /x/\n', 'c/d/f': 'f' } });
  await utimes(join(rig.project, 'c/Dockerfile'), 1_200_000_000, 1_200_000_000);
  await utimes(join(rig.project, 'c/d/f'), 1_300_000_000, 1_300_000_000);
  const tar = execFileSync('tar', ['-c', '-C', 'c', '.'], { cwd: rig.project });
  await using web = await startWebServer(
    [
      ['/dated.tar', { body: tar, headers: changed }],
      ['/c.tar', { body: tar }],
      ['/old.tar', { body: tar, headers: { 'last-modified': 'Mon, 20 Jun 1955 01:02:03 GMT' } }],
    ],
    served.path,
  );
  const created = async (from: string, ...more: readonly (string | RunOptions)[]) => {
    const { status, stdout, stderr } = await rig.cip(
      'build-image',
      from,
      '--build-arg',
      'SOURCE_DATE_EPOCH=context',
      '-t',
      't',
      ...more,
    );
    assert.equal(status, 0, `${stderr}${stdout}`);
    const inspected = await rig.cip('image', 'inspect', 't', '--json');
    return JSON.parse(inspected.stdout).platforms[0].created;
  };
  assert.equal(await created(`http://${web.host}/git/app.git`), '2001-09-09T01:46:40Z');
  assert.equal(await created(`http://${web.host}/dated.tar`), before);
  assert.equal(await created(`http://${web.host}/c.tar`), '2011-03-13T07:06:40Z');
  assert.equal(await created(`http://${web.host}/old.tar`), '1970-01-01T00:00:00Z');
  assert.equal(await created('-', { input: tar }), '2011-03-13T07:06:40Z');
  assert.equal(await created('c'), '1970-01-01T00:00:00Z');
});

test('a SOURCE_DATE_EPOCH that is no time is refused before anything is done', async () => {
  await using rig = await Rig.setup({ files });
  for (const command of ['build', 'plan']) {
    const { status, stderr } = await rig.cip(command, { env: { SOURCE_DATE_EPOCH: 'yesterday' } });
    assert.equal(status, 2);
    assert.match(stderr, /invalid-source-date-epoch/);
  }
});
