// Clients that others have written.
import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { Store } from '../../src/store/store.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { send } from './client.ts';
import { serve } from './serve.ts';

const never = new AbortController().signal;

/** An OCI image layout with an index of two platforms, named `it`. */
async function layout(path: string): Promise<{ readonly digest: string }> {
  await using store = await Store.open(join(path, 'store'));
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const { stdout } = await execa('sh', ['-c', `echo ${architecture} > who && tar -c who`], {
      cwd: path,
      encoding: 'buffer',
    });
    const layer = await store.blobs.putBytes(mediaTypes.layerTar, stdout);
    const config = await store.blobs.putDocument(
      makeDocument(mediaTypes.imageConfig, {
        architecture,
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      }),
    );
    const manifest = await store.blobs.putDocument(
      makeDocument(mediaTypes.imageManifest, {
        schemaVersion: 2,
        mediaType: mediaTypes.imageManifest,
        config,
        layers: [layer],
      }),
    );
    manifests.push({ ...manifest, platform: { os: 'linux', architecture } });
  }
  const index = await store.blobs.putDocument(
    makeDocument(mediaTypes.imageIndex, { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests }),
  );
  await store.refs.set(new Map([['it', index]]), never);
  await cp(store.paths.images, join(path, 'layout'), { recursive: true });
  return index;
}

test('skopeo pushes, mounts, pulls, lists and deletes', needs('skopeo'), async () => {
  await using dir = await tempDir();
  await using server = await serve();
  const { digest } = await layout(dir.path);
  const [source, first, second] = [`oci:${dir.path}/layout:it`, `${server.host}/a/b:1`, `${server.host}/c:2`];
  const skopeo = (...args: string[]) => execa('skopeo', args, { env: { HOME: dir.path } });
  const copy = ['copy', '--all', '--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false'];

  await skopeo('copy', '--all', '--preserve-digests', '--dest-tls-verify=false', source, `docker://${first}`);
  await skopeo(...copy, `docker://${first}`, `docker://${second}`);
  const mounts = server.log.filter((line) => line.includes('mount=') && line.endsWith(' 201'));
  assert.ok(mounts.length >= 2, server.log.join('\n'));
  await skopeo(
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    `docker://${second}`,
    `oci:${dir.path}/back:it`,
  );
  const { manifests } = JSON.parse(await readFile(join(dir.path, 'back', 'index.json'), 'utf8'));
  assert.equal(manifests[0].digest, digest);

  const inspected = JSON.parse((await skopeo('inspect', '--tls-verify=false', `docker://${first}`)).stdout);
  assert.deepEqual([inspected.Name, inspected.RepoTags], [`${server.host}/a/b`, ['1']]);
  await skopeo('delete', '--tls-verify=false', `docker://${second}`);
  assert.equal((await send(server.url, 'GET', '/v2/c/manifests/2')).status, 404);
  assert.equal((await send(server.url, 'GET', '/v2/a/b/manifests/1')).status, 200);
  assert.deepEqual(
    server.log.filter((line) => / 5\d\d$/.test(line)),
    [],
  );
});

test('skopeo converts to docker types on the way in, and compresses', needs('skopeo'), async () => {
  await using dir = await tempDir();
  await using server = await serve();
  await layout(dir.path);
  const args = ['copy', '--all', '--format', 'v2s2', '--dest-tls-verify=false'];
  await execa('skopeo', [...args, `oci:${dir.path}/layout:it`, `docker://${server.host}/a:1`]);
  const { headers, body } = await send(server.url, 'GET', '/v2/a/manifests/1');
  assert.equal(headers['content-type'], mediaTypes.dockerManifestList);
  for (const { digest } of JSON.parse(body.toString()).manifests) {
    const child = await send(server.url, 'GET', `/v2/a/manifests/${digest}`);
    assert.equal(child.headers['content-type'], mediaTypes.dockerManifest);
    assert.equal(JSON.parse(child.body.toString()).layers[0].mediaType, mediaTypes.dockerLayerTarGzip);
  }
});

test('curl resumes a download and uploads without announcing a length', needs('curl'), async () => {
  await using dir = await tempDir();
  await using server = await serve();
  const begun = await send(server.url, 'POST', '/v2/a/blobs/uploads/');
  const upload = server.url + String(begun.headers['location']);
  await execa('curl', ['-sf', '-X', 'PATCH', '-T', '-', upload], { input: '0123456789' });
  const { stdout: digest } = await execa('sh', ['-c', 'printf 0123456789 | sha256sum | cut -c1-64']);
  await execa('curl', ['-sf', '-X', 'PUT', `${upload}?digest=sha256:${digest}`]);
  const file = join(dir.path, 'file');
  await execa('sh', ['-c', 'printf 0123 > "$0"', file]);
  await execa('curl', ['-sf', '-C', '-', '-o', file, `${server.url}/v2/a/blobs/sha256:${digest}`]);
  assert.equal(await readFile(file, 'utf8'), '0123456789');
});
