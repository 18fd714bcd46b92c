import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { client, serve } from './http-server.ts';

const signal = new AbortController().signal;

/** A proxy that leads everything to `host` and notes, by tunnel or by request, what it was asked to lead where. */
async function proxyTo(host: string) {
  const [address, port] = host.split(':');
  const led: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { host: wanted, pathname } = new URL(incoming.url!);
    led.push(wanted);
    incoming.pipe(
      send({ host: address, port, path: pathname, method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  server.on('connect', (incoming, near) => {
    led.push(incoming.url!);
    const far = connect(Number(port), address, () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    near.pipe(far).pipe(near);
    far.on('error', () => near.destroy());
    near.on('error', () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    led,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('registries are asked through the proxy of the environment, but not those of this machine or of NO_PROXY', async () => {
  await using server = await serve((_request, response) => void response.end('{}'));
  await using proxy = await proxyTo(server.host);
  const insecureRegistries = ['registry.invalid:5000', server.host];
  await using one = client({ insecureRegistries, env: { HTTP_PROXY: proxy.url } });
  await one.ping('registry.invalid:5000', signal);
  const led = proxy.led.length;
  assert.ok(led > 0);
  assert.deepEqual([...new Set(proxy.led)], ['registry.invalid:5000']);
  await one.ping(server.host, signal);
  assert.equal(proxy.led.length, led);

  const env = { HTTP_PROXY: proxy.url, NO_PROXY: 'registry.invalid' };
  await using without = client({ insecureRegistries, env, retries: 0 });
  await assert.rejects(without.ping('registry.invalid:5000', signal));
  assert.equal(proxy.led.length, led);
});
