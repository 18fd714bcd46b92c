import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, stat, utimes } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { digestOf } from '../../src/oci/digest.ts';
import { pushBlob, send } from './client.ts';
import { serve } from './serve.ts';

const bytes = Buffer.from('0123456789');
const digest = digestOf(bytes);

test('GET and HEAD of a blob', async () => {
  await using server = await serve();
  await pushBlob(server.url, 'a/b', bytes);
  const got = await send(server.url, 'GET', `/v2/a/b/blobs/${digest}`);
  assert.equal(got.status, 200);
  assert.deepEqual(got.body, bytes);
  const head = await send(server.url, 'HEAD', `/v2/a/b/blobs/${digest}`);
  assert.equal(head.status, 200);
  for (const { headers } of [got, head]) {
    assert.equal(headers['content-length'], '10');
    assert.equal(headers['docker-content-digest'], digest);
    assert.equal(headers['etag'], `"${digest}"`);
    assert.equal(headers['accept-ranges'], 'bytes');
    assert.equal(headers['content-type'], 'application/octet-stream');
  }
});

const ranges: [title: string, headers: Record<string, string>, status: number, body: string, range?: string][] = [
  ['the first bytes', { Range: 'bytes=0-3' }, 206, '0123', 'bytes 0-3/10'],
  ['the last bytes', { Range: 'bytes=-2' }, 206, '89', 'bytes 8-9/10'],
  ['all bytes from one on', { Range: 'bytes=4-' }, 206, '456789', 'bytes 4-9/10'],
  ['bytes beyond the end', { Range: 'bytes=10-' }, 416, '', 'bytes */10'],
  ['two ranges, which may be ignored', { Range: 'bytes=0-1,3-4' }, 200, '0123456789'],
  ['a range of the blob we mean', { Range: 'bytes=0-3', 'If-Range': `"${digest}"` }, 206, '0123', 'bytes 0-3/10'],
  ['a range of another blob', { Range: 'bytes=0-3', 'If-Range': '"other"' }, 200, '0123456789'],
  ['what the client has', { 'If-None-Match': `"${digest}"` }, 304, ''],
  ['what the client has, among others', { 'If-None-Match': `"x", W/"${digest}"` }, 304, ''],
  ['what the client has not', { 'If-None-Match': '"x"' }, 200, '0123456789'],
];
for (const [title, headers, status, body, range] of ranges) {
  test(`GET of a blob: ${title}`, async () => {
    await using server = await serve();
    await pushBlob(server.url, 'a', bytes);
    const got = await send(server.url, 'GET', `/v2/a/blobs/${digest}`, { headers });
    assert.equal(got.status, status);
    assert.equal(got.headers['content-range'], range);
    if (status < 400) assert.equal(got.body.toString(), body);
  });
}

test('a blob without bytes', async () => {
  await using server = await serve();
  const empty = await pushBlob(server.url, 'a', '');
  const got = await send(server.url, 'GET', `/v2/a/blobs/${empty}`);
  assert.deepEqual([got.status, got.headers['content-length'], got.body.length], [200, '0', 0]);
});

test('POST then PUT; the location carries on', async () => {
  await using server = await serve();
  const begun = await send(server.url, 'POST', '/v2/a/b/blobs/uploads/');
  assert.equal(begun.status, 202);
  const location = String(begun.headers['location']);
  assert.match(location, /^\/v2\/a\/b\/blobs\/uploads\/[0-9a-f-]{36}$/);
  const put = await send(server.url, 'PUT', `${location}?digest=${encodeURIComponent(digest)}`, { body: bytes });
  assert.equal(put.status, 201);
  assert.equal(put.headers['location'], `/v2/a/b/blobs/${digest}`);
  assert.equal(put.headers['docker-content-digest'], digest);
  assert.deepEqual((await send(server.url, 'GET', `/v2/a/b/blobs/${digest}`)).body, bytes);
  assert.equal((await send(server.url, 'GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
  assert.deepEqual(await readdir(join(server.storage, 'uploads')), []);
});

test('chunks: in order, with and without Content-Range; out of order is 416 and harmless', async () => {
  await using server = await serve();
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const patch = (body: string, range?: string) =>
    send(server.url, 'PATCH', location, {
      body,
      ...(range === undefined ? {} : { headers: { 'Content-Range': range } }),
    });
  const status = async () => (await send(server.url, 'GET', location)).headers['range'];

  const first = await patch('012', '0-2');
  assert.deepEqual([first.status, first.headers['range'], first.headers['location']], [202, '0-2', location]);
  for (const range of ['0-2', '4-6', '2-4']) {
    const wrong = await patch('xyz', range);
    assert.deepEqual([wrong.status, wrong.headers['range'], wrong.headers['location']], [416, '0-2', location], range);
  }
  assert.equal((await patch('x', 'nonsense')).code, 'BLOB_UPLOAD_INVALID');
  assert.equal((await patch('34', '3-5')).code, 'SIZE_INVALID');
  assert.equal((await patch('345', '3-5')).headers['range'], '0-5');
  assert.equal((await patch('67')).headers['range'], '0-7');
  assert.equal(await status(), '0-7');
  const put = await send(server.url, 'PUT', `${location}?digest=${digest}`, {
    body: '89',
    headers: { 'Content-Range': '8-9' },
  });
  assert.equal(put.status, 201);
  assert.deepEqual((await send(server.url, 'GET', `/v2/a/blobs/${digest}`)).body, bytes);
});

test('GET of an upload that has nothing yet is 204 with 0-0', async () => {
  await using server = await serve();
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const got = await send(server.url, 'GET', location);
  assert.deepEqual([got.status, got.headers['range'], got.body.length], [204, '0-0', 0]);
});

test('DELETE of an upload ends it', async () => {
  await using server = await serve();
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  assert.equal((await send(server.url, 'DELETE', location)).status, 204);
  assert.equal((await send(server.url, 'PATCH', location, { body: 'x' })).status, 404);
  assert.deepEqual(await readdir(join(server.storage, 'uploads')), []);
});

test('an upload belongs to its repository', async () => {
  await using server = await serve();
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const elsewhere = location.replace('/v2/a/', '/v2/b/');
  assert.equal((await send(server.url, 'PATCH', elsewhere, { body: 'x' })).code, 'BLOB_UPLOAD_UNKNOWN');
});

const refused: [title: string, method: string, path: string, status: number, code: string][] = [
  ['no digest', 'PUT', '', 400, 'DIGEST_INVALID'],
  ['no real digest', 'PUT', '?digest=sha256:1', 400, 'DIGEST_INVALID'],
  ['the sha512 of other bytes', 'PUT', `?digest=sha512:${'0'.repeat(128)}`, 400, 'DIGEST_INVALID'],
  ['the digest of other bytes', 'PUT', `?digest=${digestOf('other')}`, 400, 'DIGEST_INVALID'],
  ['an algorithm nobody registered', 'PUT', `?digest=md5:${'0'.repeat(32)}`, 400, 'DIGEST_INVALID'],
];
for (const [title, method, query, status, code] of refused) {
  test(`an upload is not closed with ${title}`, async () => {
    await using server = await serve();
    const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
    const got = await send(server.url, method, `${location}${query}`, { body: bytes });
    assert.deepEqual([got.status, got.code], [status, code]);
    assert.deepEqual(await readdir(join(server.storage, 'content/images/blobs/sha256')), []);
  });
}

const unknown: [title: string, method: string, path: string, status: number, code: string | undefined][] = [
  ['GET of a blob that is not there', 'GET', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
  ['HEAD of a blob that is not there', 'HEAD', `/v2/a/blobs/${digest}`, 404, undefined],
  ['DELETE of a blob that is not there', 'DELETE', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
  ['GET of no digest', 'GET', '/v2/a/blobs/latest', 400, 'DIGEST_INVALID'],
  ['GET of no upload', 'GET', '/v2/a/blobs/uploads/nonsense', 404, 'BLOB_UPLOAD_UNKNOWN'],
  ['POST of no digest', 'POST', '/v2/a/blobs/uploads/?digest=x', 400, 'DIGEST_INVALID'],
  ['POST of a mount of no digest', 'POST', '/v2/a/blobs/uploads/?mount=x&from=b', 400, 'DIGEST_INVALID'],
  ['a name with upper case', 'POST', '/v2/A/blobs/uploads/', 400, 'NAME_INVALID'],
];
for (const [title, method, path, status, code] of unknown) {
  test(`${title} is ${status} ${code ?? ''}`, async () => {
    await using server = await serve();
    const got = await send(server.url, method, path);
    assert.deepEqual([got.status, got.code], [status, code]);
  });
}

test('repositories see only what was pushed to them or mounted; bytes are kept once', async () => {
  await using server = await serve();
  await pushBlob(server.url, 'a', bytes);
  const see = async (name: string) => (await send(server.url, 'HEAD', `/v2/${name}/blobs/${digest}`)).status;
  assert.deepEqual([await see('a'), await see('b'), await see('a/b')], [200, 404, 404]);

  const mount = (name: string, from: string) =>
    send(server.url, 'POST', `/v2/${name}/blobs/uploads/?mount=${digest}${from === '' ? '' : `&from=${from}`}`);
  const mounted = await mount('b', 'a');
  assert.equal(mounted.status, 201);
  assert.equal(mounted.headers['location'], `/v2/b/blobs/${digest}`);
  assert.equal(await see('b'), 200);
  for (const from of ['', 'c', '../a', 'A']) assert.equal((await mount('d', from)).status, 202, from);
  assert.equal(await see('d'), 404);

  await pushBlob(server.url, 'c', bytes);
  assert.equal((await send(server.url, 'DELETE', `/v2/a/blobs/${digest}`)).status, 202);
  assert.deepEqual([await see('a'), await see('b'), await see('c')], [404, 200, 200]);
  assert.equal((await readdir(join(server.storage, 'content/images/blobs/sha256'))).length, 1);
});

test('bytes that no repository has any more are gone after a restart, others not', async () => {
  await using server = await serve();
  const other = await pushBlob(server.url, 'a', 'other');
  await pushBlob(server.url, 'a', bytes);
  await pushBlob(server.url, 'b', bytes);
  for (const name of ['a', 'b']) await send(server.url, 'DELETE', `/v2/${name}/blobs/${digest}`);
  await delay(1100); // starts of sessions are rounded down to a second
  await using again = await server.restart();
  assert.deepEqual(await readdir(join(server.storage, 'content/images/blobs/sha256')), [other.slice('sha256:'.length)]);
  assert.equal((await send(again.url, 'GET', `/v2/a/blobs/${other}`)).body.toString(), 'other');
});

test('an upload goes on after the connection broke and after a restart', async () => {
  await using server = await serve();
  const large = randomBytes(3_000_000);
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const { port } = server.registry.address;
  const broken = request({ host: '127.0.0.1', port, method: 'PATCH', path: location });
  broken.on('error', () => {});
  broken.write(large.subarray(0, 1_000_000));
  const offset = async (url: string) =>
    Number(String((await send(url, 'GET', location)).headers['range']).slice(2)) + 1;
  while ((await offset(server.url)) < 500_000) await delay(2);
  broken.destroy();
  while (!server.log.some((line) => line.startsWith('PATCH'))) await delay(2);
  assert.equal(
    server.log.find((line) => line.startsWith('PATCH')),
    `PATCH ${location} 499`,
  );

  const reached = await offset(server.url);
  const patch = (url: string, start: number, end: number) =>
    send(url, 'PATCH', location, {
      body: large.subarray(start, end),
      headers: { 'Content-Range': `${start}-${end - 1}` },
    });
  assert.equal((await patch(server.url, reached, 2_000_000)).status, 202);
  await using again = await server.restart();
  assert.equal(await offset(again.url), 2_000_000);
  assert.equal((await patch(again.url, 2_000_000, 3_000_000)).status, 202);
  const put = await send(again.url, 'PUT', `${location}?digest=${digestOf(large)}`);
  assert.equal(put.status, 201, put.body.toString());
  assert.deepEqual((await send(again.url, 'GET', `/v2/a/blobs/${digestOf(large)}`)).body, large);
});

test('an upload that nobody goes on with is swept at a start after a week', async () => {
  await using server = await serve();
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    ids.push(String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['docker-upload-uuid']));
  }
  const [old, young] = ids as [string, string];
  const uploads = join(server.storage, 'uploads');
  const { mtimeMs } = await stat(join(uploads, old, 'data'));
  const before = mtimeMs / 1000 - 8 * 24 * 60 * 60;
  await utimes(join(uploads, old, 'data'), before, before);
  await using again = await server.restart();
  assert.deepEqual([existsSync(join(uploads, old)), existsSync(join(uploads, young))], [false, true]);
  assert.equal((await send(again.url, 'GET', `/v2/a/blobs/uploads/${young}`)).status, 204);
});

test('many pushes of one blob at once', async () => {
  await using server = await serve();
  const large = randomBytes(500_000);
  const names = Array.from({ length: 8 }, (_, i) => `r${i % 2}`);
  await Promise.all(names.map((name) => pushBlob(server.url, name, large)));
  assert.deepEqual((await send(server.url, 'GET', `/v2/r0/blobs/${digestOf(large)}`)).body, large);
  assert.deepEqual(await readdir(join(server.storage, 'uploads')), []);
});
