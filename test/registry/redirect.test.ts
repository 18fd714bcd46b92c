import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDowngrade, redirected } from '../../src/registry/redirect.ts';

const headers = { authorization: 'Basic x', accept: 'a/b', range: 'bytes=1-' };
const request = (method: string) => ({ method, url: new URL('https://r.example/v2/a/blobs/b'), headers });

const cases: [title: string, status: number, location: string, keepsCredentials: boolean][] = [
  ['a relative address', 307, '/other?x=1', true],
  ['the same host', 302, 'https://r.example/other', true],
  ['the default port', 302, 'https://r.example:443/other', true],
  ['another host', 307, 'https://cdn.example/b?sig=a%2Bb', false],
  ['a host below', 307, 'https://cdn.r.example/b', false],
  ['another port', 307, 'https://r.example:8443/b', false],
  ['another scheme', 307, 'http://r.example/b', false],
];
for (const [title, status, location, keepsCredentials] of cases) {
  test(`redirected() ${keepsCredentials ? 'keeps' : 'drops'} credentials for ${title}`, () => {
    const { authorization, ...others } = headers;
    assert.deepEqual(redirected(request('GET'), status, location), {
      method: 'GET',
      url: new URL(location, 'https://r.example/'),
      headers: keepsCredentials ? headers : others,
      keepsBody: true,
    });
  });
}

const methods: [method: string, status: number, want: string, keepsBody: boolean][] = [
  ['PUT', 307, 'PUT', true],
  ['PUT', 308, 'PUT', true],
  ['POST', 301, 'POST', true],
  ['PUT', 303, 'GET', false],
  ['HEAD', 303, 'HEAD', true],
];
for (const [method, status, want, keepsBody] of methods) {
  test(`redirected() makes ${want} of ${method} after ${status}`, () => {
    const got = redirected(request(method), status, '/x');
    assert.deepEqual([got.method, got.keepsBody], [want, keepsBody]);
  });
}

test('isDowngrade() is true from https to http only', () => {
  const [tls, plain] = [new URL('https://a.example'), new URL('http://a.example')];
  assert.deepEqual(
    [isDowngrade(tls, plain), isDowngrade(plain, plain), isDowngrade(plain, tls), isDowngrade(tls, tls)],
    [true, false, false, false],
  );
});
