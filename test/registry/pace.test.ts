/** How slow a registry may be: measured on a clock that a test turns. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { defaultLimits, patienceFor } from '../../src/registry/limits.ts';
import { Pace } from '../../src/registry/pace.ts';
import { FailureError } from '../../src/result.ts';
import { breakingLine } from './breaking-line.ts';
import { answer, type Deed, forever, hostileServer } from './hostile-server.ts';
import { client, serve } from './http-server.ts';

const signal = new AbortController().signal;
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;

/** Bytes a second that come in pieces, for so many seconds; whether that is fast enough at every moment. */
const lines: readonly (readonly [title: string, piece: number, every: number, isEnough: boolean])[] = [
  ['10 KiB/s in packets', 1_460, 146, true],
  ['10 KiB/s in bursts, one each 30 s', 300 << 10, 30_000, true],
  ['2 KiB/s', 1_024, 500, true],
  ['a burst each 59 s', 64 << 10, 59_000, true],
  ['1 byte a second', 1, 1_000, false],
  ['1 byte a millisecond', 1, 1, false],
  ['500 bytes a second', 500, 1_000, false],
  ['a third of a burst each 31 s', 20 << 10, 31_000, false],
];
for (const [title, piece, every, isEnough] of lines) {
  test(`Pace: ${title} is ${isEnough ? 'enough' : 'too slow, after a minute'}`, () => {
    let now = 0;
    const pace = new Pace(defaultLimits, () => now);
    let isFine = true;
    while (isFine && now < 10 * 60_000) {
      pace.waiting();
      now += every;
      isFine = pace.arrived(piece);
    }
    assert.equal(isFine, isEnough);
    if (!isFine) assert.ok(now <= 2 * defaultLimits.window, `${now} ms`);
  });
}

test('Pace: the time in which nobody waits does not count', () => {
  let now = 0;
  const pace = new Pace(defaultLimits, () => now);
  for (let i = 0; i < 100; i++) {
    pace.waiting();
    now += 10;
    assert.equal(pace.arrived(1), true);
    now += 3_600_000;
  }
});

test('patienceFor() grows with what may be on its way, and with what is read again', () => {
  const minutes = (bytes: number) => Math.round(patienceFor(bytes, defaultLimits) / 60_000);
  assert.deepEqual([0, 1 << 20, 100 << 20, 10 * 2 ** 30].map(minutes), [1, 3, 8, 52]);
});

const content = Buffer.alloc(200_000, 'x');
const blob = { mediaType: mediaTypes.layerTar, digest: digestOf(content), size: content.length };
const isProbe: Deed = (socket) => answer(socket, 200, {}, '{}');

/** A clock on which each look takes so many milliseconds. */
const clock = (step: number) => {
  let now = 0;
  return () => (now += step);
};

test('a blob that drips is given up after two windows, however long the registry goes on', async () => {
  await using server = await hostileServer((socket, asked) => {
    if (asked.path === '/v2/') return isProbe(socket, asked);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
    forever(socket, 'x', 1);
  });
  await using one = client({ hooks: { sleep: async () => {}, now: clock(5_000) } });
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  await assert.rejects(buffer(stream), because('registry-too-slow'));
  assert.equal(server.asked.filter(({ path }) => path !== '/v2/').length, 2, 'once more, and no oftener');
});

test('a blob whose connection breaks after every few bytes is given up, though each time some came', async () => {
  await using server = await serve(({ path, headers }, response) => {
    if (path === '/v2/') return void response.end('{}');
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': content.length - from, 'content-range': range });
    // Were it not given up, it would be whole some day.
    if (from >= 100) return void response.end(content.subarray(from));
    response.write(content.subarray(from, from + 10), () => setTimeout(() => response.destroy(), 2));
  });
  await using one = client({ retries: 3 });
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  await assert.rejects(buffer(stream), because('registry-unreachable'));
  assert.equal(server.log().length, 4);
});

test('a slow blob is read to its end', async () => {
  await using server = await hostileServer((socket, asked) => {
    if (asked.path === '/v2/') return isProbe(socket, asked);
    answer(socket, 200, {}, content);
  });
  // The pieces come at once, yet each takes seven seconds of this clock: 10 KiB/s and less.
  await using one = client({ hooks: { sleep: async () => {}, now: clock(7_000) } });
  const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
  assert.deepEqual(await buffer(stream), content);
});

const ranges: readonly (readonly [title: string, range: string, reason: string])[] = [
  ['leaves bytes out', 'bytes 150000-199999/200000', 'registry-answer-not-understood'],
  ['has no number', 'bytes x-y/z', 'blob-size-mismatch'],
  ['has a number of a thousand digits', `bytes ${'9'.repeat(1_000)}-199999/200000`, 'registry-answer-not-understood'],
];
for (const [title, range, reason] of ranges) {
  test(`the rest of a blob whose range ${title} is ${reason}`, async () => {
    await using server = await serve(({ path, headers }, response) => {
      if (path === '/v2/') return void response.end('{}');
      if (headers.range === undefined) {
        response.writeHead(200, { 'content-length': content.length });
        return void response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 2));
      }
      response.writeHead(206, { 'content-range': range }).end(content.subarray(0, 100_000));
    });
    await using one = client({ retries: 1 });
    const stream = await one.repository({ registry: server.host, repository: 'a' }).open(blob, signal);
    await assert.rejects(buffer(stream), because(reason));
  });
}

test('a blob that a registry stops taking is given up', async () => {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.startsWith('GET')) answer(socket, 200, {}, '{}');
      else if (text.startsWith('HEAD')) answer(socket, 404);
      else if (text.startsWith('POST')) answer(socket, 202, { Location: '/v2/a/blobs/uploads/u' });
      else socket.pause();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  try {
    await using one = client({ retries: 1, limits: { window: 300, leastBytes: 1 << 20 } });
    const size = 64 << 20;
    const large = { mediaType: mediaTypes.layerTar, digest: digestOf('large'), size };
    const bytes = async () => Readable.from(pieces(size, 1 << 20), { objectMode: false });
    await assert.rejects(
      one.repository({ registry: host, repository: 'a' }).put(large, bytes, signal),
      because('registry-too-slow'),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a blob whose connection is reset while it is taken is sent again', async () => {
  let puts = 0;
  const size = 8 << 20;
  await using server = await serve(({ method, path }, response) => {
    if (path === '/v2/') response.end('{}');
    else if (method === 'HEAD') response.writeHead(404).end();
    else if (method === 'POST') response.writeHead(202, { location: '/v2/a/blobs/uploads/u' }).end();
    else response.writeHead(201).end();
  });
  await using line = await breakingLine(server.host, 1 << 20, 1);
  await using one = client();
  const large = { mediaType: mediaTypes.layerTar, digest: digestOf('large'), size };
  const bytes = async () => {
    puts += 1;
    return Readable.from(pieces(size, 1 << 16), { objectMode: false });
  };
  await one.repository({ registry: line.host, repository: 'a' }).put(large, bytes, signal);
  assert.deepEqual([line.breaks(), puts, one.slept], [1, 2, [1000]]);
});

test('a source that is slow itself is not the fault of the registry', async () => {
  await using server = await serve(({ method, path }, response) => {
    if (path === '/v2/') response.end('{}');
    else if (method === 'HEAD') response.writeHead(404).end();
    else if (method === 'POST') response.writeHead(202, { location: '/v2/a/blobs/uploads/u' }).end();
    else response.writeHead(201).end();
  });
  await using one = client({ limits: { window: 20 } });
  const source = new PassThrough();
  setTimeout(() => source.end(content), 300);
  await one.repository({ registry: server.host, repository: 'a' }).put(blob, async () => source, signal);
});

function* pieces(size: number, piece: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += piece) yield Buffer.alloc(piece);
}
