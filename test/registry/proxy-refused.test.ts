/** A proxy that does not let cip through: real ones on this machine, in front of a registry that is nowhere. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { failuresOf } from '../../src/result.ts';
import { client } from './http-server.ts';

const signal = new AbortController().signal;
const registry = 'registry.invalid:5000';

/** Answers each CONNECT alike, and counts them. */
async function refusingProxy(status: number) {
  const logins: (string | undefined)[] = [];
  const server = createServer();
  server.on('connect', (incoming, socket) => {
    logins.push(incoming.headers['proxy-authorization']);
    socket.on('error', () => {});
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    logins,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const rows: Readonly<
  Record<string, { readonly status: number; readonly login?: string; readonly tries: number; readonly hint: RegExp }>
> = {
  'one that forbids': { status: 403, tries: 1, hint: /allow registry\.invalid:5000.*NO_PROXY=registry\.invalid$/ },
  'one that wants a login': { status: 407, tries: 1, hint: /HTTPS?_PROXY=http:\/\/NAME:PASSWORD@127\.0\.0\.1:\d+/ },
  'one that knows another login': {
    status: 407,
    login: 'me:hunter2@',
    tries: 1,
    hint: /does not accept the login in HTTPS?_PROXY/,
  },
  'one that knows no method': { status: 405, tries: 1, hint: /allow/ },
  'one that cannot reach it': { status: 502, tries: 2, hint: /whether the proxy can reach it/ },
  'one that waits in vain': { status: 504, login: 'me:hunter2@', tries: 2, hint: /whether the proxy can reach it/ },
};

for (const [title, { status, login = '', tries, hint }] of Object.entries(rows)) {
  for (const [variable, insecureRegistries] of [
    ['HTTPS_PROXY', []],
    ['HTTP_PROXY', [registry]],
  ] as const) {
    test(`${variable}: ${title} is named, and not the registry`, async () => {
      await using proxy = await refusingProxy(status);
      await using one = client({ insecureRegistries, env: { [variable]: `http://${login}${proxy.host}` } });
      const asked = await one.ping(registry, signal).then(
        () => assert.fail('it answered'),
        (error: unknown) => failuresOf(error)![0]!,
      );
      assert.equal(asked.reason, 'proxy-refused');
      assert.equal(
        asked.message,
        `the proxy ${proxy.host} (from ${variable}) does not connect to ${registry}: it answers with status ${status}`,
      );
      assert.match(asked.hint ?? '', hint);
      assert.doesNotMatch(`${asked.message} ${asked.hint}`, /hunter2/);
      // https is tried first where http is allowed.
      const distinct = insecureRegistries.length === 0 ? tries : proxy.logins.length;
      assert.equal(proxy.logins.length, distinct);
      const sent = login === '' ? undefined : `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
      assert.deepEqual(new Set(proxy.logins), new Set([sent]));
    });
  }
}

test('a proxy where nothing listens is named, and not the registry', async () => {
  const proxy = await refusingProxy(403);
  const { host } = proxy;
  await proxy[Symbol.asyncDispose]();
  await using one = client({ env: { HTTPS_PROXY: `http://me:hunter2@${host}` } });
  const [failure] = await one.ping(registry, signal).then(
    () => assert.fail('it answered'),
    (error: unknown) => failuresOf(error)!,
  );
  assert.equal(failure!.reason, 'registry-unreachable');
  assert.ok(failure!.message.startsWith(`the proxy ${host} (from HTTPS_PROXY) for ${registry} is unreachable`));
  assert.doesNotMatch(`${failure!.message} ${failure!.hint}`, /hunter2/);
});
