/** Which requests go through which proxy, as Docker and Go have it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proxies } from '../../src/registry/proxies.ts';
import { failuresOf } from '../../src/result.ts';
import { client, serve } from './http-server.ts';

const signal = new AbortController().signal;
const both = { http_proxy: 'http://plain.example:3128', https_proxy: 'http://tls.example:3129' };
const [plain, tls] = ['http_proxy plain.example:3128', 'https_proxy tls.example:3129'];
const except = (no_proxy: string) => ({ ...both, no_proxy });

const rows: readonly (readonly [env: Readonly<Record<string, string>>, url: string, want: string | undefined])[] = [
  [{}, 'https://r.example', undefined],
  [both, 'https://r.example', tls],
  [both, 'http://r.example:5000', plain],
  [{ HTTPS_PROXY: 'http://up.example' }, 'https://r.example', 'HTTPS_PROXY up.example'],
  [{ ...both, HTTPS_PROXY: 'http://up.example' }, 'https://r.example', tls],
  [{ ...both, https_proxy: '' }, 'https://r.example', plain],
  [{ https_proxy: both.https_proxy }, 'http://r.example', undefined],
  [{ http_proxy: 'plain.example:3128' }, 'http://r.example', plain],
  [{ http_proxy: ' http://plain.example:3128 ' }, 'http://r.example', plain],
  [{ http_proxy: 'http://user:secret@plain.example:3128/' }, 'http://r.example', plain],
  // This machine.
  [both, 'http://localhost:5000', undefined],
  [both, 'http://some.localhost:5000', undefined],
  [both, 'http://127.0.0.1:5000', undefined],
  [both, 'https://127.8.9.10', undefined],
  [both, 'http://[::1]:5000', undefined],
  [both, 'http://localhost.example:5000', plain],
  [{ http_proxy: ':::' }, 'http://localhost:5000', undefined],
  // NO_PROXY.
  [except('*'), 'https://r.example', undefined],
  [except('a.example,*'), 'https://r.example', undefined],
  [except('r.example'), 'https://r.example', undefined],
  [except('R.Example'), 'https://r.example', undefined],
  [except('a.example, r.example'), 'https://r.example', undefined],
  [except('example'), 'https://r.example', undefined],
  [except('.example'), 'https://r.example', undefined],
  [except('*.example'), 'https://r.example', undefined],
  [except('ample'), 'https://r.example', tls],
  [except('r.example:443'), 'https://r.example', undefined],
  [except('r.example:5000'), 'https://r.example', tls],
  [except('r.example:5000'), 'http://r.example:5000', undefined],
  [except('10.1.2.3'), 'http://10.1.2.3:5000', undefined],
  [except('0.1.2.3'), 'http://10.1.2.3:5000', plain],
  [except('2.3'), 'http://10.1.2.3:5000', plain],
  [except('10.0.0.0/8'), 'http://10.1.2.3:5000', undefined],
  [except('10.0.0.0/16'), 'http://10.1.2.3:5000', plain],
  [except('10.0.0.0/8'), 'http://10.example:5000', plain],
  [except('10.0.0.0/99'), 'http://10.1.2.3:5000', plain],
  [except('fd00::/8'), 'http://[fd00::1]:5000', undefined],
  [except('fd00::1'), 'http://[fd00::1]:5000', undefined],
  [{ ...both, NO_PROXY: 'r.example' }, 'https://r.example', undefined],
];
for (const [env, url, want] of rows) {
  test(`${url} in ${JSON.stringify(env)}: ${want ?? 'directly'}`, () => {
    const proxy = new Proxies({ env }).for(new URL(url));
    assert.equal(proxy && `${proxy.variable} ${proxy.url.host}`, want);
  });
}

for (const value of [':::', 'http://', 'http://:80:80', 'ftp://proxy.example', 'user:secret@:::']) {
  test(`a proxy ${value} is told by its variable, and nobody is asked`, async () => {
    await using server = await serve((_request, response) => void response.end('{}'));
    await using one = client({ env: { HTTP_PROXY: value }, insecureRegistries: ['r.invalid:5000'] });
    await assert.rejects(one.ping('r.invalid:5000', signal), (error) => {
      const [failure] = failuresOf(error) ?? [];
      assert.equal(failure?.reason, 'proxy-invalid', failure?.message);
      assert.match(failure?.message ?? '', /^HTTP_PROXY is /);
      return !failure?.message.includes('secret');
    });
    await one.ping(server.host, signal);
  });
}
