import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GitSource } from '../../src/dockerfile/remote-source.ts';
import type { RemoteSources } from '../../src/remote/remote-sources.ts';
import { commit, commitTime, git, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { startWebServer, type WebServer } from '../support/web-server.ts';
import { failureOf, never, RemoteRig, sourceOf } from './remote-rig.ts';

function gitAt(text: string): GitSource {
  const source = sourceOf(text);
  if (source.type !== 'git') throw new Error(`${text} is no repository`);
  return source;
}

/** A rig, a repository `app.git` with two commits, and its server. */
async function setUp(): Promise<{
  readonly rig: RemoteRig;
  readonly web: WebServer;
  readonly path: string;
  readonly first: string;
  readonly second: string;
  readonly address: string;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const rig = await RemoteRig.open();
  const path = join(rig.dir, 'served', 'app.git');
  const first = await repository(path, { a: 'one\r\n', '.gitattributes': 'b text\n' });
  await git(path, 'tag', 'light');
  await git(path, 'tag', '--annotate', '--message', 'm', 'annotated');
  await git(path, 'branch', 'both');
  const second = await commit(path, { b: 'two\n', 'x/run': { program: '#!/bin/sh\n' }, link: { link: 'b' } });
  await git(path, 'tag', 'both');
  const web = await startWebServer([], join(rig.dir, 'served'));
  return {
    rig,
    web,
    path,
    first,
    second,
    address: `http://${web.host}/git/app.git`,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function namesIn(run: RemoteSources, rig: RemoteRig, source: GitSource, wanted?: string) {
  const directory = rig.store.session.tempPath('git');
  const pin = wanted ?? (await run.repositories.commitOf(source, never));
  const time = await run.repositories.checkout(source, { commit: pin, directory }, never);
  return { directory, time, names: (await readdir(directory)).sort() };
}

test('refs are found as git finds them', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address, first, second } = world;
  const expected: Readonly<Record<string, string>> = {
    '': second,
    '#main': second,
    '#refs/heads/main': second,
    '#heads/main': second,
    '#light': first,
    '#annotated': first,
    '?tag=annotated': first,
    // A branch goes before a tag of its name.
    '#both': first,
    '?tag=both': second,
    '?branch=both': first,
    [`#${second}`]: second,
    [`?checksum=${second.slice(0, 10)}`]: second,
  };
  const found: Record<string, string> = {};
  const run = rig.run();
  for (const end of Object.keys(expected)) found[end] = await run.repositories.commitOf(gitAt(address + end), never);
  assert.deepEqual(found, expected);
});

test('the files of a commit are there with its time, links and modes', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address } = world;
  const { directory, time, names } = await namesIn(rig.run(), rig, gitAt(address));
  assert.deepEqual([time, names], [commitTime, ['.git', '.gitattributes', 'a', 'b', 'link', 'x']]);
  assert.equal((await stat(join(directory, 'x/run'))).mode & 0o777, 0o755);
  const config = await readFile(join(directory, '.git/config'), 'utf8');
  assert.match(config, /url = http:\/\/127\.0\.0\.1:\d+\/git\/app\.git/);
});

test('an older commit is fetched from servers that give out what refs name alone', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address, path, first } = world;
  for (const allowed of ['true', 'false']) {
    await git(path, 'config', 'uploadpack.allowAnySHA1InWant', allowed);
    const source = gitAt(`${address}#${first}`);
    const { names } = await namesIn(rig.run(), rig, source);
    assert.deepEqual(names, ['.git', '.gitattributes', 'a'], allowed);
  }
});

test('a commit that moved away under its ref is still fetched, while the repository has it', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address, path, second } = world;
  await git(path, 'checkout', '--quiet', '-B', 'main', 'light');
  await git(path, 'tag', '--delete', 'both');
  const { names } = await namesIn(rig.run(), rig, gitAt(`${address}#main`), second);
  assert.deepEqual(names, ['.git', '.gitattributes', 'a', 'b', 'link', 'x']);
  const gone = 'f'.repeat(40);
  const failure = await failureOf(namesIn(rig.run(), rig, gitAt(`${address}#main`), gone));
  assert.equal(failure.reason, 'git-ref-not-found');
});

test('what is configured for the user changes no file', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address } = world;
  const home = rig.dir;
  const settings = '[core]\n\tautocrlf = true\n\teol = crlf\n\tattributesFile = ~/attributes\n\thooksPath = ~/hooks\n';
  await writeFile(join(home, '.gitconfig'), `${settings}[filter "x"]\n\tsmudge = tr a-z A-Z\n`);
  await writeFile(join(home, 'attributes'), '* filter=x\n');
  const { directory } = await namesIn(rig.run({ env: { HOME: home } }), rig, gitAt(address));
  assert.equal(await readFile(join(directory, 'b'), 'utf8'), 'two\n');
  assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'one\r\n');
});

test('an address that the user has replaced is looked for where that says', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address, second } = world;
  await writeFile(join(rig.dir, '.gitconfig'), `[url "${address}"]\n\tinsteadOf = https://example.invalid/app.git\n`);
  const run = rig.run({ env: { HOME: rig.dir } });
  assert.equal(await run.repositories.commitOf(gitAt('https://example.invalid/app.git'), never), second);
});

test('submodules come along, by addresses that are no paths of this machine', needs('git'), async () => {
  await using world = await setUp();
  const { rig, web } = world;
  const served = join(rig.dir, 'served');
  await repository(join(served, 'lib.git'), { lib: 'lib\n' });
  const top = join(served, 'top.git');
  await repository(top, { top: 'top\n' });
  await git(top, 'submodule', '--quiet', 'add', join(served, 'lib.git'), 'vendor/lib');
  await commit(top, {});
  const address = `http://${web.host}/git/top.git`;
  // As it is, it is a file of whoever builds.
  const stolen = await failureOf(namesIn(rig.run(), rig, gitAt(address)));
  assert.equal(stolen.reason, 'git-failed');
  await git(top, 'config', '--file', '.gitmodules', 'submodule.vendor/lib.url', '../lib.git');
  await commit(top, {});
  const { directory } = await namesIn(rig.run(), rig, gitAt(address));
  assert.equal(await readFile(join(directory, 'vendor/lib/lib'), 'utf8'), 'lib\n');
  const without = await namesIn(rig.run(), rig, gitAt(`${address}?submodules=0`));
  assert.deepEqual(await readdir(join(without.directory, 'vendor/lib')), []);
});

/** Mistakes → reason. */
const mistakes: readonly (readonly [what: string, end: string, reason: string])[] = [
  ['no such branch', '/git/app.git#nothing', 'git-ref-not-found'],
  ['no such repository', '/git/none.git', 'git-failed'],
  ['another commit than its checksum', `/git/app.git?checksum=${'e'.repeat(40)}#main`, 'source-checksum-mismatch'],
  ['no git at all', '/none.git', 'git-failed'],
];

for (const [what, end, reason] of mistakes) {
  test(`${what}: ${reason}, without the password`, needs('git'), async () => {
    await using world = await setUp();
    const { rig, web } = world;
    const source = gitAt(`http://me:secret@${web.host}${end}`);
    const failure = await failureOf(rig.run().repositories.commitOf(source, never));
    assert.equal(failure.reason, reason);
    assert.doesNotMatch(failure.message, /secret/);
  });
}

test('a machine without git', async () => {
  await using rig = await RemoteRig.open();
  const run = rig.run({ env: { PATH: rig.dir } });
  assert.equal((await failureOf(run.repositories.commitOf(gitAt('https://x/a.git'), never))).reason, 'git-missing');
});

test('what was seen last is known without asking', needs('git'), async () => {
  await using world = await setUp();
  const { rig, address, second, web } = world;
  const source = gitAt(`${address}#main`);
  assert.equal(await rig.run().lastSeen(source), undefined);
  await rig.run().resolve(source, never);
  await web[Symbol.asyncDispose]();
  assert.deepEqual(await rig.run().lastSeen(source), { type: 'git', commit: second });
});
