// What needs a registry in a process of its own: its memory, and what is left when it is killed.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { digestOf } from '../../src/oci/digest.ts';
import { needs } from '../support/needs.ts';
import { tempDir } from '../support/temp-dir.ts';
import { imageIn, pushBlob, pushManifest, send } from './client.ts';

interface Running extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  kill(): Promise<void>;
}

async function start(storage: string): Promise<Running> {
  const program = join(import.meta.dirname, `child${extname(import.meta.filename)}`);
  const child = spawn(process.execPath, [...process.execArgv, program, storage], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [port] = await once(child.stdout!, 'data');
  const kill = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  return { url: `http://127.0.0.1:${Number(String(port))}`, process: child, kill, [Symbol.asyncDispose]: kill };
}

/** Most it ever had, in MiB. */
async function peak(server: Running): Promise<number> {
  const status = await readFile(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

async function pass(server: Running, size: number): Promise<void> {
  const chunk = randomBytes(1024 * 1024);
  const body = (async function* () {
    for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
  })();
  const location = String((await send(server.url, 'POST', '/v2/a/blobs/uploads/')).headers['location']);
  const sent = await fetch(server.url + location, { method: 'PATCH', body, duplex: 'half' } as unknown as RequestInit);
  assert.equal(sent.headers.get('range'), `0-${size - 1}`);
  const hash = createHash('sha256');
  for (let i = 0; i < size; i += chunk.length) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  assert.equal((await send(server.url, 'PUT', `${location}?digest=${digest}`)).status, 201);
  const got = await fetch(`${server.url}/v2/a/blobs/${digest}`);
  let received = 0;
  for await (const bytes of got.body!) received += bytes.length;
  assert.equal(received, size);
}

test('memory does not grow with the size of a blob, on the way in and out', needs('linux'), async () => {
  await using dir = await tempDir();
  await using server = await start(dir.path);
  await pass(server, 64 * 1024 * 1024);
  const before = await peak(server);
  await pass(server, 400 * 1024 * 1024);
  const after = await peak(server);
  assert.ok(after - before < 64, `${before.toFixed()} MiB before, ${after.toFixed()} MiB after`);
});

test('killed at any moment, a registry has all it said it has, whole', async () => {
  await using dir = await tempDir();
  const acknowledged: { name: string; tag: string; digest: string; blob: string }[] = [];
  for (let round = 0; round < 6; round++) {
    await using server = await start(dir.path);
    const pushing = ['a', 'b', 'c'].map(async (name) => {
      for (let i = 0; ; i++) {
        const tag = `${round}-${i}`;
        const bytes = randomBytes(200_000);
        const blob = await pushBlob(server.url, name, bytes);
        const image = (await imageIn(server.url, name)) as { layers: object[] };
        const layers = [...image.layers, { mediaType: 'application/octet-stream', digest: blob, size: bytes.length }];
        const { answer, digest } = await pushManifest(server.url, name, tag, { ...image, layers });
        assert.equal(answer.status, 201);
        acknowledged.push({ name, tag, digest, blob });
      }
    });
    const ended = Promise.allSettled(pushing);
    // However slow the machine is, something was said to be stored before the kill.
    const before = acknowledged.length;
    let over = false;
    void ended.then(() => {
      over = true;
    });
    while (acknowledged.length === before && !over) await delay(10);
    await delay(Math.random() * 100);
    await server.kill();
    for (const push of await ended) {
      // The client saw the connection break and nothing else.
      assert.equal(push.status, 'rejected');
      assert.ok(!(push.reason instanceof assert.AssertionError), String(push.reason));
    }
  }
  assert.ok(acknowledged.length >= 6);
  await using server = await start(dir.path);
  for (const { name, tag, digest, blob } of acknowledged) {
    const manifest = await send(server.url, 'GET', `/v2/${name}/manifests/${tag}`);
    assert.equal(digestOf(manifest.body), digest);
    const got = await send(server.url, 'GET', `/v2/${name}/blobs/${blob}`);
    assert.equal(digestOf(got.body), blob);
  }
  for (const name of ['a', 'b', 'c']) {
    const { tags } = JSON.parse((await send(server.url, 'GET', `/v2/${name}/tags/list`)).body.toString());
    for (const tag of tags) {
      const { body } = await send(server.url, 'GET', `/v2/${name}/manifests/${tag}`);
      for (const { digest } of JSON.parse(body.toString()).layers) {
        assert.equal((await send(server.url, 'HEAD', `/v2/${name}/blobs/${digest}`)).status, 200);
      }
    }
  }
  assert.equal((await readdir(join(dir.path, 'content', 'sessions'))).length, 1);
});
