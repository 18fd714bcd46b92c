import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { digestOf } from '../../src/oci/digest.ts';
import { type RegistryServerOptions, serveRegistry } from '../../src/registry-server/server.ts';
import { FailureError } from '../../src/result.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { imageIn, pushBlob, pushManifest, send } from './client.ts';
import { serve } from './serve.ts';

const never = new AbortController().signal;

async function refusal(options: RegistryServerOptions): Promise<string> {
  const error = await serveRegistry(options, never).then(
    async (registry) => registry.close().then(() => assert.fail('it serves')),
    (error: unknown) => error,
  );
  if (!(error instanceof FailureError)) throw error;
  return error.failure.reason;
}

test('/v2/ says that this is a registry', async () => {
  await using server = await serve();
  for (const [method, path] of [
    ['GET', '/v2/'],
    ['GET', '/v2'],
    ['HEAD', '/v2/'],
  ] as const) {
    const got = await send(server.url, method, path);
    assert.deepEqual([got.status, got.headers['docker-distribution-api-version']], [200, 'registry/2.0']);
  }
});

const paths: [method: string, path: string, status: number, code: string][] = [
  ['GET', '/', 404, 'UNSUPPORTED'],
  ['GET', '/v1/', 404, 'UNSUPPORTED'],
  ['GET', '/v2/a', 404, 'UNSUPPORTED'],
  ['GET', '/v2/a/tags', 404, 'UNSUPPORTED'],
  ['GET', '/v2/%zz/tags/list', 404, 'UNSUPPORTED'],
  ['POST', '/v2/', 405, 'UNSUPPORTED'],
  ['GET', '/v2/a/blobs/uploads/', 405, 'UNSUPPORTED'],
  ['PATCH', '/v2/a/manifests/1', 405, 'UNSUPPORTED'],
  ['DELETE', '/v2/a/tags/list', 405, 'UNSUPPORTED'],
  ['GET', '/v2/../tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/a/../../b/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/%2e%2e/%2e%2e/etc/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/a%00/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2//etc/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/_catalog/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/a/_tags/tags/list', 400, 'NAME_INVALID'],
  ['POST', '/v2/a/..%2f..%2fb/blobs/uploads/', 400, 'NAME_INVALID'],
  ['PUT', '/v2/a/manifests/..', 400, 'MANIFEST_INVALID'],
  ['PUT', '/v2/a/manifests/%2e%2e%2f%2e%2e%2fx', 404, 'UNSUPPORTED'],
  ['GET', '/v2/a/manifests/..', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/a/blobs/uploads/..', 404, 'BLOB_UPLOAD_UNKNOWN'],
];
for (const [method, path, status, code] of paths) {
  test(`${method} ${path} is ${status} ${code}`, async () => {
    await using server = await serve();
    const got = await send(server.url, method, path);
    assert.deepEqual([got.status, got.code, got.headers['content-type']], [status, code, 'application/json']);
    assert.equal(got.headers['allow'] !== undefined, status === 405);
    assert.deepEqual(await readdir(join(server.storage, 'repositories')), []);
  });
}

test('readonly: reading is served, writing refused, nothing on disk changes', async () => {
  await using server = await serve();
  const { bytes } = await pushManifest(server.url, 'a', '1', await imageIn(server.url, 'a'));
  await using again = await server.restart({ readonly: true });
  assert.deepEqual((await send(again.url, 'GET', '/v2/a/manifests/1')).body, bytes);
  for (const [method, path] of [
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/1'],
    ['DELETE', '/v2/a/manifests/1'],
  ] as const) {
    const got = await send(again.url, method, path);
    assert.deepEqual([got.status, got.code], [405, 'UNSUPPORTED'], method);
  }
});

test('a page in a browser cannot write', async () => {
  await using server = await serve();
  const got = await send(server.url, 'POST', '/v2/a/blobs/uploads/', { headers: { Origin: 'https://evil.test' } });
  assert.deepEqual([got.status, got.code], [403, 'DENIED']);
});

const hosts: [host: string, isServed: boolean][] = [
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
];
for (const [host, isServed] of hosts) {
  test(`${host} is ${isServed ? 'served' : 'refused, unless remote clients are allowed'}`, needs('linux'), async () => {
    await using dir = await tempDir();
    const options = { storage: dir.path, host, port: 0 };
    if (!isServed) assert.equal(await refusal(options), 'not-loopback');
    const registry = await serveRegistry({ ...options, allowRemote: !isServed }, never);
    assert.ok(registry.address.port > 0);
    await registry.close();
  });
}

test('a port that is taken, and a storage that is served, are refused', async () => {
  await using server = await serve();
  await using dir = await tempDir();
  const { host, port } = server.registry.address;
  assert.equal(await refusal({ storage: dir.path, host, port }), 'address-in-use');
  assert.equal(await refusal({ storage: server.storage, host, port: 0 }), 'storage-in-use');
  const after = await serveRegistry({ storage: dir.path, host, port: 0 }, never);
  await after.close();
});

test('a host that cannot be found is refused', async () => {
  await using dir = await tempDir();
  assert.equal(await refusal({ storage: dir.path, host: 'no-such-host.invalid', port: 0 }), 'cannot-listen');
});

test('a directory that is no storage is refused', async () => {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'content', 'holiday-photos'), { recursive: true });
  assert.equal(await refusal({ storage: dir.path, host: '127.0.0.1', port: 0 }), 'not-a-store');
});

test('it ends when the signal aborts, and gives the storage free', async () => {
  await using dir = await tempDir();
  const stop = new AbortController();
  const options = { storage: dir.path, host: '127.0.0.1', port: 0 };
  const registry = await serveRegistry(options, stop.signal);
  stop.abort();
  await registry.close();
  await assert.rejects(fetch(`http://127.0.0.1:${registry.address.port}/v2/`));
  const again = await serveRegistry(options, never);
  await again.close();
  assert.deepEqual(await readdir(join(dir.path, 'content', 'sessions')), []);
});

test('close() lets a short request end, and breaks off one that hangs', async () => {
  await using server = await serve();
  const { port } = server.registry.address;
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const hanging = request({ host: '127.0.0.1', port, method: 'PATCH', path: location });
  const broken = new Promise((resolve) => hanging.on('error', resolve));
  hanging.write('x');
  while ((await send(server.url, 'GET', location)).headers['range'] === undefined) await delay(2);
  await delay(50);
  await server.registry.close();
  assert.equal(((await broken) as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('the log tells every request, and errors of ours', async () => {
  await using server = await serve();
  const digest = await pushBlob(server.url, 'a', 'x');
  await send(server.url, 'GET', `/v2/a/blobs/${digest}`);
  await send(server.url, 'GET', `/v2/a/blobs/${digestOf('y')}`);
  assert.deepEqual(server.log, [
    `POST /v2/a/blobs/uploads/?digest=${digest} 201`,
    `GET /v2/a/blobs/${digest} 200`,
    `GET /v2/a/blobs/${digestOf('y')} 404`,
  ]);
});
