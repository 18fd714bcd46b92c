import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLoginSecret, Logins } from '../../src/remote/logins.ts';
import { commit, git, repository } from '../support/git-repository.ts';
import { needs } from '../support/needs.ts';
import { startWebServer } from '../support/web-server.ts';
import { failureOf, fileAt, never, RemoteRig, sourceOf } from './remote-rig.ts';

const basic = (token: string) => `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
const value = (text: string) => ({ value: text });

/** Ids with a value each, the source, and what is shown there. */
const shown: readonly (readonly [ids: string, source: string, header: string | undefined])[] = [
  ['HTTP_AUTH_TOKEN_a.example=t', 'https://a.example/f', 'Bearer t'],
  ['HTTP_AUTH_TOKEN_a.example=t', 'http://a.example:8080/f', 'Bearer t'],
  ['HTTP_AUTH_TOKEN_a.example=t', 'https://A.Example/f', 'Bearer t'],
  ['HTTP_AUTH_TOKEN_a.example=t', 'https://b.a.example/f', undefined],
  ['HTTP_AUTH_TOKEN_a.example=t', 'https://a.example/f.git', undefined],
  ['HTTP_AUTH_HEADER_a.example=Basic x', 'https://a.example/f', 'Basic x'],
  ['HTTP_AUTH_HEADER_a.example=Basic x,HTTP_AUTH_TOKEN_a.example=t', 'https://a.example/f', 'Bearer t'],
  ['GIT_AUTH_TOKEN=t', 'https://a.example/f', undefined],
  ['GIT_AUTH_TOKEN=t', 'https://a.example/f.git', basic('t')],
  ['GIT_AUTH_TOKEN=t', 'ssh://git@a.example/f.git', undefined],
  ['GIT_AUTH_TOKEN=t', 'git@a.example:f.git', undefined],
  ['GIT_AUTH_TOKEN.a.example=t', 'https://a.example/f.git#main:x', basic('t')],
  ['GIT_AUTH_TOKEN.a.example=t', 'https://a.example:8443/f.git', undefined],
  ['GIT_AUTH_TOKEN.a.example:8443=t', 'https://a.example:8443/f.git', basic('t')],
  ['GIT_AUTH_TOKEN.b.example=t', 'https://a.example/f.git', undefined],
  ['GIT_AUTH_HEADER=Basic x', 'https://a.example/f.git', 'Basic x'],
  ['GIT_AUTH_TOKEN=t,GIT_AUTH_HEADER=Basic x', 'https://a.example/f.git', 'Basic x'],
  ['GIT_AUTH_HEADER=Basic x,GIT_AUTH_TOKEN.a.example=t', 'https://a.example/f.git', basic('t')],
  ['GIT_AUTH_HEADER.a.example=Basic y,GIT_AUTH_TOKEN.a.example=t', 'https://a.example/f.git', 'Basic y'],
  ['other=t', 'https://a.example/f', undefined],
];

for (const [ids, source, header] of shown) {
  test(`with ${ids} ${source} is shown ${header ?? 'nothing'}`, async () => {
    const logins = new Logins();
    logins.give(
      Object.fromEntries(
        ids.split(',').map((one) => {
          const at = one.indexOf('=');
          return [one.slice(0, at), value(one.slice(at + 1))];
        }),
      ),
    );
    assert.equal(await logins.headerFor(sourceOf(source)), header);
  });
}

test('ids of logins are told from others', () => {
  const ids = ['HTTP_AUTH_TOKEN_x', 'HTTP_AUTH_HEADER_x', 'GIT_AUTH_TOKEN', 'GIT_AUTH_HEADER.x', 'GIT_AUTH_TOKEN.x:1'];
  const others = [
    'HTTP_AUTH_TOKEN_',
    'HTTP_AUTH_TOKEN',
    'GIT_AUTH_TOKENS',
    'GIT_AUTH_TOKEN.',
    'npm',
    'MY_GIT_AUTH_TOKEN',
  ];
  assert.deepEqual([...ids, ...others].map(isLoginSecret), [...ids.map(() => true), ...others.map(() => false)]);
});

test('a secret that no header can hold is refused, and not shown', async () => {
  await using rig = await RemoteRig.open();
  const file = join(rig.dir, 'token');
  const outcome = async (secret: string | { readonly value: string }) => {
    const logins = new Logins();
    logins.give({ GIT_AUTH_TOKEN: secret });
    return await failureOf(logins.headerFor(sourceOf('https://a.example/f.git')));
  };
  for (const text of ['', '\n', 'two\nlines', 'null\0', 'grün']) {
    const { reason, message } = await outcome(value(text));
    assert.equal(reason, 'login-not-usable', JSON.stringify(text));
    assert.ok(text.length < 3 || !message.includes(text));
  }
  assert.equal((await outcome(file)).reason, 'login-not-usable');
  await writeFile(file, 'of-file\r\n');
  const logins = new Logins();
  logins.give({ GIT_AUTH_TOKEN: file });
  assert.equal(await logins.headerFor(sourceOf('https://a.example/f.git')), basic('of-file'));
});

test('a login brings a file, and goes to no other server', async () => {
  await using rig = await RemoteRig.open();
  await using other = await startWebServer([['/f', { body: 'elsewhere' }]]);
  await using web = await startWebServer([
    ['/f', { body: 'one' }],
    ['/away', { status: 302, headers: { location: `http://${other.host}/f` } }],
    ['/here', { status: 302, headers: { location: '/f' } }],
  ]);
  const login = 'Bearer token';
  for (const path of ['/f', '/away', '/here']) web.logins.set(path, login);
  const at = (path: string) => fileAt(`http://${web.host}${path}`);
  assert.equal((await failureOf(rig.run().files.file(at('/f'), never))).reason, 'source-refused');
  const run = rig.run();
  run.logins.give({ 'HTTP_AUTH_TOKEN_127.0.0.1': value('token') });
  assert.equal((await run.files.file(at('/f'), never)).size, 3);
  assert.equal((await run.files.file(at('/here'), never)).size, 3);
  assert.equal((await run.files.file(at('/away'), never)).size, 9);
  assert.deepEqual(other.shown, []);
  assert.deepEqual(
    web.shown,
    ['/f', '/here', '/f', '/away'].map((path) => `${path} ${login}`),
  );
  // One in the address is for whoever has no other.
  const both = fileAt(`http://me:wrong@${web.host}/f`);
  assert.equal((await run.files.file(both, never)).size, 3);
  // It is written down nowhere.
  const records = await readFile(join(rig.dir, 'store/records/remote-files.log'), 'utf8');
  assert.doesNotMatch(records, /token|Bearer/);
});

test('a login brings a repository, and not one beside it', needs('git'), async () => {
  await using rig = await RemoteRig.open();
  const served = join(rig.dir, 'served');
  await repository(join(served, 'app.git'), { a: 'one\n' });
  await repository(join(served, 'lib.git'), { lib: 'lib\n' });
  const path = join(served, 'app.git');
  await git(path, 'submodule', '--quiet', 'add', join(served, 'lib.git'), 'lib');
  await git(path, 'config', '--file', '.gitmodules', 'submodule.lib.url', '../lib.git');
  await commit(path, {});
  await using web = await startWebServer([], served);
  web.logins.set('/git/app.git/', basic('token'));
  const source = sourceOf(`http://${web.host}/git/app.git`);
  assert.ok(source.type === 'git');
  assert.equal((await failureOf(rig.run().repositories.commitOf(source, never))).reason, 'git-failed');
  // What files of git say is not sent beside it.
  const env = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: 'Authorization: Basic eDp5',
  };
  for (const run of [rig.run(), rig.run({ env })]) {
    run.logins.give({ [`GIT_AUTH_TOKEN.${web.host}`]: value('token') });
    const known = await run.repositories.commitOf(source, never);
    const directory = rig.store.session.tempPath('git');
    await run.repositories.checkout({ ...source, keepsGitDir: true }, { commit: known, directory }, never);
    assert.equal(await readFile(join(directory, 'lib/lib'), 'utf8'), 'lib\n');
    assert.equal(await readFile(join(directory, 'a'), 'utf8'), 'one\n');
    assert.doesNotMatch(await readFile(join(directory, '.git/config'), 'utf8'), /token|uthorization|extra/i);
  }
  assert.ok(
    web.shown.some((one) => one.startsWith('/git/app.git/')),
    web.shown.join('\n'),
  );
  // Of the second run, whose submodule is shown what the person's own settings say.
  const [own, theirs] = [basic('token'), 'Basic eDp5'];
  const isRight = (one: string) => one.endsWith(` ${one.startsWith('/git/app.git/') ? own : theirs}`);
  assert.deepEqual(
    web.shown.filter((one) => !isRight(one)),
    [],
  );
  const noWeb = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.http.allow', GIT_CONFIG_VALUE_0: 'never' };
  const forbidden = rig.run({ env: noWeb });
  forbidden.logins.give({ GIT_AUTH_TOKEN: value('token') });
  assert.equal((await failureOf(forbidden.repositories.commitOf(source, never))).reason, 'git-failed');
});
