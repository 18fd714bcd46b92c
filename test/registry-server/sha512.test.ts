import assert from 'node:assert/strict';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { client } from '../registry/http-server.ts';
import { send } from './client.ts';
import { serve } from './serve.ts';

const signal = new AbortController().signal;
const bytes = Buffer.from('some bytes, of which the digest is a long one');
const digest = digestOf(bytes, 'sha512');

/** Ways to bring a blob in; each returns the status of the last request. */
const ways: Readonly<Record<string, (url: string) => Promise<number>>> = {
  'in one request': async (url) =>
    (await send(url, 'POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes })).status,
  'with the last request': async (url) =>
    (await send(url, 'PUT', `${await begin(url)}?digest=${digest}`, { body: bytes })).status,
  'in chunks, before anybody knows the algorithm': async (url) => {
    const location = await begin(url);
    await send(url, 'PATCH', location, { body: bytes.subarray(0, 10) });
    await send(url, 'PATCH', location, { body: bytes.subarray(10) });
    return (await send(url, 'PUT', `${location}?digest=${digest}`)).status;
  },
  'in a chunk and the last request': async (url) => {
    const location = await begin(url);
    await send(url, 'PATCH', location, { body: bytes.subarray(0, 10) });
    return (await send(url, 'PUT', `${location}?digest=${digest}`, { body: bytes.subarray(10) })).status;
  },
};
for (const [title, upload] of Object.entries(ways)) {
  test(`a blob under its sha512, ${title}`, async () => {
    await using server = await serve();
    assert.equal(await upload(server.url), 201);
    const got = await send(server.url, 'GET', `/v2/a/blobs/${digest}`);
    assert.deepEqual([got.status, got.headers['docker-content-digest'], got.body], [200, digest, bytes]);
    // Under another name it was never stored.
    assert.equal((await send(server.url, 'GET', `/v2/a/blobs/${digestOf(bytes)}`)).status, 404);
  });
}

test('an upload begun before a restart ends with a sha512', async () => {
  await using server = await serve();
  const location = await begin(server.url);
  await send(server.url, 'PATCH', location, { body: bytes.subarray(0, 10) });
  await using again = await server.restart();
  const end = await send(again.url, 'PUT', `${location}?digest=${digest}`, { body: bytes.subarray(10) });
  assert.equal(end.status, 201);
});

test('content under a sha512 outlives a restart as long as a repository has it', async () => {
  await using server = await serve();
  await ways['in one request']!(server.url);
  await using again = await server.restart();
  assert.deepEqual((await send(again.url, 'GET', `/v2/a/blobs/${digest}`)).body, bytes);
  assert.equal((await send(again.url, 'DELETE', `/v2/a/blobs/${digest}`)).status, 202);
  const directory = join(again.storage, 'content/images/blobs/sha512');
  const longAgo = new Date(0); // what came within the second in which a server starts is kept
  for (const name of await readdir(directory)) await utimes(join(directory, name), longAgo, longAgo);
  await using _third = await again.restart();
  assert.deepEqual(await readdir(directory), []);
});

test('the client puts and gets an image whose digests are all sha512', async () => {
  await using server = await serve();
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'a' });
  const layer = { mediaType: mediaTypes.layerTar, digest, size: bytes.length };
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  const configDescriptor = {
    mediaType: mediaTypes.imageConfig,
    digest: digestOf(config, 'sha512'),
    size: config.length,
  };
  await remote.put(layer, async () => Readable.from([bytes]), signal);
  await remote.put(configDescriptor, async () => Readable.from([config]), signal);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: configDescriptor,
      layers: [layer],
    }),
  );
  const descriptor = {
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(manifest, 'sha512'),
    size: manifest.length,
  };
  await remote.putManifest(descriptor.digest, { descriptor, bytes: manifest }, signal);
  assert.deepEqual(await remote.resolve(descriptor.digest, signal), descriptor);
  const got = await remote.manifest(descriptor.digest, signal);
  assert.deepEqual([got?.descriptor, Buffer.from(got!.bytes)], [descriptor, manifest]);
  assert.deepEqual(await buffer(await remote.open(layer, signal)), bytes);
});

async function begin(url: string): Promise<string> {
  return String((await send(url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
}
