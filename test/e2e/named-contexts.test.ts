/** `cip build-image --build-context`, by the whole program: what the cases of conformance cannot show. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { commit, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { type Files, Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startWebServer } from '../support/web-server.ts';

const files: Files = {
  'app/Dockerfile': 'FROM base AS build\nRUN false\nFROM scratch\nCOPY --from=build /a /a\n',
  'lib/a': 'one',
  'lib/other': 'other',
};
const shown = ['--progress', 'json'];

/** The reasons of all failures and notices. */
function reasonsIn(stderr: string): readonly string[] {
  return stderr.split('\n').flatMap((line) => {
    const { reason } = line.startsWith('{') ? JSON.parse(line) : {};
    return reason === undefined ? [] : [reason as string];
  });
}

const stepsIn = (stderr: string) => [...stderr.matchAll(/"type":"step-started"/g)].length;

async function built(rig: Rig, ...args: readonly string[]) {
  const { status, stdout, stderr } = await rig.cip('build-image', 'app', ...shown, ...args);
  assert.equal(status, 0, stderr);
  return { digest: stdout.trim(), stderr };
}

test('what a directory has now is what counts, and only what the image takes of it', async () => {
  await using rig = await Rig.setup({ files });
  const args = ['--build-context', 'build=lib'];
  const first = await built(rig, ...args);
  const again = await built(rig, ...args);
  assert.deepEqual([again.digest, stepsIn(again.stderr)], [first.digest, 0]);
  await rig.write({ 'lib/other': 'more' });
  assert.equal((await built(rig, ...args)).digest, first.digest);
  await rig.write({ 'lib/a': 'two' });
  assert.notEqual((await built(rig, ...args)).digest, first.digest);
  await rig.write({ 'lib/.dockerignore': 'a\n' });
  const gone = await rig.cip('build-image', 'app', ...shown, ...args);
  assert.deepEqual([gone.status, reasonsIn(gone.stderr)], [4, ['copy-source-missing']]);
});

test('an image of an OCI layout is read from disk, and believed by its digests alone', async () => {
  await using rig = await Rig.setup({ files });
  await rig.write({ 'base/Dockerfile': 'FROM scratch\nCOPY a /a\nLABEL from=layout\n', 'base/a': 'of layout' });
  const layout = await rig.cip('build-image', 'base', '-t', 'base:7', '-o', 'type=oci,tar=false,dest=layout');
  assert.equal(layout.status, 0, layout.stderr);
  const { manifests } = JSON.parse(await rig.read('layout/index.json'));
  const forms = ['layout', 'layout:7', `layout@${manifests[0].digest}`, `layout:other@${manifests[0].digest}`];
  const digests = new Set<string>();
  for (const form of forms) digests.add((await built(rig, '--build-context', `build=oci-layout://${form}`)).digest);
  assert.equal(digests.size, 1);
  const lacking = async (form: string) => {
    const { status, stderr } = await rig.cip(
      'build-image',
      'app',
      ...shown,
      '--build-context',
      `build=oci-layout://${form}`,
    );
    return [status, ...reasonsIn(stderr)];
  };
  assert.deepEqual(await lacking('layout:8'), [2, 'layout-image-missing']);
  assert.deepEqual(await lacking(`layout@sha256:${'0'.repeat(64)}`), [2, 'layout-image-missing']);
  assert.deepEqual(await lacking('lib'), [2, 'layout-not-readable']);
  assert.deepEqual(await lacking('nothing'), [2, 'layout-not-readable']);

  await rm(rig.store, { recursive: true });
  const blobs = join(rig.project, 'layout/blobs/sha256');
  const sizes = new Map<string, Buffer>();
  for (const name of await readdir(blobs)) sizes.set(name, await readFile(join(blobs, name)));
  for (const [name, bytes] of sizes) {
    await writeFile(join(blobs, name), Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
    const { status, stderr } = await rig.cip('build-image', 'app', '--build-context', 'build=oci-layout://layout');
    assert.notEqual(status, 0, `${name}: ${stderr}`);
    assert.notEqual(status, 70, stderr);
    assert.match(stderr, new RegExp(name.slice(0, 12)));
    await writeFile(join(blobs, name), bytes);
    await rm(rig.store, { recursive: true, force: true });
  }
  await built(rig, '--build-context', 'build=oci-layout://layout');
});

test('an image of the store, and of a registry as it is now', async () => {
  await using rig = await Rig.setup({ files, registry: true });
  const at = `${rig.registry}/lib:1`;
  const push = async (content: string) => {
    await rig.write({ 'base/Dockerfile': 'FROM scratch\nCOPY a /a\n', 'base/a': content });
    const { status, stderr } = await rig.cip('build-image', 'base', '-t', at, '--push', '-o', 'type=registry');
    assert.equal(status, 0, stderr);
  };
  await push('one');
  const args = ['--build-context', `build=docker-image://${at}`];
  const first = await built(rig, ...args);
  assert.equal((await built(rig, ...args)).digest, first.digest);
  await push('two');
  const second = await built(rig, ...args);
  assert.notEqual(second.digest, first.digest);
});

test('a commit of a repository, which moves', needs('git'), async () => {
  await using served = await tempDir();
  const path = join(served.path, 'x.git');
  await repository(path, { 'sub/a': 'first' });
  await using web = await startWebServer([], served.path);
  await using rig = await Rig.setup({ files });
  const args = ['--build-context', `build=http://${web.host}/git/x.git#main:sub`];
  const first = await built(rig, ...args);
  const again = await built(rig, ...args);
  assert.deepEqual([again.digest, stepsIn(again.stderr)], [first.digest, 0]);
  await commit(path, { 'sub/a': 'second' });
  assert.notEqual((await built(rig, ...args)).digest, first.digest);
});

test('a context that nothing names is said, with what may be meant', async () => {
  await using rig = await Rig.setup({ files });
  const all = ['--build-context', 'build=lib'];
  const said = async (...args: readonly string[]) => {
    const { stderr } = await built(rig, ...all, ...args);
    return stderr.split('\n').flatMap((line) => {
      const { reason, hint } = line.startsWith('{') ? JSON.parse(line) : {};
      return reason === 'unused-context' ? [hint as string] : [];
    });
  };
  assert.deepEqual(await said(), []);
  assert.deepEqual(await said('--build-context', 'base=lib', '--build-context', 'base::linux/arm64=lib'), []);
  assert.match((await said('--build-context', 'bas=lib'))[0] ?? '', /--build-context base=/);
  assert.match((await said('--build-context', 'elsewhere/thing:1=lib'))[0] ?? '', /COPY --from=elsewhere\/thing:1/);
});

const wrong: readonly (readonly [value: string, reason: string])[] = [
  ['lib', 'invalid-option-value'],
  ['=lib', 'invalid-option-value'],
  ['x=', 'invalid-option-value'],
  ['scratch=lib', 'invalid-option-value'],
  ['context=lib', 'invalid-option-value'],
  ['X=lib', 'invalid-option-value'],
  ['a b=lib', 'invalid-option-value'],
  ['x::=lib', 'invalid-option-value'],
  ['x::linux/amd64::linux/arm64=lib', 'invalid-option-value'],
  ['x=docker-image://', 'invalid-option-value'],
  ['x=docker-image://UPPER', 'invalid-option-value'],
  ['x=oci-layout://', 'invalid-option-value'],
  ['x=target:other', 'no-build-context'],
  ['x=target://other', 'invalid-option-value'],
  ['x=ftp://example.com/x', 'invalid-option-value'],
  ['x=https://example.com/x.git?nothing=1', 'invalid-option-value'],
  ['x=nothing', 'no-build-context'],
  ['x=app/Dockerfile', 'no-build-context'],
  ['x=', 'invalid-option-value'],
];

for (const [value, reason] of wrong) {
  test(`--build-context ${value} is refused before anything is done`, async () => {
    await using rig = await Rig.setup({ files });
    const { status, stderr } = await rig.cip('build-image', 'app', ...shown, '--build-context', value);
    assert.deepEqual([status, ...reasonsIn(stderr)], [2, reason], stderr);
  });
}

test('two contexts of one name, however it is written, are refused', async () => {
  await using rig = await Rig.setup({ files });
  for (const other of ['build=app', 'docker.io/library/build:latest=app', 'build:latest=app']) {
    const args = ['--build-context', 'build=lib', '--build-context', other];
    const { status, stderr } = await rig.cip('build-image', 'app', ...shown, ...args);
    assert.deepEqual([status, ...reasonsIn(stderr)], [2, 'invalid-option-value'], other);
  }
});
