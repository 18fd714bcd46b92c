import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiHost, isLoopback, type PlainAnswer, wantsTls } from '../../src/registry/endpoint.ts';

const hosts: [registry: string, want: boolean][] = [
  ['localhost', true],
  ['localhost:5000', true],
  ['LOCALHOST:5000', true],
  ['127.0.0.1:5000', true],
  ['127.1.2.3', true],
  ['[::1]:5000', true],
  ['registry.localhost:5000', true],
  ['docker.io', false],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
  ['10.0.0.1:5000', false],
  ['[2001:db8::1]:5000', false],
];
for (const [registry, want] of hosts) {
  test(`isLoopback() of ${registry} is ${want}`, () => assert.equal(isLoopback(registry), want));
}

test('apiHost() knows that Docker Hub lives elsewhere', () => {
  assert.equal(apiHost('docker.io'), 'registry-1.docker.io');
  assert.equal(apiHost('ghcr.io'), 'ghcr.io');
});

const answers: [title: string, answer: PlainAnswer, want: boolean][] = [
  ['a registry', { status: 200, location: undefined, start: '{}' }, false],
  ['a registry that wants credentials', { status: 401, location: undefined, start: '' }, false],
  [
    "Go's complaint",
    { status: 400, location: undefined, start: 'Client sent an HTTP request to an HTTPS server.' },
    true,
  ],
  ['another complaint', { status: 400, location: undefined, start: '{"errors":[]}' }, false],
  ['a redirect to https', { status: 308, location: 'https://host/v2/', start: '' }, true],
  ['a redirect to elsewhere', { status: 302, location: 'http://host/login', start: '' }, false],
  ['a reset', { error: 'ECONNRESET' }, true],
  ['a TLS alert', { error: 'HPE_INVALID_CONSTANT' }, true],
  ['a refusal', { error: 'ECONNREFUSED' }, true],
  ['a name that is not known', { error: 'ENOTFOUND' }, false],
  ['an error without a code', { error: undefined }, false],
];
for (const [title, answer, want] of answers) {
  test(`wantsTls() after ${title} is ${want}`, () => assert.equal(wantsTls(answer), want));
}
