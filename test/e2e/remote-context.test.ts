/** `cip build-image URL`: the context is a git repository, a tar or a Dockerfile of a server on this machine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { complaintsIn } from '../support/complaints.ts';
import { commit, git, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { Rig } from '../support/rig.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startWebServer } from '../support/web-server.ts';

const copying = 'FROM scratch\nCOPY . /x/\n';

async function setUp() {
  const served = await tempDir();
  const path = join(served.path, 'app.git');
  await repository(path, { Dockerfile: copying, a: 'first', '.dockerignore': 'a\n' });
  await git(path, 'tag', 'v1');
  await commit(path, {
    a: 'second',
    'sub/dockerfile': copying,
    'sub/b': 'b',
    'other/My.Dockerfile': copying,
    within: { link: '/sub' },
    outside: { link: '/etc' },
  });
  const rig = await Rig.setup({ files: { 'c/Dockerfile': copying, 'c/a': 'A\n', 'd/e': 'e\n' } });
  const tar = (directory: string) => execFileSync('tar', ['-c', '-C', directory, '.'], { cwd: rig.project });
  const web = await startWebServer(
    [
      ['/c.tar', { body: tar('c') }],
      ['/c.tar.gz', { body: gzipSync(tar('c')) }],
      ['/private.tar', { body: tar('c') }],
      ['/none.tar', { body: tar('d') }],
      ['/text.gz', { body: gzipSync('FROM scratch\n') }],
      ['/empty', { body: '' }],
      ['/Dockerfile', { body: 'FROM scratch\nCOPY <<a /b\nc\na\n' }],
      ['/copying', { body: 'FROM scratch\nCOPY a /x\n' }],
    ],
    served.path,
  );
  web.logins.set('/private.tar', 'Bearer word');
  return {
    rig,
    web,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

/** Address behind the host, more words → the files of the image. */
const built: readonly (readonly [address: string, args: readonly string[], files: readonly string[]])[] = [
  ['/c.tar', [], ['x/Dockerfile', 'x/a']],
  ['/c.tar.gz', [], ['x/Dockerfile', 'x/a']],
  ['/Dockerfile', [], ['b']],
  ['/private.tar', ['--secret', 'id=HTTP_AUTH_TOKEN_127.0.0.1,env=WORD'], ['x/Dockerfile', 'x/a']],
  // No ignore file counts, as in BuildKit.
  ['/git/app.git#v1', [], ['x/.dockerignore', 'x/Dockerfile', 'x/a']],
  ['/git/app.git?ref=main&subdir=sub', [], ['x/b', 'x/dockerfile']],
  ['/git/app.git#main:sub', [], ['x/b', 'x/dockerfile']],
  ['/git/app.git#main:within', [], ['x/b', 'x/dockerfile']],
  ['/git/app.git#:other', ['-f', 'My.Dockerfile'], ['x/My.Dockerfile']],
  ['/git/app.git#:sub', ['-f', '-'], ['y/b']],
];

/** The same → status and complaints. */
const refused: readonly (readonly [address: string, args: readonly string[], status: number, want: string])[] = [
  ['/gone.tar', [], 1, 'source-not-found'],
  ['/private.tar', [], 5, 'source-refused'],
  ['/none.tar', [], 4, 'dockerfile-unreadable'],
  ['/text.gz', [], 2, 'input-not-a-tar'],
  ['/empty', [], 2, 'input-empty'],
  ['/Dockerfile', ['-f', 'Dockerfile'], 2, 'contradictory-options'],
  ['/copying', [], 4, 'copy-source-missing'],
  ['/git/app.git#gone', [], 1, 'git-ref-not-found'],
  ['/git/app.git#main:gone', [], 2, 'missing-directory'],
  ['/git/app.git#main:a', [], 2, 'missing-directory'],
  ['/git/app.git#main:outside', [], 2, 'missing-directory'],
  ['/git/app.git#:other', [], 4, 'dockerfile-unreadable'],
  ['/git/app.git?word=1', [], 2, 'missing-directory'],
];

test('build-image fetches its context', needs('git', 'user namespaces'), async (t) => {
  await using world = await setUp();
  const { rig, web } = world;
  const env = { WORD: 'word' };
  const input = 'FROM scratch\nCOPY b /y/\n';
  const listed = async (...words: readonly string[]) => {
    const { status, stderr } = await rig.cip('build-image', ...words, '-o', 'type=tar,dest=out.tar', { env, input });
    assert.equal(status, 0, stderr);
    return execFileSync('tar', ['-tf', 'out.tar'], { cwd: rig.project })
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith('/'))
      .sort();
  };
  for (const [address, args, files] of built)
    await t.test(`${address} ${args.join(' ')}`, async () => {
      assert.deepEqual(await listed(`http://${web.host}${address}`, ...args), files);
    });
  for (const [address, args, status, want] of refused)
    await t.test(`not ${address} ${args.join(' ')}`, async () => {
      const failed = await rig.cip('build-image', `http://${web.host}${address}`, ...args, { env: {} });
      assert.deepEqual(
        [failed.status, complaintsIn(failed.stderr).map((one) => one.replace(/ .*/, ''))],
        [status, [want]],
        failed.stderr,
      );
    });
  await t.test('what belongs to git is there only where that is wanted', async () => {
    const files = await listed(`http://${web.host}/git/app.git#v1`, '--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1');
    assert.ok(files.includes('x/.git/HEAD'), files.join());
  });
  await t.test('files are as old as the commit, and a tar gives the image of its directory', async () => {
    await listed(`http://${web.host}/git/app.git#v1`);
    const verbose = execFileSync('tar', ['--utc', '-tvf', 'out.tar', 'x/a'], { cwd: rig.project }).toString();
    assert.match(verbose, /2001-09-09 01:46/);
    const digest = async (from: string) => {
      const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1700000000'];
      const { stdout, stderr } = await rig.cip('build-image', from, '-q', '--no-cache', ...epoch);
      assert.notEqual(stdout, '', stderr);
      return stdout;
    };
    assert.equal(await digest(`http://${web.host}/c.tar.gz`), await digest('c'));
  });
  await t.test('a scheme that nobody fetches', async () => {
    const failed = await rig.cip('build-image', 'ftp://127.0.0.1/c.tar');
    assert.deepEqual([failed.status, complaintsIn(failed.stderr)], [2, ['missing-directory']]);
  });
  await t.test('a check alone, and nothing is left', async () => {
    const checked = await rig.cip('build-image', '--check', `http://${web.host}/git/app.git`);
    assert.equal(checked.status, 0, checked.stderr);
    const names = await Promise.all(['sessions', 'trash'].map((name) => readdir(join(rig.store, name))));
    assert.deepEqual(names.flat(), []);
  });
});
