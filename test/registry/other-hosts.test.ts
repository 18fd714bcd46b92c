/** A failure is laid to the host that failed: the registry, the one it sends requests to, or the proxy on the way. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { failuresOf } from '../../src/result.ts';
import { client, type HttpRequest, serve } from './http-server.ts';

const signal = new AbortController().signal;

/** A port that nothing listens on any more. */
async function closedHost(): Promise<string> {
  const server = await serve(() => {});
  await server[Symbol.asyncDispose]();
  return server.host;
}

type Answer = (elsewhere: string) => (request: HttpRequest, response: ServerResponse) => void;
const ping: Answer = () => (_request, response) => void response.end('{}');
const to =
  (status: number, header: (elsewhere: string) => Record<string, string>): Answer =>
  (elsewhere) =>
  ({ path }, response) => {
    if (path === '/v2/') response.end('{}');
    else response.writeHead(status, header(elsewhere)).end();
  };
const rows: Readonly<
  Record<
    string,
    { readonly answer: Answer; readonly env?: (elsewhere: string) => Record<string, string>; readonly host?: string }
  >
> = {
  'a redirect to where nothing listens': { answer: to(307, (elsewhere) => ({ location: `http://${elsewhere}/x` })) },
  'a redirect to a name that does not exist': {
    answer: to(302, () => ({ location: 'http://no-such-host.invalid/x' })),
    host: 'no-such-host.invalid',
  },
  'a token server that is not there': {
    answer: to(401, (elsewhere) => ({ 'www-authenticate': `Bearer realm="http://${elsewhere}/token",service="x"` })),
  },
};
for (const [title, { answer, host }] of Object.entries(rows)) {
  test(`${title} is named, and not the registry`, async () => {
    const elsewhere = await closedHost();
    await using server = await serve(answer(elsewhere));
    await using one = client({ retries: 0 });
    const asking = one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal);
    await assert.rejects(asking, (error) => {
      const [failure] = failuresOf(error) ?? [];
      assert.equal(failure?.reason, 'registry-unreachable', failure?.message);
      assert.ok(failure?.message.startsWith(`no connection to ${host ?? elsewhere}, `), failure?.message);
      return failure?.hint?.includes(host ?? elsewhere) === true;
    });
  });
}

test('a proxy that is not there is named with its variable', async () => {
  const elsewhere = await closedHost();
  await using server = await serve(ping(''));
  const registry = 'r.invalid:5000';
  await using one = client({ retries: 0, insecureRegistries: [registry], env: { http_proxy: `http://${elsewhere}` } });
  await assert.rejects(one.ping(registry, signal), (error) => {
    const [failure] = failuresOf(error) ?? [];
    assert.equal(failure?.reason, 'registry-unreachable');
    return failure?.message.startsWith(`the proxy ${elsewhere} (from http_proxy) `);
  });
  await one.ping(server.host, signal);
});

const said = 'manifest invalid: immutable tag';
const refusals: readonly (readonly [body: unknown, words: RegExp])[] = [
  [
    { errors: [{ code: 'MANIFEST_INVALID', message: said }] },
    /: "manifest invalid: immutable tag" \(.*MANIFEST_INVALID/,
  ],
  [{ errors: [{ code: 'MANIFEST_INVALID' }] }, /: it does not accept the manifest, status 400, MANIFEST_INVALID$/],
  [{ errors: [{ code: 'ODD', message: said }] }, /: "manifest invalid: immutable tag" \(status 400, ODD\)$/],
  ['no words', /: status 400$/],
];
for (const [body, words] of refusals) {
  test(`a refusal of ${JSON.stringify(body)} says the registry's words first, and guesses as such`, async () => {
    await using server = await serve(({ path }, response) => {
      response.writeHead(path === '/v2/' ? 200 : 400).end(JSON.stringify(body));
    });
    await using one = client({ retries: 0 });
    await assert.rejects(one.repository({ registry: server.host, repository: 'a' }).manifest('1', signal), (error) => {
      const [failure] = failuresOf(error) ?? [];
      assert.equal(failure?.reason, 'registry-refused');
      assert.match(failure?.message ?? '', words);
      return /may|perhaps/.test(failure?.hint ?? '');
    });
  });
}
