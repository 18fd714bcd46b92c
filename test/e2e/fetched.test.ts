/** ADD of what is elsewhere, by the whole program: from a web server and from a git repository. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { isIndexType } from '../../src/oci/media-type.ts';
import { readIndex, readManifest } from '../../src/oci/read-document.ts';
import { Store } from '../../src/store/store.ts';
import { applyLayer, type Node } from '../conformance/image.ts';
import { commit, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startWebServer } from '../support/web-server.ts';

const exec = promisify(execFile);
const file = { body: 'one', headers: { etag: '"1"', 'last-modified': 'Mon, 20 Jun 2005 01:02:03 GMT' } };

async function setUp(dockerfile: (host: string) => string) {
  const served = await tempDir();
  const path = join(served.path, 'app.git');
  await repository(path, { readme: 'first' });
  const web = await startWebServer([['/f', { ...file, knowsConditions: true }]], served.path);
  const rig = await Rig.setup({
    files: { 'contexts/00-app/Dockerfile': dockerfile(web.host), 'contexts/00-app/info.edn': '{:version "1.0.0"}' },
  });
  return {
    rig,
    web,
    path,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

const text = (content: string) => hash('sha256', content);

/** Path → digest of the content, of all files in the image of this name. */
async function filesOf(rig: Rig, reference: string): Promise<Readonly<Record<string, string>>> {
  await using store = await Store.open(rig.store);
  const signal = new AbortController().signal;
  let descriptor: Descriptor = (await store.refs.get(reference))!;
  if (isIndexType(descriptor.mediaType)) {
    descriptor = (await readIndex(store.blobs, descriptor, signal)).value.manifests[0]!;
  }
  const manifest = await readManifest(store.blobs, descriptor, signal);
  const tree = new Map<string, Node>();
  for (const { digest, mediaType } of manifest.value.layers) {
    await applyLayer(tree, await store.blobs.openPath(digest), mediaType);
  }
  const files = [...tree].filter(([, { type }]) => type === 'file');
  return Object.fromEntries(files.map(([path, { content = '' }]) => [path, content]));
}

const both = (host: string) =>
  `FROM scratch\nADD http://${host}/f /f\nADD http://${host}/git/app.git#main /app\nADD --unpack http://${host}/f /also/\n`;

test('an image has what was fetched, is up to date, and is built anew when that moves', needs('git'), async () => {
  await using world = await setUp(both);
  const { rig, web, path } = world;
  const first = await rig.cip('build');
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(await filesOf(rig, 'localhost:5000/app:1.0.0'), {
    f: text('one'),
    'app/readme': text('first'),
    'also/f': text('one'),
  });
  assert.deepEqual(web.log, ['GET /f 200']);

  const plan = async () => {
    const { stdout } = await rig.cip('plan', 'build', '--json');
    const { images } = JSON.parse(stdout) as {
      images: { action: string; reasons: { code: string; reference?: string }[] }[];
    };
    return images.map(({ action, reasons }) => [
      action,
      ...reasons.map(({ code, reference = '' }) => `${code} ${reference}`),
    ]);
  };
  assert.deepEqual(await plan(), [['up-to-date', 'same-key localhost:5000/app:1.0.0']]);
  web.files.delete('/f');
  const without = await rig.cip('build');
  assert.equal(without.status, 0, without.stderr);
  assert.match(without.stderr, /\/f .*: app stays as it is, and could not be built again/);
  web.files.set('/f', { body: 'two', headers: { etag: '"2"' } });
  assert.deepEqual(await plan(), [['build', `base-moved http://${web.host}/f`]]);
  assert.equal((await rig.cip('build')).status, 0);
  await commit(path, { readme: 'second' });
  assert.deepEqual(await plan(), [['build', `base-moved http://${web.host}/git/app.git#main`]]);
  assert.equal((await rig.cip('build')).status, 0);
  const now = await filesOf(rig, 'localhost:5000/app:1.0.0');
  assert.deepEqual([now['f'], now['app/readme']], [text('two'), text('second')]);

  // Nobody there: what was fetched is used.
  await web[Symbol.asyncDispose]();
  const offline = await rig.cip('build', '--offline-bases');
  assert.equal(offline.status, 0, offline.stderr);
  assert.match(offline.stderr, /assuming/);
});

test('a trigger of an image from elsewhere fetches nothing that no key has', async () => {
  await using world = await setUp(() => 'FROM elsewhere/base:1\n');
  const { rig, web } = world;
  await rig.write({
    'base/Dockerfile': `FROM scratch\nONBUILD ADD http://${web.host}/f /f\n`,
    'child/Dockerfile': 'FROM elsewhere/base:1\n',
  });
  const built = await rig.cip('build-image', 'base', '-t', 'elsewhere/base:1');
  assert.equal(built.status, 0, built.stderr);
  const inProject = await rig.cip('build', '--json');
  assert.equal(inProject.status, 1);
  assert.match(inProject.stdout, /"remote-not-counted"/);
  const alone = await rig.cip('build-image', 'child', '-t', 'child:1');
  assert.equal(alone.status, 0, alone.stderr);
  assert.deepEqual(await filesOf(rig, 'docker.io/library/child:1'), { f: text('one') });
});

test('a Dockerfile from standard input alone has what it fetches', async () => {
  await using world = await setUp(both);
  const { rig, web } = world;
  const input = `FROM scratch\nADD http://${web.host}/f /f\n`;
  const built = await rig.cip('build-image', '-', '-t', 'x:1', { input });
  assert.equal(built.status, 0, built.stderr);
  assert.deepEqual(await filesOf(rig, 'docker.io/library/x:1'), { f: text('one') });
});

test('a password in an address is said to be in the history', async () => {
  await using world = await setUp((host) => `FROM scratch\nADD http://me:secret@${host}/f /f\n`);
  const { stderr, status } = await world.rig.cip('build');
  assert.equal(status, 0, stderr);
  assert.match(stderr, /password/);
});

test(
  'a private file and a private repository come with secrets, which are nowhere afterwards',
  needs('git'),
  async () => {
    await using world = await setUp(
      (host) => `FROM scratch\nADD http://${host}/f /f\nADD --keep-git-dir http://${host}/git/app.git#main /app\n`,
    );
    const { rig, web } = world;
    const [forFile, forGit] = ['secret-of-files', 'secret-of-git'];
    web.logins.set('/f', `Bearer ${forFile}`);
    web.logins.set('/git/', `basic ${Buffer.from(`x-access-token:${forGit}`).toString('base64')}`);
    const without = await rig.cip('build', '--json');
    assert.notEqual(without.status, 0);
    const secrets = [
      ...['--secret', 'id=HTTP_AUTH_TOKEN_127.0.0.1,env=FILE_TOKEN'],
      ...['--secret', 'id=GIT_AUTH_TOKEN,env=GIT_TOKEN'],
    ];
    const env = { FILE_TOKEN: forFile, GIT_TOKEN: forGit };
    const trace = join(rig.project, '../trace.json');
    const built = await rig.cip('build', '-vv', '--trace', trace, ...secrets, { env });
    assert.equal(built.status, 0, built.stderr);
    assert.doesNotMatch(built.stderr, /unused-secret|no RUN mounts/);
    const { 'app/.git/index': _index, ...found } = await filesOf(rig, 'localhost:5000/app:1.0.0');
    assert.deepEqual([found['f'], found['app/readme']], [text('one'), text('first')]);
    const plan = await rig.cip('plan', 'build', '--check', ...secrets, { env });
    assert.equal(plan.status, 0, plan.stderr);
    // Another token is no other image.
    web.logins.set('/f', 'Bearer another');
    const other = await rig.cip('plan', 'build', '--check', ...secrets, { env: { ...env, FILE_TOKEN: 'another' } });
    assert.equal(other.status, 0, other.stderr);
    const anew = await rig.cip('build-image', 'contexts/00-app', '--no-cache', '-t', 'x:1', ...secrets, {
      env: { ...env, FILE_TOKEN: 'another' },
    });
    assert.equal(anew.status, 0, anew.stderr);

    const needles = [forFile, forGit, Buffer.from(`x-access-token:${forGit}`).toString('base64')];
    const places = [rig.store, trace];
    for (const needle of needles) {
      for (const output of [built.stdout, built.stderr, anew.stdout, anew.stderr]) assert.ok(!output.includes(needle));
      const { stdout } = await exec('sh', ['-c', 'grep -rlaF -e "$0" "$@" || true', needle, ...places]);
      assert.equal(stdout, '');
    }
  },
);

test('no argument of a process holds a secret', needs('git'), async () => {
  await using world = await setUp((host) => `FROM scratch\nADD http://${host}/git/app.git#main /app\n`);
  const { rig } = world;
  const [bin, log] = [join(rig.project, '../bin'), join(rig.project, '../arguments')];
  const { stdout: real } = await exec('sh', ['-c', 'command -v git']);
  await mkdir(bin);
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >> '${log}'\nenv | grep -c GIT_CONFIG_VALUE_1 >> '${log}.env'\nexec ${real.trim()} "$@"\n`;
  await writeFile(join(bin, 'git'), script, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env['PATH']}`, TOKEN: 'secret-of-git' };
  const built = await rig.cip('build', '--secret', 'id=GIT_AUTH_TOKEN,env=TOKEN', { env });
  assert.equal(built.status, 0, built.stderr);
  assert.doesNotMatch(await readFile(log, 'utf8'), /secret-of-git|extraHeader|eC1hY2Nlc3MtdG9rZW/);
  assert.match(await readFile(`${log}.env`, 'utf8'), /1/);
});
