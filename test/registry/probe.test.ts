/** What answers at a registry's address, found out before anything else is done with it. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { FailureError } from '../../src/result.ts';
import { hostileServer } from './hostile-server.ts';
import { client, type HttpRequest, serve } from './http-server.ts';

const signal = new AbortController().signal;
const apiError = (code: string) => JSON.stringify({ errors: [{ code, message: 'so it is' }] });

type Answer = (response: ServerResponse, request: HttpRequest) => void;
const answers: readonly (readonly [title: string, answer: Answer, outcome: string, requests: number])[] = [
  ['a registry', (response) => response.end('{}'), 'reached', 2],
  ['a registry without a body', (response) => response.end(), 'reached', 2],
  [
    'a registry that says so',
    (response) => response.writeHead(200, { 'docker-distribution-api-version': 'registry/2.0' }).end('hello'),
    'reached',
    2,
  ],
  [
    'one that wants a login',
    (response) => response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://auth.example/"' }).end(),
    'reached',
    2,
  ],
  ['one that forbids', (response) => response.writeHead(403).end(apiError('DENIED')), 'reached', 2],
  ['one that has no /v2/', (response) => response.writeHead(404).end(apiError('UNSUPPORTED')), 'reached', 2],
  ['404 to everything', (response) => response.writeHead(404).end('404 page not found'), 'not-a-registry', 2],
  ['404 without a body', (response) => response.writeHead(404).end(), 'not-a-registry', 2],
  ['404 with other JSON', (response) => response.writeHead(404).end('{"error":"no"}'), 'not-a-registry', 2],
  ['a page of HTML', (response) => response.end('<!doctype html><title>Hello</title>'), 'not-a-registry', 2],
  ['401 of a web page', (response) => response.writeHead(401).end('<html>'), 'not-a-registry', 2],
  ['403 of a firewall', (response) => response.writeHead(403).end('<html>blocked'), 'not-a-registry', 2],
  ['400', (response) => response.writeHead(400).end('bad request'), 'not-a-registry', 2],
  ['405', (response) => response.writeHead(405).end(), 'not-a-registry', 2],
  ['503', (response) => response.writeHead(503).end('down for maintenance'), 'registry-refused', 4],
  ['502 of a proxy', (response) => response.writeHead(502).end('<html>bad gateway'), 'registry-refused', 4],
  ['429', (response) => response.writeHead(429).end(), 'registry-refused', 4],
  [
    'a redirect to a login page',
    (response, { path }) =>
      path === '/v2/' ? response.writeHead(302, { location: '/login' }).end() : response.end('<html>'),
    'not-a-registry',
    3,
  ],
];
for (const [title, answer, outcome, requests] of answers) {
  test(`reach(), ${title}: ${outcome}`, async () => {
    await using server = await serve((request, response) => answer(response, request));
    await using one = client();
    assert.equal(await outcomeOf(one.reach(server.host, signal)), outcome);
    // The first finds out whether it speaks http.
    assert.equal(server.requests.length, requests);
    assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
  });
}

test('reach(), nothing listens: registry-unreachable, at once', async () => {
  const { host } = await (async () => {
    await using closed = await serve(() => {});
    return closed;
  })();
  await using one = client();
  assert.equal(await outcomeOf(one.reach(host, signal)), 'registry-unreachable');
  assert.deepEqual(one.slept, []);
});

test('reach(), one that says nothing: registry-unreachable after two tries, with a word in between', async () => {
  await using server = await hostileServer(() => {});
  await using one = client({ limits: { probe: 200, notice: 20 } });
  let waits = 0;
  const reached = one.reach(server.host, signal, () => {
    waits += 1;
  });
  assert.equal(await outcomeOf(reached), 'registry-unreachable');
  assert.deepEqual([waits, one.slept], [1, [1000]]);
});

test('reach(), one that answers: nothing is said', async () => {
  await using server = await serve((_request, response) => void response.end('{}'));
  await using one = client();
  await one.reach(server.host, signal, () => assert.fail('nobody had to wait'));
});

test('reach(), one that never finishes the handshake of TLS: registry-unreachable', async () => {
  await using server = await hostileServer(() => {}, { declinesTls: false });
  await using one = client({ limits: { probe: 200 } });
  // Under a name that is not the loopback's, so that nothing but https is tried.
  const host = server.host.replace('127.0.0.1', '0.0.0.0');
  assert.equal(await outcomeOf(one.reach(host, signal)), 'registry-unreachable');
});

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'reached';
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return error.failure.reason;
  }
}
