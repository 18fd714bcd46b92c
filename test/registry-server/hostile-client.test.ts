/** Clients that do wicked things. Whatever they do, they get an answer or are cut off, and others are served as before. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { ClientLimits } from '../../src/registry-server/server.ts';
import { forever } from '../registry/hostile-server.ts';
import { pushBlob, send } from './client.ts';
import { serve, type TestRegistry } from './serve.ts';

const deep = '{"a":['.repeat(100_000);
const put = (body: string, more = '') =>
  `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${mediaTypes.imageManifest}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

interface Attack {
  /** What it says; the rest is up to `go`. */
  readonly says?: string;
  readonly go?: (socket: Socket, server: TestRegistry) => void | Promise<void>;
  /** Statuses of all that is answered until the end of the connection. */
  readonly want: readonly number[];
  /** The one that ends it, where it would go on until somebody loses patience; the others end under the usual limits. */
  readonly limits?: Partial<ClientLimits>;
}

/** What is written here never contains a line that the server would have to wait for: all ends by itself. */
const attacks: Readonly<Record<string, Attack>> = {
  'half of a request line': { limits: { headers: 500 }, says: 'GET /v2', want: [408] },
  'half of its headers': {
    limits: { headers: 500 },
    says: 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX-Half',
    want: [408],
  },
  'headers that drip': {
    limits: { headers: 500 },
    says: 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX-Drip: ',
    go: (socket) => forever(socket, 'x', 5),
    want: [408],
  },
  'headers without end': {
    says: 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\n',
    go: (socket) => forever(socket, `X-More: ${'x'.repeat(1000)}\r\n`),
    want: [431],
  },
  nothing: { limits: { headers: 500 }, want: [408] },
  noise: { says: '\x00\xff\xa5'.repeat(100), want: [400] },
  'the hello of TLS': { says: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', want: [400] },
  'the preface of HTTP/2': { says: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', want: [400] },
  'no Host': { says: 'GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n', want: [400] },
  'no Host, in HTTP/1.0': { says: 'GET /v2/ HTTP/1.0\r\n\r\n', want: [400] },
  'two lengths': {
    says: 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    want: [400],
  },
  'a length and chunks': {
    says: 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    want: [400],
  },
  'a tunnel': { says: 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n', want: [] },
  'an upgrade': {
    says: 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    want: [200],
  },
  'the address of another server': {
    says: 'GET http://evil.example/v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    want: [404],
  },
  'a manifest that drips': {
    limits: { window: 300 },
    says: `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${mediaTypes.imageManifest}\r\nContent-Length: 100000\r\n\r\n`,
    go: (socket) => forever(socket, ' ', 5),
    want: [408],
  },
  'a manifest that stops': {
    limits: { idle: 500 },
    says: `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${mediaTypes.imageManifest}\r\nContent-Length: 100000\r\n\r\n{`,
    want: [],
  },
  'a blob that drips': {
    limits: { window: 300 },
    says: `POST /v2/a/blobs/uploads/?digest=${digestOf('x')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n`,
    go: (socket) => forever(socket, 'x', 5),
    want: [408],
  },
  'a blob that breaks off': {
    says: `POST /v2/a/blobs/uploads/?digest=${digestOf('x')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nxxx`,
    go: (socket) => void setTimeout(() => socket.resetAndDestroy(), 10),
    want: [],
  },
  'a chunk of no size': {
    says: 'PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n',
    want: [400],
  },
  'JSON that is deep': { says: put(deep, 'Connection: close\r\n'), want: [400] },
  'JSON that is a number': { says: put('1e999', 'Connection: close\r\n'), want: [400] },
  'a prototype': {
    says: put('{"__proto__":{"schemaVersion":2},"constructor":1}', 'Connection: close\r\n'),
    want: [400],
  },
  'many requests at once': {
    says: `${'GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(99)}GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    want: Array.from({ length: 100 }, () => 200),
  },
  'a page of a huge size': {
    says: `GET /v2/_catalog?n=${'9'.repeat(400)}&last=%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    want: [200],
  },
  'a range of a huge size': {
    says: `PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: localhost\r\nContent-Range: ${'9'.repeat(400)}-${'9'.repeat(400)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    want: [404],
  },
  'a name that climbs': {
    says: 'GET /v2/..%2f..%2f..%2fetc/passwd/tags/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    want: [400],
  },
  'a digest that climbs': {
    says: 'GET /v2/a/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    want: [404],
  },
};

describe('a client that sends', { concurrency: 16 }, () => {
  for (const [title, { says = '', go, want, limits = {} }] of Object.entries(attacks)) {
    test(title, { timeout: 60_000 }, async () => {
      await using server = await serve({ limits });
      const digest = await pushBlob(server.url, 'a', 'what others have');
      assert.deepEqual(await talk(server, says, go), want);
      const got = await send(server.url, 'GET', `/v2/a/blobs/${digest}`);
      assert.equal(got.body.toString(), 'what others have');
      assert.deepEqual(
        server.log.filter((line) => / 5\d\d$|Error/.test(line)),
        [],
        'no error of ours',
      );
    });
  }
});

const hosts: readonly (readonly [host: string, status: number, status2: number])[] = [
  // What it is called, its status on this machine alone, and where others are allowed and it is told registry.example.
  ['localhost', 200, 200],
  ['localhost:5000', 200, 200],
  ['LocalHost:1', 200, 200],
  ['cip.localhost', 200, 200],
  ['localhost.', 200, 200],
  ['127.0.0.1', 200, 200],
  ['127.9.9.9:80', 200, 200],
  ['[::1]:5000', 200, 200],
  ['registry.example:5000', 421, 200],
  ['Registry.Example', 421, 200],
  ['192.168.1.2:5000', 421, 200],
  ['[fe80::1]:5000', 421, 200],
  ['evil.example', 421, 421],
  ['evil.example:5000', 421, 421],
  ['registry.example.evil.example', 421, 421],
  ['localhost.evil.example', 421, 421],
  ['127.0.0.1.evil.example', 421, 421],
  ['evil-localhost', 421, 421],
  ['2130706433', 421, 421],
  ['user@localhost', 400, 400],
  ['localhost:port', 400, 400],
  ['localhost/..', 400, 400],
  ['[::1', 400, 400],
];
test('requests are answered under the names of this machine, and those it was told', async (t) => {
  await using alone = await serve();
  await using open = await serve({ allowRemote: true, allowedHosts: ['registry.example'] });
  for (const [host, here, there] of hosts) {
    await t.test(`${JSON.stringify(host)}: ${here}, ${there}`, async () => {
      for (const [server, status] of [
        [alone, here],
        [open, there],
      ] as const) {
        for (const [method, path] of [
          ['GET', '/v2/'],
          ['POST', '/v2/a/blobs/uploads/'],
        ] as const) {
          const got = await send(server.url, method, path, { headers: { Host: host } });
          assert.equal(got.status, status === 200 && method === 'POST' ? 202 : status, method);
          if (status !== 200) assert.equal(got.code, 'DENIED');
        }
      }
    });
  }
});

test('an upload that is slow but moves is taken', async () => {
  await using server = await serve({ limits: { headers: 100, window: 50, leastBytes: 10 } });
  const bytes = Buffer.alloc(200, 'x');
  const head = `POST /v2/a/blobs/uploads/?digest=${digestOf(bytes)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 200\r\n\r\n`;
  const status = await talk(server, head, async (socket) => {
    // Each piece alone is enough, however late this machine sends it.
    for (let sent = 0; sent < bytes.length; sent += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.write(bytes.subarray(sent, sent + 20));
    }
  });
  assert.deepEqual(status, [201]);
});

test('more connections than allowed are turned away, and others come in when some have ended', async () => {
  await using server = await serve({ limits: { headers: 200, connections: 10 } });
  const sockets = Array.from({ length: 30 }, () => connect(server.registry.address.port, '127.0.0.1'));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on('error', () => {})
            .resume()
            .once('close', resolve),
        ),
    ),
  );
  assert.equal((await send(server.url, 'GET', '/v2/')).status, 200);
});

/** The statuses of all answers on a connection, when it has ended. */
async function talk(server: TestRegistry, says: string, go: Attack['go']): Promise<readonly number[]> {
  const socket = connect(server.registry.address.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('end', () => socket.destroy());
  socket.write(Buffer.from(says, 'latin1'));
  await go?.(socket, server);
  await ended;
  return [
    ...Buffer.concat(chunks)
      .toString('latin1')
      .matchAll(/HTTP\/1\.1 (\d{3}) /g),
  ].map(([, status]) => Number(status));
}
