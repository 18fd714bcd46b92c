import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { FailureError } from '../../src/result.ts';
import { tempDir } from '../support/temp-dir.ts';
import { client, type HttpRequest, type HttpServer, serve } from './http-server.ts';

const signal = new AbortController().signal;
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;
const blob = { mediaType: mediaTypes.layerTar, digest: digestOf('x'), size: 1 };

interface Rules {
  /** Whom the token server knows: `user:password`. */
  readonly users?: readonly string[];
  /** Refresh tokens it knows. */
  readonly refreshTokens?: readonly string[];
  /** Lets anonymous users pull. */
  readonly publicPull?: boolean;
  /** Seconds; not sent if absent. */
  readonly life?: number;
  /** Methods that the token server does not have. */
  readonly lacks?: readonly string[];
  /** Registry's verdict on a token that is right: for what breaks. */
  readonly refuse?: (request: HttpRequest) => boolean;
}

/** A registry that knows every blob, guarded by tokens, and the server that gives these out. */
async function guarded(rules: Rules) {
  let issued = 0;
  const scopesOf = new Map<string, readonly string[]>();
  const grant = (response: ServerResponse, scopes: readonly string[], isKnown: boolean) => {
    const granted = scopes.filter((scope) => isKnown || (rules.publicPull === true && scope.endsWith(':pull')));
    const token = `t${++issued}`;
    scopesOf.set(`Bearer ${token}`, granted);
    response.end(JSON.stringify({ token, ...(rules.life !== undefined && { expires_in: rules.life }) }));
  };
  const tokens = await serve((request, response) => {
    if (rules.lacks?.includes(request.method) === true) return void response.writeHead(405).end();
    if (request.method === 'POST') {
      const form = new URLSearchParams(request.body.toString());
      const isKnown =
        form.get('grant_type') === 'refresh_token'
          ? rules.refreshTokens?.includes(form.get('refresh_token')!)
          : rules.users?.includes(`${form.get('username')}:${form.get('password')}`);
      if (isKnown !== true) return void response.writeHead(401).end();
      return grant(response, form.get('scope')?.split(' ') ?? [], true);
    }
    const basic = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    const who = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString();
    if (who !== undefined && rules.users?.includes(who) !== true) return void response.writeHead(401).end();
    grant(response, new URL(request.path, 'http://x').searchParams.getAll('scope'), who !== undefined);
  });
  const registry = await serve((request, response) => {
    const { method, path, headers } = request;
    const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(path)?.[1];
    const isPush = !['GET', 'HEAD'].includes(method);
    const scope = repository === undefined ? '' : `repository:${repository}:${isPush ? 'pull,push' : 'pull'}`;
    const granted = scopesOf.get(headers.authorization ?? '');
    const isGranted = granted?.some((one) => one === scope || one === `${scope},push`) === true;
    if ((scope !== '' && !isGranted) || (scope === '' && granted === undefined) || rules.refuse?.(request) === true) {
      const error = granted === undefined ? '' : ',error="insufficient_scope"';
      const challenge = `Bearer realm="http://${tokens.host}/token?x=1",service="test registry",scope="${scope}"${error}`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (method === 'POST') response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/u` }).end();
    else if (method === 'PUT') response.writeHead(201).end();
    else if (method === 'HEAD' && path.includes(digestOf('missing'))) response.writeHead(404).end();
    else response.writeHead(200).end();
  });
  return {
    tokens,
    registry,
    async [Symbol.asyncDispose]() {
      await tokens[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** A client with these credentials for the registry. */
async function clientFor({ host }: HttpServer, entry: object | undefined, now?: () => number) {
  const dir = await tempDir();
  const dockerConfig = join(dir.path, 'config.json');
  await writeFile(dockerConfig, JSON.stringify({ auths: entry === undefined ? {} : { [host]: entry } }));
  const one = client({ dockerConfig, hooks: { sleep: async () => {}, ...(now !== undefined && { now }) } });
  return {
    repository: (repository: string) => one.repository({ registry: host, repository }),
    ping: () => one.ping(host, signal),
    async [Symbol.asyncDispose]() {
      await one.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}
const login = (user: string) => ({ auth: Buffer.from(user).toString('base64') });

test('an anonymous user gets a token, which serves for all requests of its scope', async () => {
  await using server = await guarded({ publicPull: true });
  await using one = await clientFor(server.registry, undefined);
  for (let i = 0; i < 3; i++) assert.equal(await one.repository('group/a').has(blob, signal), true);
  assert.deepEqual(server.tokens.log(), ['GET /token?x=1&service=test+registry&scope=repository%3Agroup%2Fa%3Apull']);
  assert.equal(server.tokens.requests[0]!.headers.authorization, undefined);
  assert.equal(server.registry.log().length, 4, 'one was refused');

  await one.repository('b').has(blob, signal);
  assert.equal(server.tokens.log().length, 2, 'another scope');
  assert.equal(server.registry.log().length, 5, 'and the registry did not have to ask again');
});

test('many requests at once fetch one token', async () => {
  await using server = await guarded({ publicPull: true });
  await using one = await clientFor(server.registry, undefined);
  await Promise.all(Array.from({ length: 20 }, () => one.repository('a').has(blob, signal)));
  assert.equal(server.tokens.log().length, 1);
});

test('a token request that is called off by one is no failure of the others', async () => {
  await using server = await guarded({ publicPull: true });
  await using one = await clientFor(server.registry, undefined);
  const controller = new AbortController();
  const first = one.repository('a').has(blob, controller.signal);
  const second = one.repository('a').has(blob, signal);
  while (server.tokens.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const reason = new FailureError({ reason: 'bug', message: 'of the test' });
  controller.abort(reason);
  await first.catch((error) => assert.equal(error, reason));
  assert.equal(await second, true);
});

test('a password goes to the token server and not to the registry', async () => {
  await using server = await guarded({ users: ['user:pass:word'] });
  await using one = await clientFor(server.registry, login('user:pass:word'));
  await one
    .repository('a')
    .put({ ...blob, digest: digestOf('missing'), size: 7 }, async () => Readable.from(['missing']), signal);
  assert.deepEqual(server.tokens.log(), [
    'GET /token?x=1&service=test+registry&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Aa%3Apull&account=user',
  ]);
  for (const { headers } of server.registry.requests) assert.doesNotMatch(headers.authorization ?? '', /Basic/);
  await one.ping();
});

test('an identity token is exchanged by POST', async () => {
  await using server = await guarded({ refreshTokens: ['refresh'] });
  await using one = await clientFor(server.registry, { identitytoken: 'refresh' });
  assert.equal(await one.repository('a').has(blob, signal), true);
  const [{ method, body } = assert.fail('no token was fetched')] = server.tokens.requests;
  assert.equal(method, 'POST');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(body.toString())), {
    grant_type: 'refresh_token',
    refresh_token: 'refresh',
    client_id: 'cip-test',
    service: 'test registry',
    scope: 'repository:a:pull',
  });
});

test('where the token server lacks the one way, the other is taken', async () => {
  await using noPost = await guarded({ users: ['user:refresh'], lacks: ['POST'] });
  await using first = await clientFor(noPost.registry, { ...login('user:'), identitytoken: 'refresh' });
  assert.equal(await first.repository('a').has(blob, signal), true);
  assert.deepEqual(
    noPost.tokens.requests.map(({ method }) => method),
    ['POST', 'GET'],
  );

  await using noGet = await guarded({ users: ['user:password'], lacks: ['GET'] });
  await using second = await clientFor(noGet.registry, login('user:password'));
  assert.equal(await second.repository('a').has(blob, signal), true);
  assert.deepEqual(
    noGet.tokens.requests.map(({ method }) => method),
    ['GET', 'POST'],
  );
});

test('a registry token is sent as it is', async () => {
  await using server = await serve(({ headers }, response) => {
    const isRight = headers.authorization === 'Bearer as-it-is';
    if (!isRight) response.setHeader('www-authenticate', 'Bearer realm="http://127.0.0.1:9/never"');
    response.writeHead(isRight ? 200 : 401).end();
  });
  await using one = await clientFor(server, { registrytoken: 'as-it-is' });
  assert.equal(await one.repository('a').has(blob, signal), true);
});

test('a token is used until shortly before its end; without a word it has sixty seconds', async () => {
  for (const [life, seconds] of [
    [undefined, 60],
    [300, 300],
  ] as const) {
    let now = 1000;
    await using server = await guarded({ publicPull: true, ...(life !== undefined && { life }) });
    await using one = await clientFor(server.registry, undefined, () => now);
    await one.repository('a').has(blob, signal);
    now += seconds * 1000 * 0.85;
    await one.repository('a').has(blob, signal);
    assert.equal(server.tokens.log().length, 1);
    now += seconds * 1000 * 0.1;
    await one.repository('a').has(blob, signal);
    assert.equal(server.tokens.log().length, 2);
    assert.equal(server.registry.log().length, 4, 'fetched before it was refused');
  }
});

test('a token that is refused before its end is fetched again, once', async () => {
  let refusals = 0;
  await using server = await guarded({ publicPull: true, refuse: () => refusals-- > 0 });
  await using one = await clientFor(server.registry, undefined);
  await one.repository('a').has(blob, signal);
  refusals = 1;
  assert.equal(await one.repository('a').has(blob, signal), true);
  assert.equal(server.tokens.log().length, 2);
});

test('a registry that refuses a fresh token has said no', async () => {
  await using server = await guarded({ publicPull: true, refuse: () => true });
  await using one = await clientFor(server.registry, undefined);
  await assert.rejects(one.repository('a').has(blob, signal), because('registry-denied'));
  assert.equal(server.tokens.log().length, 1);
  assert.equal(server.registry.log().length, 2);
});

test('an anonymous user may pull and not push, and is told to log in', async () => {
  await using server = await guarded({ publicPull: true });
  await using one = await clientFor(server.registry, undefined);
  assert.equal(await one.repository('a').has(blob, signal), true);
  await assert.rejects(
    one.repository('a').putManifest('1', { descriptor: blob, bytes: Buffer.from('{}') }, signal),
    (error) => because('registry-denied')(error) && /docker login/.test((error as FailureError).failure.hint ?? ''),
  );
});

test('credentials that the token server does not know are registry-denied, and not shown', async () => {
  await using server = await guarded({ users: ['user:right'], publicPull: true });
  await using one = await clientFor(server.registry, login('user:wr0ng'));
  await assert.rejects(one.repository('a').has(blob, signal), (error) => {
    assert.ok(because('registry-denied')(error));
    assert.doesNotMatch(JSON.stringify((error as FailureError).failure), /wr0ng/);
    return true;
  });
});

test('a token server that gives no token is registry-answer-not-understood', async () => {
  for (const body of ['<html>', '{}', '{"token":""}', '{"token":"a\\r\\nX-Injected: b"}']) {
    await using tokens = await serve((_request, response) => void response.end(body));
    await using server = await serve((_request, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` }).end();
    });
    await using one = await clientFor(server, undefined);
    await assert.rejects(one.repository('a').has(blob, signal), because('registry-answer-not-understood'));
  }
});

test('a token server that is down is asked as often as any other server, and not for each try of a request', async () => {
  await using tokens = await serve((_request, response) => void response.writeHead(503).end());
  await using server = await serve(({ path }, response) => {
    if (path === '/v2/') return void response.end('{}');
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` }).end();
  });
  await using one = client({ retries: 2 });
  const repository = one.repository({ registry: server.host, repository: 'a' });
  await assert.rejects(repository.has(blob, signal), because('registry-refused'));
  assert.deepEqual([tokens.requests.length, one.slept], [3, [1000, 2000]]);
});

test('path-scoped credentials go to their repositories', async () => {
  const seen: string[] = [];
  await using server = await serve(({ path, headers }, response) => {
    if (headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    }
    const who = Buffer.from(headers.authorization.replace('Basic ', ''), 'base64').toString();
    if (path.includes('/blobs/')) seen.push(`${path.split('/blobs/')[0]} ${who}`);
    response.writeHead(200).end();
  });
  await using dir = await tempDir();
  const dockerConfig = join(dir.path, 'config.json');
  const auths = { [server.host]: login('all:1'), [`${server.host}/group`]: login('group:2') };
  await writeFile(dockerConfig, JSON.stringify({ auths }));
  await using one = client({ dockerConfig });
  for (const repository of ['a', 'group/b', 'groups/c']) {
    await one.repository({ registry: server.host, repository }).has(blob, signal);
  }
  assert.deepEqual(seen, ['/v2/a all:1', '/v2/group/b group:2', '/v2/groups/c all:1']);
});
