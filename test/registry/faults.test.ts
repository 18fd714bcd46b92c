import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { FailureError } from '../../src/result.ts';
import { client, type HttpRequest, serve } from './http-server.ts';

const signal = new AbortController().signal;
const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const blob: Descriptor = { mediaType: mediaTypes.layerTarGzip, digest: digestOf(content), size: content.length };
const manifest = makeDocument(mediaTypes.imageManifest, { schemaVersion: 2, config: blob, layers: [] });
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;

/** Answers `/v2/` as a registry does, and the rest by `answer`. */
function registry(answer: (request: HttpRequest, response: ServerResponse, nth: number) => void | Promise<void>) {
  let nth = 0;
  return serve(async (request, response) => {
    if (request.path === '/v2/') return void response.end('{}');
    await answer(request, response, ++nth);
  });
}
const sendManifest = (response: ServerResponse, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': mediaTypes.imageManifest, ...headers }).end(manifest.bytes);

test('what breaks for a moment is tried again, after 1, 2, 4 … seconds', async () => {
  await using server = await registry((_request, response, nth) => {
    if (nth === 1) response.destroy();
    else if (nth === 2) response.writeHead(503).end('busy');
    else if (nth === 3) response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy());
    else sendManifest(response);
  });
  await using one = client();
  const got = await one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal);
  assert.deepEqual(Buffer.from(got!.bytes), Buffer.from(manifest.bytes));
  assert.deepEqual(one.slept, [1000, 2000, 4000]);
});

const answers: [title: string, status: number, body: string, reason: string, tries: number][] = [
  ['trouble that stays', 500, '', 'registry-refused', 3],
  ['a limit', 429, '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}', 'registry-refused', 3],
  ['bytes of two at the same moment', 400, '{"errors":[{"code":"DIGEST_INVALID"}]}', 'registry-refused', 3],
  ['a refusal', 400, '{"errors":[{"code":"NAME_INVALID"}]}', 'registry-refused', 1],
  ['what is not implemented', 501, '', 'registry-refused', 1],
  ['a prohibition', 403, '{"errors":[{"code":"DENIED","message":"no"}]}', 'registry-denied', 1],
  ['a question for credentials without a way', 401, '', 'registry-denied', 1],
  ['a page of HTML', 200, '<!doctype html><title>Sign in</title>', 'registry-answer-not-understood', 1],
  ['an answer that is too long', 200, '{'.repeat((4 << 20) + 1), 'registry-answer-not-understood', 1],
];
for (const [title, status, body, reason, tries] of answers) {
  test(`${title} (${status}) is ${reason} after ${tries} tries`, async () => {
    await using server = await registry((_request, response) => void response.writeHead(status).end(body));
    await using one = client({ retries: 2 });
    const remote = one.repository({ registry: server.host, repository: 'group/a' });
    await assert.rejects(remote.manifest('1', signal), (error) => {
      assert.ok(because(reason)(error), String(error));
      const { message } = error as Error;
      assert.ok(message.includes(server.host) && message.includes('group/a'), message);
      return true;
    });
    assert.equal(server.log().length, tries);
  });
}

test('a registry that says how long to wait is given that time', async () => {
  await using server = await registry((_request, response, nth) => {
    if (nth === 1) response.writeHead(429, { 'retry-after': '17' }).end();
    else sendManifest(response);
  });
  await using one = client();
  assert.ok(await one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal));
  assert.deepEqual(one.slept, [17_000]);
});

test('nobody at home is registry-unreachable at once', async () => {
  const { host } = await (async () => {
    await using closed = await serve(() => {});
    return closed;
  })();
  await using one = client();
  const remote = one.repository({ registry: host, repository: 'a' });
  await assert.rejects(remote.resolve('1', signal), because('registry-unreachable'));
  await assert.rejects(one.ping(host, signal), because('registry-unreachable'));
  assert.deepEqual(one.slept, []);
});

test('a registry that does not answer is given up after its time, several times', async () => {
  await using server = await registry(() => {});
  await using one = client({ timeoutMs: 300, retries: 1 });
  const remote = one.repository({ registry: server.host, repository: 'a' });
  await assert.rejects(remote.manifest('1', signal), because('registry-unreachable'));
  assert.deepEqual(one.slept, [1000]);
});

test('a request that is called off ends with the reason that was given', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  await using server = await registry(() => controller.abort(reason));
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'a' });
  await assert.rejects(remote.manifest('1', controller.signal), reason);
});

// Pulling

test('open() goes on where the connection broke, by a range', async () => {
  await using server = await registry((request, response, nth) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { 'content-length': String(content.length - from) };
    if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${content.length - 1}/*` });
    else response.writeHead(200, headers);
    if (nth < 4) response.write(content.subarray(from, from + 70_000), () => response.destroy());
    else response.end(content.subarray(from));
  });
  await using one = client({ retries: 1 });
  const remote = one.repository({ registry: server.host, repository: 'a' });
  assert.deepEqual(await buffer(await remote.open(blob, signal)), content);
  const ranges = server.requests.slice(1).map(({ headers }) => headers.range);
  assert.equal(ranges.length, 4);
  assert.deepEqual(
    ranges.slice(1).map((range) => /^bytes=[1-9]\d*-$/.test(range ?? '')),
    [true, true, true],
  );
});

test('open() goes on where the connection broke, though the registry starts from the beginning', async () => {
  await using server = await registry((_request, response, nth) => {
    response.writeHead(200, { 'content-length': String(content.length) });
    if (nth < 3) response.write(content.subarray(0, 70_000 * nth), () => response.destroy());
    else response.end(content);
  });
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'a' });
  assert.deepEqual(await buffer(await remote.open(blob, signal)), content);
});

test('open() gives up where the connection breaks again and again without a byte', async () => {
  await using server = await registry((_request, response) => {
    response.writeHead(200, { 'content-length': String(content.length) });
    response.flushHeaders();
    setTimeout(() => response.destroy(), 5);
  });
  await using one = client({ retries: 2 });
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  await assert.rejects(buffer(stream), because('registry-unreachable'));
  assert.equal(server.log().length, 3);
});

const lies: [title: string, bytes: Buffer, reason: string][] = [
  ['other bytes', Buffer.alloc(content.length), 'blob-digest-mismatch'],
  ['fewer bytes', content.subarray(1), 'blob-size-mismatch'],
  ['more bytes', Buffer.concat([content, Buffer.of(1)]), 'blob-size-mismatch'],
];
for (const [title, bytes, reason] of lies) {
  test(`open() of ${title} than the descriptor says is ${reason}`, async () => {
    await using server = await registry((_request, response) => void response.end(bytes));
    await using one = client();
    const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
    await assert.rejects(buffer(stream), because(reason));
  });
}

test('open() rejects before the first byte if there is no such blob', async () => {
  await using server = await registry((_request, response) => void response.writeHead(404).end());
  await using one = client();
  await assert.rejects(
    one.repository({ registry: server.host, repository: 'a' }).open(blob, signal),
    because('blob-unknown'),
  );
});

test('open() lets go of the connection when nobody reads on', async () => {
  let closed: () => void;
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  await using server = await registry((_request, response) => {
    response.writeHead(200, { 'content-length': String(content.length) });
    response.write(content.subarray(0, 100_000));
    response.on('close', () => closed());
  });
  await using one = client();
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  for await (const _chunk of stream) break;
  await isClosed;
});

// Manifests

test('resolve() takes the headers if they say all, and reads the manifest if they do not', async () => {
  const want = { mediaType: mediaTypes.imageManifest, digest: manifest.descriptor.digest, size: manifest.bytes.length };
  const all = { 'content-length': String(manifest.bytes.length), 'docker-content-digest': want.digest };
  const heads: [Record<string, string>, number, string[]][] = [
    [{ ...all, 'content-type': mediaTypes.imageManifest }, 200, ['HEAD']],
    [{ ...all, 'content-type': `${mediaTypes.imageManifest}; charset=utf-8` }, 200, ['HEAD']],
    [{ ...all, 'content-type': 'application/json' }, 200, ['HEAD', 'GET']],
    [{ 'content-type': mediaTypes.imageManifest }, 200, ['HEAD', 'GET']],
    [{}, 405, ['HEAD', 'GET']],
  ];
  for (const [headers, status, methods] of heads) {
    await using server = await registry((request, response) => {
      if (request.method === 'HEAD') response.writeHead(status, headers).end();
      else sendManifest(response);
    });
    await using one = client();
    assert.deepEqual(await one.repository({ registry: server.host, repository: 'a' }).resolve('1', signal), want);
    assert.deepEqual(
      server.log(),
      methods.map((method) => `${method} /v2/a/manifests/1`),
    );
    assert.match(server.requests.at(-1)!.headers.accept ?? '', /oci\.image\.index\.v1/);
  }
});

test('a manifest under another digest than was asked for or promised is refused', async () => {
  const other = digestOf('other');
  await using server = await registry((request, response) => {
    if (request.path.endsWith('/liar')) return void sendManifest(response, { 'docker-content-digest': other });
    sendManifest(response, { 'docker-content-digest': manifest.descriptor.digest });
  });
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'a' });
  await assert.rejects(remote.manifest(other, signal), because('manifest-digest-mismatch'));
  await assert.rejects(remote.manifest('liar', signal), because('manifest-digest-mismatch'));
  await assert.rejects(remote.resolve(other, signal), because('manifest-digest-mismatch'));
  assert.ok(await remote.manifest('honest', signal));
});

test('putManifest() refuses to believe a registry that stored something else', async () => {
  await using server = await registry((_request, response) => {
    response.writeHead(201, { 'docker-content-digest': digestOf('rewritten') }).end();
  });
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'a' });
  await assert.rejects(remote.putManifest('1', manifest, signal), because('manifest-digest-mismatch'));
  assert.deepEqual(server.requests.at(-1)!.body, Buffer.from(manifest.bytes), 'byte for byte');
  assert.equal(server.requests.at(-1)!.headers['content-type'], mediaTypes.imageManifest);
});

// Pushing

/** A registry of one blob at most, which gives out sessions with state in the query. */
function uploads(answer: (request: HttpRequest, response: ServerResponse, nth: number) => boolean | undefined) {
  const received: Buffer[] = [];
  return registry((request, response, nth) => {
    if (answer(request, response, nth) === true) return;
    const { method, path, body } = request;
    const length = Buffer.concat(received).length;
    const range = `0-${Math.max(0, length + body.length - 1)}`;
    const location = `/v2/a/blobs/uploads/u1?_state=a%2Bb%3D%3D&n=${nth}`;
    if (method === 'HEAD') response.writeHead(404).end();
    else if (method === 'POST') {
      received.length = 0;
      response.writeHead(202, { location, range: '0-0' }).end();
    } else if (method === 'PATCH') {
      if (request.headers['content-range'] !== `${length}-${length + body.length - 1}`) {
        return void response.writeHead(416, { location, range: `0-${Math.max(0, length - 1)}` }).end();
      }
      received.push(body);
      response.writeHead(202, { location, range }).end();
    } else if (method === 'GET') {
      response.writeHead(204, { location, range: `0-${Math.max(0, length - 1)}` }).end();
    } else {
      received.push(body);
      const isWhole = path.endsWith(`digest=${encodeURIComponent(digestOf(Buffer.concat(received)))}`);
      response.writeHead(isWhole ? 201 : 400).end();
    }
  });
}
const bytes = async () => Readable.from([content.subarray(0, 100_001), content.subarray(100_001)]);
const inChunks = { chunkAbove: 1000, chunkSize: 100_000 };

test('put() sends a blob in one piece, to the place it was told, state and all', async () => {
  await using server = await uploads(() => undefined);
  await using one = client();
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(server.log(), [
    `HEAD /v2/a/blobs/${blob.digest}`,
    'POST /v2/a/blobs/uploads/',
    `PUT /v2/a/blobs/uploads/u1?_state=a%2Bb%3D%3D&n=2&digest=${encodeURIComponent(blob.digest)}`,
  ]);
  assert.deepEqual(server.requests.at(-1)!.body, content);
  assert.equal(server.requests.at(-1)!.headers['content-length'], String(content.length));
});

test('put() begins again with a new upload where one was broken off', async () => {
  await using server = await uploads((request, response, nth) => {
    if (request.method !== 'PUT' || nth > 5) return;
    response.destroy();
    return true;
  });
  await using one = client();
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(
    server.log().map((line) => line.split(' ')[0]),
    ['HEAD', 'POST', 'PUT', 'POST', 'PUT', 'POST', 'PUT'],
  );
  assert.deepEqual(one.slept, [1000, 2000]);
});

test('put() sends a large blob in chunks', async () => {
  await using server = await uploads(() => undefined);
  await using one = client(inChunks);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  const patches = server.requests.filter(({ method }) => method === 'PATCH');
  assert.deepEqual(
    patches.map(({ headers }) => headers['content-range']),
    ['0-99999', '100000-199999', '200000-299999'],
  );
  assert.equal(server.requests.at(-1)!.body.length, 0);
});

test('put() goes on where the registry stands, when a chunk got lost', async () => {
  await using server = await uploads((request, response, nth) => {
    if (request.method !== 'PATCH' || nth !== 4) return;
    response.destroy();
    return true;
  });
  await using one = client(inChunks);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(
    server.log().map((line) => line.split(' ')[0]),
    [...['HEAD', 'POST', 'PATCH', 'PATCH'], ...['GET', 'PATCH', 'PATCH', 'PUT']],
  );
});

test('put() goes on where the registry stands, when a chunk arrived and the answer did not', async () => {
  let lost: Buffer | undefined;
  const got: Buffer[] = [];
  await using server = await registry((request, response) => {
    const at = '/v2/a/blobs/uploads/u1';
    const stands = () => ({ location: at, range: `0-${Math.max(0, Buffer.concat(got).length - 1)}` });
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'POST') response.writeHead(202, { location: at }).end();
    else if (request.method === 'GET') response.writeHead(204, stands()).end();
    else if (request.method === 'PUT')
      response.writeHead(digestOf(Buffer.concat(got)) === blob.digest ? 201 : 400).end();
    else {
      got.push(request.body);
      if (lost === undefined) {
        lost = request.body;
        response.destroy();
      } else response.writeHead(202, stands()).end();
    }
  });
  await using one = client(inChunks);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.equal(lost?.length, 100_000);
  assert.deepEqual(Buffer.concat(got), content);
});

test('put() follows a registry that says 416 and where it stands', async () => {
  await using server = await uploads((request, response, nth) => {
    if (request.method !== 'PATCH' || nth !== 4) return;
    response.writeHead(416, { range: '0-99999' }).end();
    return true;
  });
  await using one = client(inChunks);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(one.slept, []);
});

test('put() ends with a registry that takes chunks and never keeps them', async () => {
  await using server = await uploads((request, response) => {
    if (request.method !== 'PATCH') return;
    response.writeHead(202, { location: '/v2/a/blobs/uploads/u1', range: '0-0' }).end();
    return true;
  });
  await using one = client({ ...inChunks, retries: 2 });
  await assert.rejects(
    one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal),
    because('registry-answer-not-understood'),
  );
});

test('put() sends in one piece what a registry refuses in chunks, and does not offer them again', async () => {
  await using server = await uploads((request, response) => {
    if (request.method !== 'PATCH') return;
    response.writeHead(405).end();
    return true;
  });
  await using one = client(inChunks);
  const remote = one.repository({ registry: server.host, repository: 'a' });
  await remote.put(blob, bytes, signal);
  await remote.put(blob, bytes, signal);
  assert.deepEqual(
    server.log().map((line) => line.split(' ')[0]),
    [...['HEAD', 'POST', 'PATCH', 'POST', 'PUT'], ...['HEAD', 'POST', 'PUT']],
  );
});

test('put() sends in chunks what a proxy refuses as too long', async () => {
  await using server = await uploads((request, response) => {
    if (request.method !== 'PUT' || request.body.length <= 100_000) return;
    response.writeHead(413).end('<html>too large</html>');
    return true;
  });
  await using one = client({ chunkSize: 100_000 });
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(
    server.log().map((line) => line.split(' ')[0]),
    [...['HEAD', 'POST', 'PUT', 'POST'], ...['PATCH', 'PATCH', 'PATCH', 'PUT']],
  );
});

test('put() honours the least length of a chunk', async () => {
  await using server = await uploads((request, response, nth) => {
    if (request.method !== 'POST') return;
    response.writeHead(202, { location: `/v2/a/blobs/uploads/u1?n=${nth}`, 'oci-chunk-min-length': '200000' }).end();
    return true;
  });
  await using one = client(inChunks);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, bytes, signal);
  assert.deepEqual(
    server.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body.length),
    [200_000, 100_000],
  );
});

test('put() fails with the reason of its source, and does not try that again', async () => {
  await using server = await uploads(() => undefined);
  await using one = client();
  const broken = async () =>
    Readable.from(
      (async function* () {
        yield content.subarray(0, 1000);
        throw new FailureError({ reason: 'blob-missing', message: 'of the test' });
      })(),
    );
  await assert.rejects(
    one.repository({ registry: server.host, repository: 'a' }).put(blob, broken, signal),
    because('blob-missing'),
  );
  assert.deepEqual(one.slept, []);
});

test('put() mounts from where a blob is known to be, and sends it where that is refused', async () => {
  for (const [answerToMount, methods] of [
    [201, ['HEAD', 'POST']],
    [202, ['HEAD', 'POST', 'PUT']],
    [403, ['HEAD', 'POST', 'POST', 'PUT']],
    [401, ['HEAD', 'POST', 'POST', 'PUT']],
  ] as const) {
    await using server = await uploads((request, response) => {
      if (!request.path.includes('mount=')) return;
      response.writeHead(answerToMount, { location: '/v2/a/blobs/uploads/u1' }).end();
      return true;
    });
    await using one = client();
    const remote = one.repository({ registry: server.host, repository: 'a' });
    remote.knownAt(blob.digest, 'other/b');
    await remote.put(blob, bytes, signal);
    assert.deepEqual(
      server.log().map((line) => line.split(' ')[0]),
      methods,
      `${answerToMount}`,
    );
    assert.equal(server.log()[1], `POST /v2/a/blobs/uploads/?mount=${blob.digest}&from=other%2Fb`);
  }
});

// Redirects

test('credentials are not sent to where a blob is kept', async () => {
  await using store = await serve((_request, response) => void response.end(content));
  await using server = await registry((request, response) => {
    if (request.headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    }
    response.writeHead(307, { location: `http://${store.host}/b?signature=a%2Fb` }).end();
  });
  const name = server.host.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  await using one = client({ env: { [`CIP_REGISTRY_TOKEN_${name}`]: 'user:password' } });
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  assert.deepEqual(await buffer(stream), content);
  assert.deepEqual(store.log(), ['GET /b?signature=a%2Fb']);
  assert.equal(store.requests[0]!.headers.authorization, undefined);
});

test('a redirect in a circle ends', async () => {
  await using server = await registry(
    (request, response) => void response.writeHead(302, { location: request.path }).end(),
  );
  await using one = client();
  await assert.rejects(
    one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal),
    because('registry-redirect-refused'),
  );
  assert.equal(server.log().length, 11);
});

// Tags

test('tags() follows the links from page to page, and no circle', async () => {
  await using server = await registry((request, response) => {
    const last = new URL(request.path, 'http://x').searchParams.get('last');
    const next = last === null ? 'b' : last === 'b' ? 'd' : 'b';
    const tags = last === null ? ['a', 'b'] : last === 'b' ? ['c', 'd'] : ['e'];
    const link = `<https://x.example>; rel="prev", </v2/a/tags/list?n=2&last=${next}>; rel="next"`;
    response.writeHead(200, { link }).end(JSON.stringify({ name: 'a', tags }));
  });
  await using one = client();
  const tags: string[] = [];
  for await (const tag of one.repository({ registry: server.host, repository: 'a' }).tags(signal)) tags.push(tag);
  assert.deepEqual(tags, ['a', 'b', 'c', 'd', 'e']);
});

test('tags() ends where a registry names a next page for ever', async () => {
  let page = 0;
  await using server = await registry((_request, response) => {
    page += 1;
    response.writeHead(200, { link: `</v2/a/tags/list?last=${page}>; rel="next"` }).end('{"name":"a","tags":["a"]}');
  });
  await using one = client();
  const list = async () => {
    for await (const _ of one.repository({ registry: server.host, repository: 'a' }).tags(signal));
  };
  await assert.rejects(list(), because('registry-answer-not-understood'));
});

const tagAnswers: [title: string, status: number, body: string, want: string[] | string][] = [
  ['no repository', 404, '{"errors":[{"code":"NAME_UNKNOWN"}]}', []],
  ['no tags', 200, '{"name":"a","tags":null}', []],
  ['HTML', 200, '<html>', 'registry-answer-not-understood'],
  ['something else', 200, '{"tags":"a"}', 'registry-answer-not-understood'],
];
for (const [title, status, body, want] of tagAnswers) {
  test(`tags() where there is ${title}`, async () => {
    await using server = await registry((_request, response) => void response.writeHead(status).end(body));
    await using one = client();
    const list = async () => {
      const tags: string[] = [];
      for await (const tag of one.repository({ registry: server.host, repository: 'a' }).tags(signal)) tags.push(tag);
      return tags;
    };
    if (typeof want === 'string') await assert.rejects(list(), because(want));
    else assert.deepEqual(await list(), want);
  });
}

test('ping() accepts a registry and refuses a web page', async () => {
  await using server = await registry(() => {});
  await using web = await serve((_request, response) => void response.end('<!doctype html><title>Hello</title>'));
  await using one = client();
  await one.ping(server.host, signal);
  await assert.rejects(one.ping(web.host, signal), because('not-a-registry'));
});
