import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPrivateKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { copyGraph } from '../../src/oci/copy-graph.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { RegistryOptions } from '../../src/registry/registry-options.ts';
import type { RemoteRepository } from '../../src/registry/remote-repository.ts';
import { FailureError } from '../../src/result.ts';
import { addImage, addIndex, MemoryContent } from '../oci/memory-content.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { breakingLine } from './breaking-line.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { client, type HttpServer, serve } from './http-server.ts';

const run = promisify(execFile);
const signal = new AbortController().signal;
const because = (reason: string) => (error: unknown) =>
  error instanceof FailureError && error.failure.reason === reason;
const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

async function push(content: MemoryContent, root: Descriptor, to: RemoteRepository, tag: string): Promise<void> {
  await copyGraph(root, { from: content, to }, signal);
  await to.putManifest(tag, { descriptor: root, bytes: content.blobs.get(root.digest)! }, signal);
}

async function listed(remote: RemoteRepository): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of remote.tags(signal)) tags.push(tag);
  return tags;
}

function randomBlob(size: number): { readonly blob: Descriptor; readonly bytes: Buffer } {
  const bytes = randomBytes(size);
  return { bytes, blob: { mediaType: mediaTypes.layerTarGzip, digest: digestOf(bytes), size } };
}
const pieces = (bytes: Buffer) => async () =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521);
    })(),
    { objectMode: false },
  );

test('docker-registry: images go there and come back as they were', needs('docker-registry', 'skopeo'), async (t) => {
  await using dir = await tempDir();
  await using server = await startDockerRegistry(dir.path);
  await using one = client();
  const remote = one.repository({ registry: server.host, repository: 'group/app' });
  const content = new MemoryContent();
  const [first, second] = [addImage(content, amd64, 'amd64'), addImage(content, arm64, 'arm64')];
  const index = addIndex(content, [first.descriptor, second.descriptor]);

  await t.test('ping()', () => one.ping(server.host, signal));

  await t.test('nothing is there yet', async () => {
    assert.equal(await remote.resolve('1.0', signal), undefined);
    assert.equal(await remote.manifest('1.0', signal), undefined);
    assert.equal(await remote.has(first.config, signal), false);
    assert.deepEqual(await listed(remote), []);
    assert.equal(await remote.deleteManifest(index.digest, signal), false);
    await assert.rejects(remote.open(first.config, signal), because('blob-unknown'));
  });

  await t.test('a manifest without its blobs is refused', async () => {
    const bytes = content.blobs.get(first.descriptor.digest)!;
    await assert.rejects(
      remote.putManifest('1.0', { descriptor: first.descriptor, bytes }, signal),
      because('registry-refused'),
    );
  });

  await t.test('push, resolve and pull of an index', async () => {
    await push(content, index, remote, '1.0');
    assert.deepEqual(await remote.resolve('1.0', signal), index);
    assert.deepEqual(
      (await remote.manifest('1.0', signal))?.value,
      JSON.parse(String(content.blobs.get(index.digest))),
    );
    const back = new MemoryContent();
    await copyGraph(index, { from: remote, to: back }, signal);
    assert.deepEqual(new Map([...back.blobs].sort()), new Map([...content.blobs].sort()));
  });

  await t.test('skopeo sees the same', async () => {
    const { stdout } = await run('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${server.host}/group/app:1.0`,
    ]);
    assert.equal(digestOf(stdout.trim()), index.digest);
  });

  await t.test('what skopeo pushed comes down whole', async () => {
    const layout = join(dir.path, 'layout');
    const at = `docker://${server.host}/group/app`;
    await run('skopeo', [
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      `${at}:1.0`,
      `oci:${layout}:x`,
    ]);
    await run('skopeo', [
      'copy',
      '--all',
      '--dest-tls-verify=false',
      `oci:${layout}:x`,
      `docker://${server.host}/skopeo:2`,
    ]);
    const copied = one.repository({ registry: server.host, repository: 'skopeo' });
    assert.equal((await copied.resolve('2', signal))?.digest, index.digest);
    await copyGraph(index, { from: copied, to: new MemoryContent() }, signal);
  });

  await t.test('a second push sends nothing', async () => {
    const silentContent = new MemoryContent();
    for (const [digest, bytes] of content.blobs) silentContent.blobs.set(digest, bytes);
    await push(silentContent, index, remote, '1.0');
    assert.deepEqual(silentContent.opened, [index.digest]);
  });

  await t.test('layers are mounted from another repository, not sent', async () => {
    await using fresh = client();
    const other = fresh.repository({ registry: server.host, repository: 'other' });
    for (const layer of [...first.layers, first.config]) other.knownAt(layer.digest, 'group/app');
    await other.put(first.layers[0]!, () => assert.fail('it was sent'), signal);
    assert.equal(await other.has(first.layers[0]!, signal), true);
  });

  await t.test('a mount from where it is not turns into a push', async () => {
    await using fresh = client();
    const other = fresh.repository({ registry: server.host, repository: 'another' });
    other.knownAt(first.config.digest, 'nowhere');
    await other.put(first.config, () => content.open(first.config, signal), signal);
    assert.equal(await other.has(first.config, signal), true);
  });

  await t.test('tags come in pages', async () => {
    const bytes = content.blobs.get(first.descriptor.digest)!;
    const paged = one.repository({ registry: server.host, repository: 'paged' });
    await copyGraph(first.descriptor, { from: content, to: paged }, signal);
    const tags = Array.from({ length: 25 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    for (const tag of tags) await paged.putManifest(tag, { descriptor: first.descriptor, bytes }, signal);
    assert.deepEqual((await listed(paged)).sort(), tags);
  });

  await t.test('deleteManifest() takes the tags along', async () => {
    assert.equal(await remote.deleteManifest(index.digest, signal), true);
    assert.equal(await remote.resolve('1.0', signal), undefined);
  });

  await t.test('the name of a repository that no registry takes is refused with its code', async () => {
    const odd = one.repository({ registry: server.host, repository: 'a--B' });
    await assert.rejects(
      odd.putManifest('1', { descriptor: index, bytes: content.blobs.get(index.digest)! }, signal),
      FailureError,
    );
  });
});

test('docker-registry: large blobs', needs('docker-registry'), async (t) => {
  await using dir = await tempDir();
  await using server = await startDockerRegistry(dir.path);

  for (const [title, size, options] of [
    ['in one piece', 20 << 20, {}],
    ['in chunks', 20 << 20, { chunkAbove: 1 << 20, chunkSize: 3 << 20 }],
    ['in a single chunk', 2 << 20, { chunkAbove: 1 << 20, chunkSize: 3 << 20 }],
    ['of no bytes', 0, {}],
  ] satisfies [string, number, Partial<RegistryOptions>][]) {
    await t.test(title, async () => {
      await using one = client(options);
      const remote = one.repository({ registry: server.host, repository: 'large' });
      const { blob, bytes } = randomBlob(size);
      await remote.put(blob, pieces(bytes), signal);
      assert.equal(digestOf(await buffer(await remote.open(blob, signal))), blob.digest);
    });
  }

  await t.test('what is not what it is said to be is refused', async () => {
    await using one = client();
    const remote = one.repository({ registry: server.host, repository: 'large' });
    const { blob, bytes } = randomBlob(1000);
    bytes[0]! ^= 1;
    await assert.rejects(remote.put(blob, pieces(bytes), signal), because('registry-refused'));
    assert.equal(await remote.has(blob, signal), false);
  });

  await t.test('many at once', async () => {
    await using one = client();
    const remote = one.repository({ registry: server.host, repository: 'many' });
    const blobs = Array.from({ length: 30 }, () => randomBlob(100_000));
    await Promise.all(blobs.map(({ blob, bytes }) => remote.put(blob, pieces(bytes), signal)));
    for (const { blob } of blobs) assert.equal(await remote.has(blob, signal), true);
  });
});

test('docker-registry: pull and push through a line that breaks', needs('docker-registry'), async (t) => {
  await using dir = await tempDir();
  await using server = await startDockerRegistry(dir.path);
  const { blob, bytes } = randomBlob(7 << 20);

  for (const [title, options] of [
    ['push in one piece', {}],
    ['push in chunks', { chunkAbove: 1 << 20, chunkSize: 1 << 20 }],
  ] satisfies [string, Partial<RegistryOptions>][]) {
    await t.test(title, async () => {
      await using line = await breakingLine(server.host, 2 << 20, 3);
      await using one = client(options);
      const repository = title.replaceAll(' ', '-');
      await one.repository({ registry: line.host, repository }).put(blob, pieces(bytes), signal);
      await using direct = client();
      assert.equal(await direct.repository({ registry: server.host, repository }).has(blob, signal), true);
      assert.equal(line.breaks(), 3);
    });
  }
  await t.test('pull', async () => {
    await using line = await breakingLine(server.host, 1 << 20, Number.POSITIVE_INFINITY);
    await using one = client({ retries: 1 });
    const stream = await one.repository({ registry: line.host, repository: 'push-in-chunks' }).open(blob, signal);
    assert.equal(digestOf(await buffer(stream)), blob.digest);
    assert.ok(line.breaks() >= 6, 'and went on each time where it had broken');
  });
});

test('docker-registry: passwords over TLS', needs('docker-registry', 'htpasswd', 'openssl'), async (t) => {
  await using dir = await tempDir();
  const certificates = await makeCertificates(dir.path);
  const { stdout } = await run('htpasswd', ['-Bbn', 'user', 'pass:word']);
  const htpasswd = join(dir.path, 'htpasswd');
  await writeFile(htpasswd, stdout);
  await using server = await startDockerRegistry(dir.path, {
    auth: { htpasswd: { realm: 'test realm', path: htpasswd } },
    http: { tls: { certificate: certificates.certFile, key: certificates.keyFile } },
  });
  const content = new MemoryContent();
  const image = addImage(content, amd64, 'a');
  const dockerConfig = async (password: string) => {
    const path = join(dir.path, `${password}.json`);
    const auth = Buffer.from(`user:${password}`).toString('base64');
    await writeFile(path, JSON.stringify({ auths: { [`https://${server.host}`]: { auth } } }));
    return path;
  };

  await t.test('the right one', async () => {
    await using one = client({ ca: certificates.ca, dockerConfig: await dockerConfig('pass:word') });
    const remote = one.repository({ registry: server.host, repository: 'app' });
    await one.ping(server.host, signal);
    await push(content, image.descriptor, remote, '1');
    assert.equal((await remote.resolve('1', signal))?.digest, image.descriptor.digest);
    await copyGraph(image.descriptor, { from: remote, to: new MemoryContent() }, signal);
  });
  await t.test('a wrong one, and none', async () => {
    for (const path of [await dockerConfig('wrong'), undefined]) {
      await using one = client({ ca: certificates.ca, dockerConfig: path });
      const remote = one.repository({ registry: server.host, repository: 'app' });
      await assert.rejects(remote.resolve('1', signal), because('registry-denied'));
      await assert.rejects(one.ping(server.host, signal), because('registry-denied'));
    }
  });
  await t.test('an insecure registry needs no authority', async () => {
    await using one = client({ insecureRegistries: [server.host], dockerConfig: await dockerConfig('pass:word') });
    await one.ping(server.host, signal);
  });
  await t.test('an unknown authority is not trusted', async () => {
    await using one = client({ dockerConfig: await dockerConfig('pass:word') });
    await assert.rejects(one.ping(server.host, signal), because('registry-tls-failed'));
  });
});

test('docker-registry: tokens', needs('docker-registry', 'openssl'), async (t) => {
  await using dir = await tempDir();
  const certificates = await makeCertificates(dir.path);
  await using tokens = await tokenServer(certificates);
  await writeFile(join(dir.path, 'ca-of-tokens.pem'), certificates.ca);
  const auth = {
    token: {
      realm: `http://${tokens.host}/token`,
      service: 'test',
      issuer: 'test issuer',
      rootcertbundle: join(dir.path, 'ca-of-tokens.pem'),
    },
  };
  await using server = await startDockerRegistry(dir.path, { auth });
  const content = new MemoryContent();
  const [first, second] = [addImage(content, amd64, 'a'), addImage(content, amd64, 'b')];
  const dockerConfig = join(dir.path, 'docker.json');
  const login = { auth: Buffer.from('user:password').toString('base64') };
  await writeFile(dockerConfig, JSON.stringify({ auths: { [server.host]: login } }));

  await t.test('push to two repositories, the second by mounting, and pull', async () => {
    await using one = client({ dockerConfig });
    const remote = one.repository({ registry: server.host, repository: 'first' });
    await push(content, first.descriptor, remote, '1');
    content.opened.length = 0;
    await push(content, second.descriptor, one.repository({ registry: server.host, repository: 'second' }), '1');
    assert.ok(!content.opened.includes(second.layers[0]!.digest), 'the layer that both have was mounted');
    await copyGraph(first.descriptor, { from: remote, to: new MemoryContent() }, signal);
    assert.deepEqual(await listed(remote), ['1']);
    assert.equal(await remote.deleteManifest(first.descriptor.digest, signal), true);
  });
  await t.test('anonymous users may pull and not push', async () => {
    await using one = client();
    const remote = one.repository({ registry: server.host, repository: 'second' });
    assert.equal((await remote.resolve('1', signal))?.digest, second.descriptor.digest);
    const bytes = content.blobs.get(second.descriptor.digest)!;
    await assert.rejects(
      remote.putManifest('2', { descriptor: second.descriptor, bytes }, signal),
      because('registry-denied'),
    );
  });
});

/** Signs tokens as docker-registry believes them; `user:password` may do everything, others may pull. */
async function tokenServer(certificates: Certificates): Promise<HttpServer> {
  const key = createPrivateKey(certificates.key);
  const x5c = [new X509Certificate(certificates.cert).raw.toString('base64')];
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return await serve(({ path, headers }, response) => {
    const { searchParams } = new URL(path, 'http://x');
    const login = Buffer.from('user:password').toString('base64');
    const isKnown = headers.authorization === `Basic ${login}`;
    if (headers.authorization !== undefined && !isKnown) return void response.writeHead(401).end();
    const access = searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',').filter((action) => isKnown || action === 'pull') };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'test issuer',
      sub: 'user',
      aud: searchParams.get('service'),
      nbf: now - 60,
      iat: now,
      exp: now + 300,
    };
    const text = `${part({ typ: 'JWT', alg: 'ES256', x5c })}.${part({ ...claims, jti: `${Math.random()}`, access })}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    response.end(JSON.stringify({ token: `${text}.${signature}`, expires_in: 300 }));
  });
}
