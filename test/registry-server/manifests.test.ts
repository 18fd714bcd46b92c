import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { imageIn, pushBlob, pushManifest, send } from './client.ts';
import { serve } from './serve.ts';

test('a manifest comes back byte for byte, by tag and by digest', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a/b');
  const { digest, bytes, answer } = await pushManifest(server.url, 'a/b', '1.0', image);
  assert.equal(answer.status, 201);
  assert.equal(answer.headers['location'], `/v2/a/b/manifests/${digest}`);
  assert.equal(answer.headers['docker-content-digest'], digest);
  assert.equal(answer.headers['oci-subject'], undefined);
  for (const reference of ['1.0', digest]) {
    const got = await send(server.url, 'GET', `/v2/a/b/manifests/${reference}`);
    assert.equal(got.status, 200);
    assert.deepEqual(got.body, bytes);
    const head = await send(server.url, 'HEAD', `/v2/a/b/manifests/${reference}`);
    assert.equal(head.status, 200);
    for (const { headers } of [got, head]) {
      assert.equal(headers['content-type'], mediaTypes.imageManifest);
      assert.equal(headers['content-length'], String(bytes.length));
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(headers['etag'], `"${digest}"`);
    }
  }
  assert.equal((await send(server.url, 'GET', '/v2/a/manifests/1.0')).code, 'NAME_UNKNOWN');
  assert.equal((await send(server.url, 'GET', '/v2/a/b/manifests/2.0')).code, 'MANIFEST_UNKNOWN');
});

test('a tag moves; the digest it left stays', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  const one = await pushManifest(server.url, 'a', 'latest', image);
  const two = await pushManifest(server.url, 'a', 'latest', { ...image, annotations: { n: '2' } });
  assert.deepEqual((await send(server.url, 'GET', '/v2/a/manifests/latest')).body, two.bytes);
  assert.deepEqual((await send(server.url, 'GET', `/v2/a/manifests/${one.digest}`)).body, one.bytes);
});

const kinds: [mediaType: string, isIndex: boolean][] = [
  [mediaTypes.imageManifest, false],
  [mediaTypes.dockerManifest, false],
  [mediaTypes.imageIndex, true],
  [mediaTypes.dockerManifestList, true],
];
for (const [mediaType, isIndex] of kinds) {
  test(`the media type is kept: ${mediaType}`, async () => {
    await using server = await serve();
    const image = { ...(await imageIn(server.url, 'a')), mediaType: isIndex ? mediaTypes.imageManifest : mediaType };
    const child = await pushManifest(server.url, 'a', '', image, image.mediaType);
    assert.equal(child.answer.status, 201);
    const entry = { mediaType: image.mediaType, digest: child.digest, size: child.bytes.length };
    const pushed = isIndex
      ? await pushManifest(server.url, 'a', '1', { schemaVersion: 2, mediaType, manifests: [entry] }, mediaType)
      : await pushManifest(server.url, 'a', '1', image, mediaType);
    assert.equal(pushed.answer.status, 201);
    assert.equal((await send(server.url, 'GET', '/v2/a/manifests/1')).headers['content-type'], mediaType);
  });
}

const accepts: [accept: string, status: number][] = [
  [mediaTypes.imageManifest, 200],
  [`${mediaTypes.imageIndex}, ${mediaTypes.imageManifest};q=0.5`, 200],
  ['*/*', 200],
  ['application/*', 200],
  ['', 200],
  [mediaTypes.dockerManifest, 404],
  [`${mediaTypes.imageIndex}, text/html`, 404],
];
for (const [accept, status] of accepts) {
  test(`GET of an OCI manifest with Accept: ${accept} is ${status}`, async () => {
    await using server = await serve();
    await pushManifest(server.url, 'a', '1', await imageIn(server.url, 'a'));
    const got = await send(server.url, 'GET', '/v2/a/manifests/1', { headers: { Accept: accept } });
    assert.equal(got.status, status);
  });
}

test('GET of a manifest the client has is 304', async () => {
  await using server = await serve();
  const { digest } = await pushManifest(server.url, 'a', '1', await imageIn(server.url, 'a'));
  const got = await send(server.url, 'GET', '/v2/a/manifests/1', { headers: { 'If-None-Match': `"${digest}"` } });
  assert.deepEqual([got.status, got.body.length, got.headers['etag']], [304, 0, `"${digest}"`]);
});

const plain = { schemaVersion: 2, mediaType: mediaTypes.imageManifest };
const missing = { mediaType: mediaTypes.imageManifest, digest: digestOf('missing'), size: 7 };
const refused: [title: string, body: string, contentType: string, reference: string, status: number, code: string][] = [
  ['not JSON', '{', mediaTypes.imageManifest, '1', 400, 'MANIFEST_INVALID'],
  ['not an object', '[]', mediaTypes.imageManifest, '1', 400, 'MANIFEST_INVALID'],
  ['without layers', JSON.stringify(plain), mediaTypes.imageManifest, '1', 400, 'MANIFEST_INVALID'],
  [
    'of another type inside',
    JSON.stringify({ ...plain, manifests: [] }),
    mediaTypes.imageIndex,
    '1',
    400,
    'MANIFEST_INVALID',
  ],
  ['of an unknown type', '{"schemaVersion":2}', 'application/x-other', '1', 400, 'MANIFEST_INVALID'],
  ['with a tag that is none', '{}', mediaTypes.imageManifest, '.tag', 400, 'MANIFEST_INVALID'],
  ['with the digest of other bytes', '{}', mediaTypes.imageManifest, digestOf('x'), 400, 'DIGEST_INVALID'],
  ['larger than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), mediaTypes.imageManifest, '1', 413, 'SIZE_INVALID'],
  [
    'with blobs that are not there',
    JSON.stringify({ ...plain, config: { ...missing, mediaType: mediaTypes.imageConfig }, layers: [] }),
    mediaTypes.imageManifest,
    '1',
    404,
    'MANIFEST_BLOB_UNKNOWN',
  ],
];
for (const [title, body, contentType, reference, status, code] of refused) {
  test(`PUT refuses a manifest ${title}`, async () => {
    await using server = await serve();
    const headers = { 'Content-Type': contentType };
    const got = await send(server.url, 'PUT', `/v2/a/manifests/${reference}`, { headers, body });
    assert.deepEqual([got.status, got.code], [status, code]);
    assert.deepEqual(await readdir(join(server.storage, 'content/images/blobs/sha256')), []);
    assert.equal((await send(server.url, 'GET', '/v2/a/tags/list')).code, 'NAME_UNKNOWN');
  });
}

test('PUT refuses a chunked body that grows larger than 4 MiB', async () => {
  await using server = await serve();
  const got = await fetch(`${server.url}/v2/a/manifests/1`, {
    method: 'PUT',
    headers: { 'Content-Type': mediaTypes.imageManifest },
    body: new Blob([Buffer.alloc(6 * 1024 * 1024, 32)]).stream(),
    duplex: 'half',
  } as RequestInit);
  assert.equal(got.status, 413);
});

test('a manifest of exactly 4 MiB is taken', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a', { annotations: { pad: '' } });
  const text = JSON.stringify(image);
  const body = text.replace('"pad":""', `"pad":"${'x'.repeat(4 * 1024 * 1024 - text.length)}"`);
  const headers = { 'Content-Type': mediaTypes.imageManifest };
  assert.equal((await send(server.url, 'PUT', '/v2/a/manifests/1', { headers, body })).status, 201);
  assert.equal((await send(server.url, 'GET', '/v2/a/manifests/1')).body.toString(), body);
});

test('blobs of another repository do not count', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  assert.equal((await pushManifest(server.url, 'b', '1', image)).answer.code, 'MANIFEST_BLOB_UNKNOWN');
});

test('an index may name manifests that are not there, and gets them later', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  const bytes = Buffer.from(JSON.stringify(image, undefined, 1));
  const child = { mediaType: mediaTypes.imageManifest, digest: digestOf(bytes), size: bytes.length };
  const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [child] };
  const sparse = await pushManifest(server.url, 'a', '1', index, mediaTypes.imageIndex);
  assert.equal(sparse.answer.status, 201);
  assert.deepEqual((await send(server.url, 'GET', '/v2/a/manifests/1')).body, sparse.bytes);
  assert.equal((await send(server.url, 'GET', `/v2/a/manifests/${child.digest}`)).code, 'MANIFEST_UNKNOWN');
  assert.equal((await pushManifest(server.url, 'a', '', image)).answer.status, 201);
  assert.deepEqual((await send(server.url, 'GET', `/v2/a/manifests/${child.digest}`)).body, bytes);
});

test('layers that may not be passed on need not be there', async () => {
  await using server = await serve();
  const image = (await imageIn(server.url, 'a')) as { layers: object[] };
  const foreign = {
    mediaType: mediaTypes.dockerForeignLayer,
    digest: digestOf('f'),
    size: 1,
    urls: ['https://x.test/f'],
  };
  const pushed = await pushManifest(server.url, 'a', '1', { ...image, layers: [...image.layers, foreign] });
  assert.equal(pushed.answer.status, 201);
  const { urls: _, ...hidden } = foreign;
  const refusal = await pushManifest(server.url, 'a', '2', { ...image, layers: [hidden] });
  assert.equal(refusal.answer.code, 'MANIFEST_BLOB_UNKNOWN');
});

test('DELETE of a tag leaves the manifest; of a digest takes its tags', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  const { digest } = await pushManifest(server.url, 'a', '1', image);
  await pushManifest(server.url, 'a', '2', image);
  await pushManifest(server.url, 'a', 'other', { ...image, annotations: { a: 'b' } });
  const tags = async () => JSON.parse((await send(server.url, 'GET', '/v2/a/tags/list')).body.toString()).tags;
  assert.equal((await send(server.url, 'DELETE', '/v2/a/manifests/1')).status, 202);
  assert.equal((await send(server.url, 'GET', '/v2/a/manifests/1')).status, 404);
  assert.deepEqual(await tags(), ['2', 'other']);
  assert.equal((await send(server.url, 'DELETE', `/v2/a/manifests/${digest}`)).status, 202);
  for (const reference of [digest, '2']) {
    assert.equal((await send(server.url, 'GET', `/v2/a/manifests/${reference}`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await send(server.url, 'DELETE', `/v2/a/manifests/${reference}`)).code, 'MANIFEST_UNKNOWN');
  }
  assert.deepEqual(await tags(), ['other']);
});

const conditions: [title: string, headers: (current: string) => Record<string, string>, status: number][] = [
  ['only if nothing is there', () => ({ 'If-None-Match': '*' }), 412],
  ['only if it is what we saw', (current) => ({ 'If-Match': `"${current}"` }), 201],
  ['only if it is something else', () => ({ 'If-Match': '"sha256:0"' }), 412],
  ['only if there is one', () => ({ 'If-Match': '*' }), 201],
];
for (const [title, headersFor, status] of conditions) {
  test(`PUT of a tag that is there, ${title}, is ${status}`, async () => {
    await using server = await serve();
    const image = await imageIn(server.url, 'a');
    const { digest } = await pushManifest(server.url, 'a', '1', image);
    const body = JSON.stringify({ ...image, annotations: { new: 'yes' } });
    const headers = { 'Content-Type': mediaTypes.imageManifest, ...headersFor(digest) };
    assert.equal((await send(server.url, 'PUT', '/v2/a/manifests/1', { headers, body })).status, status);
    const now = (await send(server.url, 'GET', '/v2/a/manifests/1')).headers['docker-content-digest'];
    assert.equal(now, status === 201 ? digestOf(body) : digest);
  });
}

test('PUT of a new tag by many at once, only if nothing is there, lets one win', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  const headers = { 'Content-Type': mediaTypes.imageManifest, 'If-None-Match': '*' };
  const statuses = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const body = JSON.stringify({ ...image, annotations: { i: `${i}` } });
      return (await send(server.url, 'PUT', '/v2/a/manifests/1', { headers, body })).status;
    }),
  );
  assert.deepEqual(statuses.sort(), [201, 412, 412, 412, 412, 412, 412, 412]);
});

test('referrers: listed by subject in either order of pushing, filtered, and gone with their manifest', async () => {
  await using server = await serve();
  const image = await imageIn(server.url, 'a');
  const subject = {
    mediaType: mediaTypes.imageManifest,
    digest: digestOf(JSON.stringify(image, undefined, 1)),
    size: 1,
  };
  const list = async (query = '') => {
    const got = await send(server.url, 'GET', `/v2/a/referrers/${subject.digest}${query}`);
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-type'], mediaTypes.imageIndex);
    const { manifests, ...index } = JSON.parse(got.body.toString());
    assert.deepEqual(index, { schemaVersion: 2, mediaType: mediaTypes.imageIndex });
    return { manifests, filters: got.headers['oci-filters-applied'] };
  };
  assert.deepEqual(await list(), { manifests: [], filters: undefined });

  const sbom = await pushManifest(server.url, 'a', '', {
    ...image,
    subject,
    artifactType: 'application/sbom',
    annotations: { by: 'test' },
  });
  assert.equal(sbom.answer.headers['oci-subject'], subject.digest);
  assert.equal((await pushManifest(server.url, 'a', '1', image)).answer.status, 201);
  const plain = await pushManifest(server.url, 'a', 'signed', { ...image, subject });
  const index = await pushManifest(
    server.url,
    'a',
    '',
    { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [], subject },
    mediaTypes.imageIndex,
  );
  const descriptors = [
    {
      mediaType: mediaTypes.imageManifest,
      digest: sbom.digest,
      size: sbom.bytes.length,
      artifactType: 'application/sbom',
      annotations: { by: 'test' },
    },
    {
      mediaType: mediaTypes.imageManifest,
      digest: plain.digest,
      size: plain.bytes.length,
      artifactType: mediaTypes.imageConfig,
    },
    { mediaType: mediaTypes.imageIndex, digest: index.digest, size: index.bytes.length },
  ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  assert.deepEqual(await list(), { manifests: descriptors, filters: undefined });
  assert.deepEqual(await list('?artifactType=application/sbom'), {
    manifests: descriptors.filter(({ artifactType }) => artifactType === 'application/sbom'),
    filters: 'artifactType',
  });
  assert.deepEqual(await list('?artifactType=none'), { manifests: [], filters: 'artifactType' });
  assert.equal((await send(server.url, 'GET', '/v2/a/referrers/sha256:1')).status, 400);

  await send(server.url, 'DELETE', `/v2/a/manifests/${sbom.digest}`);
  assert.deepEqual(
    (await list()).manifests,
    descriptors.filter(({ digest }) => digest !== sbom.digest),
  );
});

test('tags and repositories are listed in order, in pages', async () => {
  await using server = await serve();
  for (const name of ['b', 'a/c', 'a']) {
    const image = await imageIn(server.url, name);
    for (const tag of ['2', '10', 'B', 'a']) await pushManifest(server.url, name, tag, image);
  }
  await pushBlob(server.url, 'only/blobs', 'x');
  const json = async (path: string) => {
    const { status, body, headers } = await send(server.url, 'GET', path);
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    return { ...JSON.parse(body.toString()), link: headers['link'] };
  };
  assert.deepEqual(await json('/v2/a/c/tags/list'), { name: 'a/c', tags: ['10', '2', 'a', 'B'], link: undefined });
  assert.deepEqual(await json('/v2/b/tags/list?n=2&last=10'), {
    name: 'b',
    tags: ['2', 'a'],
    link: '</v2/b/tags/list?n=2&last=a>; rel="next"',
  });
  assert.deepEqual(await json('/v2/only/blobs/tags/list'), { name: 'only/blobs', tags: [], link: undefined });
  assert.deepEqual(await json('/v2/_catalog'), { repositories: ['a', 'a/c', 'b', 'only/blobs'], link: undefined });
  assert.deepEqual(await json('/v2/_catalog?n=1'), {
    repositories: ['a'],
    link: '</v2/_catalog?n=1&last=a>; rel="next"',
  });
  assert.equal((await send(server.url, 'GET', '/v2/c/tags/list')).code, 'NAME_UNKNOWN');
});

test('everything is there again after a restart', async () => {
  await using server = await serve();
  const { bytes, digest } = await pushManifest(server.url, 'a', '1', await imageIn(server.url, 'a'));
  await using again = await server.restart();
  assert.deepEqual((await send(again.url, 'GET', '/v2/a/manifests/1')).body, bytes);
  const { layers } = JSON.parse(bytes.toString());
  assert.equal((await send(again.url, 'GET', `/v2/a/blobs/${layers[0].digest}`)).body.toString(), 'layer of a');
  assert.equal((await send(again.url, 'HEAD', `/v2/a/manifests/${digest}`)).status, 200);
});
