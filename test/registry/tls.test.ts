import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { FailureError } from '../../src/result.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { makeCertificates } from './certificates.ts';
import { client, serve } from './http-server.ts';

const signal = new AbortController().signal;
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;
const answer = (_request: unknown, response: ServerResponse) => void response.end('{}');

test(
  'TLS is trusted with the right authority, with none for insecure registries, and else not',
  needs('openssl'),
  async () => {
    await using dir = await tempDir();
    const certificates = await makeCertificates(dir.path);
    await using server = await serve(answer, certificates);

    await using trusting = client({ ca: certificates.ca });
    await trusting.ping(server.host, signal);

    await using careless = client({ insecureRegistries: [server.host] });
    await careless.ping(server.host, signal);

    await using strict = client();
    await assert.rejects(strict.ping(server.host, signal), (error) => {
      assert.ok(because('registry-tls-failed')(error), String(error));
      assert.match((error as FailureError).failure.hint ?? '', new RegExp(`--insecure-registry ${server.host}`));
      return true;
    });

    await using elsewhere = client({ insecureRegistries: ['127.0.0.1:1'] });
    await assert.rejects(elsewhere.ping(server.host, signal), because('registry-tls-failed'));
  },
);

test(
  'a certificate for another name is registry-tls-failed, even of the right authority',
  needs('openssl'),
  async () => {
    await using dir = await tempDir();
    const certificates = await makeCertificates(dir.path, 'DNS:other.example');
    await using server = await serve(answer, certificates);
    await using one = client({ ca: certificates.ca });
    await assert.rejects(one.ping(server.host, signal), because('registry-tls-failed'));
  },
);

test('a registry that speaks http where https is expected is registry-tls-failed, with the way out', async () => {
  await using server = await serve(answer);
  // The same server under a name that is not the loopback's, so that nothing but https is tried.
  const registry = server.host.replace('127.0.0.1', '0.0.0.0');
  await using strict = client();
  await assert.rejects(
    strict.ping(registry, signal),
    (error) =>
      because('registry-tls-failed')(error) && /seems to speak http/.test((error as FailureError).failure.hint!),
  );
  assert.deepEqual(server.requests, [], 'nothing was said in the clear');

  await using careless = client({ insecureRegistries: [registry] });
  await careless.ping(registry, signal);
});
