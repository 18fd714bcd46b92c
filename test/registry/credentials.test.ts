import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { CredentialStore } from '../../src/registry/credentials.ts';
import { type Credentials, type DockerConfig, helperFor, inAuths } from '../../src/registry/docker-config.ts';
import { FailureError } from '../../src/result.ts';
import { tempDir } from '../support/temp-dir.ts';

const signal = new AbortController().signal;
const auth = (user: string, password: string) => ({ auth: Buffer.from(`${user}:${password}`).toString('base64') });
const password = (username: string, secret: string): Credentials => ({ kind: 'password', username, password: secret });

const auths = {
  'https://index.docker.io/v1/': auth('hub', 'h'),
  'ghcr.io': auth('host', '1'),
  'ghcr.io/group': auth('group', '2'),
  'https://ghcr.io/group/project/': auth('project', '3'),
  'localhost:5000': { username: 'plain', password: 'text' },
  'empty.example': {},
  'id.example': { ...auth('00000000', ''), identitytoken: 'refresh' },
  'reg.example/v2/': { registrytoken: 'sent-as-is' },
  'colon.example': auth('user', 'a:b:c'),
};

const found: [registry: string, repository: string, want: Credentials | undefined][] = [
  ['docker.io', 'library/debian', password('hub', 'h')],
  ['ghcr.io', 'other/app', password('host', '1')],
  ['GHCR.io', 'other/app', password('host', '1')],
  ['ghcr.io', 'group/app', password('group', '2')],
  ['ghcr.io', 'group', password('group', '2')],
  ['ghcr.io', 'groups/app', password('host', '1')],
  ['ghcr.io', 'group/project/app', password('project', '3')],
  ['localhost:5000', 'app', password('plain', 'text')],
  ['localhost:5001', 'app', undefined],
  ['localhost', 'app', undefined],
  ['empty.example', 'app', undefined],
  ['other.example', 'app', undefined],
  ['id.example', 'app', { kind: 'identity-token', token: 'refresh', username: '00000000' }],
  ['reg.example', 'app', { kind: 'registry-token', token: 'sent-as-is' }],
  ['colon.example', 'app', password('user', 'a:b:c')],
];
for (const [registry, repository, want] of found) {
  test(`inAuths() for ${registry}/${repository} is ${want === undefined ? 'nothing' : JSON.stringify(want)}`, () =>
    assert.deepEqual(inAuths({ auths }, { registry, repository }), want));
}

const helpers: [title: string, config: DockerConfig, registry: string, want: string | undefined][] = [
  ['the one of the host', { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'pass' }, 'gcr.io', 'gcloud'],
  ['the one for all', { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'pass' }, 'ghcr.io', 'pass'],
  ['the one of the hub', { credHelpers: { 'https://index.docker.io/v1/': 'pass' } }, 'docker.io', 'pass'],
  ['none', { credsStore: '' }, 'ghcr.io', undefined],
];
for (const [title, config, registry, want] of helpers) {
  test(`helperFor() takes ${title}`, () => assert.equal(helperFor(config, registry), want));
}

/** A folder with config.json and, on PATH, a credential helper that is a shell script and notes each of its runs. */
async function setUp(config: unknown, script = '') {
  const dir = await tempDir();
  const log = join(dir.path, 'log');
  const helper = join(dir.path, 'docker-credential-test');
  await writeFile(helper, `#!/bin/sh\nserver=$(cat)\necho "$1 $server" >>${log}\n${script}\n`);
  await chmod(helper, 0o755);
  const dockerConfig = join(dir.path, 'config.json');
  await writeFile(dockerConfig, typeof config === 'string' ? config : JSON.stringify(config));
  const env = { PATH: [dir.path, process.env['PATH']].join(delimiter) };
  return {
    dir,
    env,
    dockerConfig,
    store: new CredentialStore({ dockerConfig, env }),
    log: () => readFile(log, 'utf8'),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;

test('CredentialStore asks the helper of the host once, in its own words for the hub', async () => {
  await using one = await setUp({ credsStore: 'test' }, `echo '{"ServerURL":"x","Username":"u","Secret":"s"}'`);
  assert.deepEqual(
    await one.store.find({ registry: 'docker.io', repository: 'library/a' }, signal),
    password('u', 's'),
  );
  assert.deepEqual(
    await one.store.find({ registry: 'docker.io', repository: 'library/b' }, signal),
    password('u', 's'),
  );
  assert.deepEqual(await one.store.find({ registry: 'ghcr.io', repository: 'a' }, signal), password('u', 's'));
  assert.equal(await one.log(), 'get https://index.docker.io/v1/\nget ghcr.io\n');
});

test('CredentialStore understands identity tokens of helpers', async () => {
  await using one = await setUp({ credHelpers: { 'a.example': 'test' } }, `echo '{"Username":"<token>","Secret":"s"}'`);
  assert.deepEqual(await one.store.find({ registry: 'a.example' }, signal), { kind: 'identity-token', token: 's' });
  assert.equal(await one.store.find({ registry: 'b.example' }, signal), undefined);
});

test('CredentialStore prefers what is written to helpers, and does not run them', async () => {
  await using one = await setUp({ auths: { 'a.example': auth('u', 'p') }, credsStore: 'test' }, 'exit 1');
  assert.deepEqual(await one.store.find({ registry: 'a.example', repository: 'x' }, signal), password('u', 'p'));
  await assert.rejects(one.log());
});

test('CredentialStore is anonymous where the helper has nothing', async () => {
  await using one = await setUp({ credsStore: 'test' }, 'echo "credentials not found in native keychain"; exit 1');
  assert.equal(await one.store.find({ registry: 'a.example' }, signal), undefined);
});

const broken: [title: string, script: string, says: RegExp][] = [
  ['fails', 'echo "the keychain is locked" >&2; exit 3', /the keychain is locked/],
  ['prints no JSON', 'echo secret-but-not-json', /no credentials$/],
  ['prints other JSON', `echo '{"Username":7,"Secret":"hush"}'`, /no credentials$/],
];
for (const [title, script, says] of broken) {
  test(`CredentialStore fails where the helper ${title}, and shows no secret`, async () => {
    await using one = await setUp({ credsStore: 'test' }, script);
    await assert.rejects(one.store.find({ registry: 'a.example' }, signal), (error) => {
      assert.ok(because('credential-helper-failed')(error));
      assert.match((error as Error).message, says);
      assert.doesNotMatch((error as Error).message, /secret-but|hush/);
      return true;
    });
  });
}

test('CredentialStore fails where the helper is not installed', async () => {
  await using one = await setUp({ credsStore: 'nobody-has-this' });
  await assert.rejects(one.store.find({ registry: 'a.example' }, signal), because('credential-helper-failed'));
});

test('CredentialStore knows nobody where there is no file, and fails where it cannot be read', async () => {
  await using one = await setUp('{"auths": ');
  const nowhere = new CredentialStore({ dockerConfig: `${one.dockerConfig}.not`, env: {} });
  assert.equal(await nowhere.find({ registry: 'a.example' }, signal), undefined);
  assert.equal(await new CredentialStore({ env: {} }).find({ registry: 'a.example' }, signal), undefined);
  await assert.rejects(one.store.find({ registry: 'a.example' }, signal), because('docker-config-invalid'));
  await using other = await setUp({ auths: { 'a.example': { auth: 7 } } });
  await assert.rejects(other.store.find({ registry: 'a.example' }, signal), because('docker-config-invalid'));
});

const fromEnv: [value: string, want: Credentials][] = [
  ['token', { kind: 'registry-token', token: 'token' }],
  ['user:pass:word', password('user', 'pass:word')],
];
for (const [value, want] of fromEnv) {
  test(`CredentialStore believes CIP_REGISTRY_TOKEN_<HOST>=${value} before all else`, async () => {
    await using one = await setUp({ auths: { 'a-b.example:5000': auth('u', 'p') } });
    const env = { CIP_REGISTRY_TOKEN_A_B_EXAMPLE_5000: value };
    const store = new CredentialStore({ dockerConfig: one.dockerConfig, env });
    assert.deepEqual(await store.find({ registry: 'a-b.example:5000', repository: 'x' }, signal), want);
    assert.equal(await store.find({ registry: 'b.example' }, signal), undefined);
  });
}

const job = { CI_REGISTRY: 'gitlab.example:5050', CI_REGISTRY_USER: 'job', CI_REGISTRY_PASSWORD: 'hush' };
const inJobs: readonly (readonly [
  title: string,
  env: Readonly<Record<string, string>>,
  registry: string,
  user: string | undefined,
])[] = [
  ['its registry', job, 'gitlab.example:5050', 'job'],
  ['another registry', job, 'gitlab.example', undefined],
  ['its registry, with a login of its own', job, 'set.example', 'u'],
  [
    'its registry, where a token is given',
    { ...job, CIP_REGISTRY_TOKEN_GITLAB_EXAMPLE_5050: 'me:x' },
    'gitlab.example:5050',
    'me',
  ],
  ['its registry, without a password', { ...job, CI_REGISTRY_PASSWORD: '' }, 'gitlab.example:5050', undefined],
  ['no registry', {}, 'gitlab.example:5050', undefined],
];
for (const [title, env, registry, user] of inJobs) {
  test(`CredentialStore in a job of GitLab, for ${title}: ${user ?? 'nobody'}`, async () => {
    await using one = await setUp({ auths: { 'set.example': auth('u', 'p') } });
    for (const dockerConfig of [one.dockerConfig, undefined]) {
      if (dockerConfig === undefined && registry === 'set.example') continue;
      const store = new CredentialStore({
        dockerConfig,
        env: registry === 'set.example' ? { ...env, CI_REGISTRY: registry } : env,
      });
      const found = await store.find({ registry, repository: 'group/x' }, signal);
      assert.equal(found?.kind === 'password' ? found.username : found, user);
      assert.equal((await store.login({ registry }))?.user, user);
    }
  });
}

test('login() says whose credentials were found and where, and nothing that is secret', async () => {
  await using one = await setUp({
    auths: {
      'a.example': auth('u', 'hush'),
      'b.example': { registrytoken: 'hush' },
      'c.example': { identitytoken: 'hush' },
    },
    credHelpers: { 'd.example': 'nobody-has-this' },
  });
  const home = dirname(one.dockerConfig);
  const store = new CredentialStore({ dockerConfig: one.dockerConfig, env: { HOME: home } });
  const from = '~/config.json';
  assert.deepEqual(await store.login({ registry: 'a.example' }), {
    user: 'u',
    from,
    isRenewable: true,
    isToken: false,
  });
  assert.deepEqual(await store.login({ registry: 'b.example' }), {
    user: undefined,
    from,
    isRenewable: true,
    isToken: true,
  });
  assert.deepEqual(await store.login({ registry: 'c.example' }), {
    user: undefined,
    from,
    isRenewable: true,
    isToken: false,
  });
  assert.equal(await store.login({ registry: 'd.example' }), undefined);
  assert.equal(await store.login({ registry: 'e.example' }), undefined);
});
