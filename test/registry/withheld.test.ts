/**
 * Where a login may go. A registry says by itself where its tokens are given out; a login is sent there only over TLS, or to
 * the registry's own host where that is spoken to in the clear anyway.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credentials } from '../../src/registry/docker-config.ts';
import { TokenServer } from '../../src/registry/token-server.ts';
import type { FailureError } from '../../src/result.ts';
import { client, serve } from './http-server.ts';

const signal = new AbortController().signal;
const login = { user: 'u', from: 'the test', isRenewable: true, isToken: false };
const kinds: Readonly<Record<string, Credentials | undefined>> = {
  'a password': { kind: 'password', username: 'u', password: 'hush' },
  'an identity token': { kind: 'identity-token', token: 'hush' },
  nobody: undefined,
};

const realms: readonly (readonly [
  registry: string,
  realm: string,
  how: 'sent' | 'withheld',
  insecure?: readonly string[],
])[] = [
  ['registry.example', 'https://registry.example/token', 'sent'],
  ['registry.example', 'https://auth.example/token', 'sent'],
  ['registry.example', 'https://auth.example:8443/token', 'sent'],
  ['registry.example', 'http://registry.example/token', 'withheld'],
  ['registry.example', 'http://auth.example/token', 'withheld'],
  ['registry.example', 'http://localhost/token', 'withheld'],
  ['registry.example', 'http://169.254.169.254/latest', 'withheld'],
  ['docker.io', 'https://auth.docker.io/token', 'sent'],
  ['docker.io', 'http://auth.docker.io/token', 'withheld'],
  ['registry.example:5000', 'http://registry.example:5000/token', 'sent', ['registry.example:5000']],
  ['registry.example:5000', 'http://registry.example:5001/token', 'sent', ['registry.example:5000']],
  ['registry.example:5000', 'https://auth.example/token', 'sent', ['registry.example:5000']],
  ['registry.example:5000', 'http://auth.example/token', 'withheld', ['registry.example:5000']],
  ['registry.example:5000', 'http://auth.example/token', 'withheld', ['registry.example:5000', 'auth.example']],
  ['registry.example:5000', 'http://registry.example.evil.example/token', 'withheld', ['registry.example:5000']],
  ['registry.example:5000', 'http://localhost:5001/token', 'withheld', ['registry.example:5000']],
  ['registry.example:5000', 'http://registry.example:5000/token', 'withheld', ['other.example:5000']],
  ['localhost:5000', 'http://localhost:5000/token', 'sent'],
  ['localhost:5000', 'http://localhost:5001/token', 'sent'],
  ['localhost:5000', 'http://127.0.0.1:5001/token', 'sent'],
  ['127.0.0.1:5000', 'http://[::1]:5001/token', 'sent'],
  ['localhost:5000', 'https://auth.example/token', 'sent'],
  ['localhost:5000', 'http://auth.example/token', 'withheld'],
  ['localhost:5000', 'http://localhost.evil.example/token', 'withheld'],
  ['localhost:5000', 'http://127.0.0.1.evil.example/token', 'withheld'],
];
for (const [registry, realm, how, insecure = []] of realms) {
  for (const [title, credentials] of Object.entries(kinds)) {
    const isSent = how === 'sent' || credentials === undefined;
    const known = insecure.length === 0 ? '' : `, --insecure-registry ${insecure.join(',')}`;
    test(`${title} for ${registry} is ${isSent ? 'sent to' : 'kept from'} ${realm}${known}`, async () => {
      const sent: string[] = [];
      const server = new TokenServer(
        async ({ url, headers, body }) => {
          sent.push(`${url.origin} ${JSON.stringify(headers)} ${Buffer.from(body ?? []).toString()}`);
          return Buffer.from('{"token":"t"}');
        },
        'cip-test',
        (name) => insecure.includes(name) || name.startsWith('localhost') || name.startsWith('127.'),
      );
      const resource = { registry, repository: 'a' };
      const request = { resource, service: { realm }, scopes: ['repository:a:pull'], credentials };
      const asked = server.fetch(request, credentials && login, signal);
      if (isSent) {
        assert.equal((await asked).token, 't');
        assert.equal(sent.length, 1);
        assert.equal(/authorization|hush/.test(sent[0]!), credentials !== undefined);
      } else {
        await assert.rejects(asked, (error) => {
          assert.equal((error as FailureError).failure.reason, 'credentials-withheld');
          assert.doesNotMatch(JSON.stringify((error as FailureError).failure), /hush/);
          return true;
        });
        assert.deepEqual(sent, []);
      }
    });
  }
}

test('a redirect to another server and back takes no login along', async () => {
  const seen: string[] = [];
  await using other = await serve(({ headers }, response) => {
    seen.push(`other ${headers.authorization}`);
    response.writeHead(307, { location: `http://${server.host}/back` }).end();
  });
  await using server = await serve(({ path, headers }, response) => {
    if (path === '/v2/') return void response.end('{}');
    seen.push(`${path} ${headers.authorization?.slice(0, 5)}`);
    if (path === '/back') return void response.writeHead(404).end();
    if (headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }
    response.writeHead(307, { location: `http://${other.host}/` }).end();
  });
  const name = `CIP_REGISTRY_TOKEN_${server.host.replace(/[^A-Z0-9]/g, '_')}`;
  await using one = client({ env: { [name]: 'u:p' } });
  await one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal);
  assert.deepEqual(seen, [
    '/v2/a/manifests/1 undefined',
    '/v2/a/manifests/1 Basic',
    'other undefined',
    '/back undefined',
  ]);
});

test('a page of tags on another server takes no login along', async () => {
  await using other = await serve((_request, response) => void response.end('{"tags":["b"]}'));
  await using server = await serve(({ path, headers }, response) => {
    if (path === '/v2/') return void response.end('{}');
    if (headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }
    response.writeHead(200, { link: `<http://${other.host}/v2/a/tags/list>; rel="next"` }).end('{"tags":["a"]}');
  });
  const name = `CIP_REGISTRY_TOKEN_${server.host.replace(/[^A-Z0-9]/g, '_')}`;
  await using one = client({ env: { [name]: 'u:p' } });
  const tags: string[] = [];
  for await (const tag of one.repository({ registry: server.host, repository: 'a' }).tags(signal)) tags.push(tag);
  assert.deepEqual(tags, ['a', 'b']);
  assert.deepEqual(
    other.requests.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

/** What is said to somebody whose login is of no use. */
const refusals: readonly (readonly [
  title: string,
  of: { readonly env?: Record<string, string>; readonly status: number; readonly challenge?: string },
  message: RegExp,
  hint: RegExp,
])[] = [
  [
    'a password that is wrong',
    { env: { HOST: 'u:wrong' }, status: 401, challenge: 'Basic realm="x"' },
    /^127\.0\.0\.1:\d+ rejected the login for user "u" \(from CIP_REGISTRY_TOKEN_\w+\)$/,
    /^check the value of CIP_REGISTRY_TOKEN_/,
  ],
  [
    'a token that is wrong',
    { env: { HOST: 'wrong' }, status: 401, challenge: 'Bearer realm="https://auth.example/"' },
    /rejected the login \(from CIP_REGISTRY_TOKEN_\w+\)$/,
    /^check the value of CIP_REGISTRY_TOKEN_/,
  ],
  [
    'nobody',
    { status: 401, challenge: 'Basic realm="x"' },
    /does not allow anonymous users to read the manifest 1 in a$/,
    /^run docker login 127\.0\.0\.1:\d+/,
  ],
  [
    'an account without the permission',
    { env: { HOST: 'u:p' }, status: 403 },
    /does not allow the login for user "u" \(from CIP_REGISTRY_TOKEN_\w+\) to read the manifest 1 in a \(status 403\)$/,
    /permission/,
  ],
];
for (const [title, { env = {}, status, challenge }, message, hint] of refusals) {
  test(`a registry that turns ${title} away: whose login it is, and what to do`, async () => {
    await using server = await serve(({ path }, response) => {
      if (path === '/v2/') return void response.end('{}');
      response.writeHead(status, challenge === undefined ? {} : { 'www-authenticate': challenge }).end();
    });
    const name = `CIP_REGISTRY_TOKEN_${server.host.replace(/[^A-Z0-9]/g, '_')}`;
    await using one = client({ env: env['HOST'] === undefined ? {} : { [name]: env['HOST'] } });
    await assert.rejects(one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal), (error) => {
      const { failure } = error as FailureError;
      assert.equal(failure.reason, 'registry-denied');
      assert.match(failure.message, message);
      assert.match(failure.hint ?? '', hint);
      assert.doesNotMatch(JSON.stringify(failure), /wrong/);
      return true;
    });
  });
}
