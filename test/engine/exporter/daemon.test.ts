/** Loading into a server that does what servers do at their worst; the real ones are in test/e2e/load.slow.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { DaemonExporter } from '../../../src/engine/exporter/daemon.ts';
import { PushPreparation } from '../../../src/engine/exporter/push-preparation.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { makeDocument } from '../../../src/oci/document.ts';
import { mediaTypes } from '../../../src/oci/media-type.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { failuresOf } from '../../../src/result.ts';
import { Store } from '../../../src/store/store.ts';
import { readTar } from '../../../src/tar/read.ts';
import { needs } from '../../support/needs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const live = new AbortController().signal;
type Answer = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

const podman = { Os: 'linux', Arch: 'arm64', Components: [{ Name: 'Podman Engine' }] };
const docker = { ...podman, Components: [{ Name: 'Engine' }, { Name: 'containerd' }] };
const json =
  (value: unknown): Answer =>
  (response) =>
    void response.end(JSON.stringify(value));

/** Contents of what was loaded: names of the tar, and its JSON documents. */
type Loaded = ReadonlyMap<string, string>;

/** A server by path; `loaded` has what each load was given. */
async function withServer(
  answers: Readonly<Record<string, Answer>>,
  act: (here: { readonly socketPath: string; readonly loaded: Loaded[]; readonly dir: string }) => Promise<void>,
): Promise<void> {
  await using temp = await tempDir();
  const loaded: Loaded[] = [];
  const takeAll: Answer = async (response, request) => {
    const found = new Map<string, string>();
    for await (const { header, body } of readTar(request)) found.set(header.name, (await body.bytes()).toString());
    loaded.push(found);
    response.end('{"stream":"Loaded image: it:1\\n"}\n');
  };
  const all: Readonly<Record<string, Answer>> = { '/version': json(podman), '/images/load': takeAll, ...answers };
  const server = createServer((request, response) => {
    const path = request.url!.replace(/\?.*$/, '');
    const answer = all[path] ?? ((none) => void none.writeHead(404).end('{"message":"no such thing"}'));
    Promise.resolve(answer(response, request)).catch(() => response.destroy());
  });
  const socketPath = join(temp.path, 's');
  server.listen(socketPath);
  await once(server, 'listening');
  try {
    await act({ socketPath, loaded, dir: temp.path });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** An index of two platforms with two layers each, of which the lower is shared. */
async function imageIn(store: Store, platforms: readonly string[]): Promise<Descriptor> {
  const put = async (mediaType: string, content: string) => {
    const descriptor = { mediaType, digest: digestOf(content), size: content.length };
    await store.blobs.put(descriptor, async () => Readable.from([Buffer.from(content)], { objectMode: false }), live);
    return descriptor;
  };
  const manifests = [];
  for (const architecture of platforms) {
    const texts = ['base'.repeat(500_000), architecture];
    const rootfs = { type: 'layers', diff_ids: texts.map((one) => digestOf(one)) };
    const manifest = makeDocument(mediaTypes.imageManifest, {
      ...{ schemaVersion: 2, mediaType: mediaTypes.imageManifest },
      config: await put(mediaTypes.imageConfig, JSON.stringify({ architecture, os: 'linux', rootfs })),
      layers: [await put(mediaTypes.layerTar, texts[0]!), await put(mediaTypes.layerTar, texts[1]!)],
    });
    manifests.push({ ...(await store.blobs.putDocument(manifest)), platform: { os: 'linux', architecture } });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests };
  return store.blobs.putDocument(makeDocument(mediaTypes.imageIndex, index));
}

interface Loading {
  readonly signal?: AbortSignal;
  readonly platforms?: readonly string[];
}

async function load(socketPath: string, dir: string, { signal = live, platforms = ['amd64', 'arm64'] }: Loading = {}) {
  await using store = await Store.open(join(dir, 'store'));
  const events: ProgressEvent[] = [];
  const progress = { emit: (event: ProgressEvent) => void events.push(event) };
  const daemon = { program: 'docker', address: 'unix:///s', at: { socketPath } } as const;
  const services = { store, preparation: new PushPreparation(store), progress };
  const name = parseReference('it:1');
  assert.ok(name.ok);
  const image = await imageIn(store, platforms);
  const sent = await new DaemonExporter({ type: 'load', daemon }, services).export(
    { image, names: [name.value] },
    signal,
  );
  assert.deepEqual(sent, image);
  return events;
}

const blobOf = (content: string) => `blobs/${digestOf(content).replace(':', '/')}`;
const [base, own] = [blobOf('base'.repeat(500_000)), blobOf('arm64')];

test('a server is given the image of its platform, as it is in the store, and what was left out is said', () =>
  withServer({}, async ({ socketPath, loaded, dir }) => {
    const events = await load(socketPath, dir);
    assert.equal(loaded.length, 1);
    const [found] = loaded;
    const [{ Config, RepoTags, Layers }] = JSON.parse(found!.get('manifest.json')!);
    assert.deepEqual([RepoTags, Layers], [['it:1'], [base, own]]);
    for (const path of [...Layers, Config]) assert.ok(found!.has(path), path);
    assert.ok(!found!.has(blobOf('amd64')));
    assert.deepEqual(
      events.map((event) => event.type === 'notice' && event.message),
      ['unix:///s keeps one platform of an image: linux/arm64 is loaded'],
    );
  }));

test('of an index with one platform nothing is said to be left out', () =>
  withServer({ '/version': json({ ...podman, Arch: 'amd64' }) }, async ({ socketPath, loaded, dir }) => {
    assert.deepEqual(await load(socketPath, dir, { platforms: ['amd64'] }), []);
    assert.equal(loaded.length, 1);
  }));

test("a Docker with containerd's store is given all platforms", () =>
  withServer(
    { '/version': json(docker), '/info': json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }) },
    async ({ socketPath, loaded, dir }) => {
      assert.deepEqual(await load(socketPath, dir), []);
      for (const path of [base, own, blobOf('amd64')]) assert.ok(loaded[0]!.has(path), path);
    },
  ));

const layers = (...texts: string[]) => json({ RootFS: { Layers: texts.map((one) => digestOf(one)) } });
const whole = 'base'.repeat(500_000);
const known: Readonly<Record<string, readonly [images: Readonly<Record<string, Answer>>, left: readonly string[]]>> = {
  'that has no image': [{}, [base, own]],
  'that has the lower layer': [{ '/images/a/json': layers(whole), '/images/b/json': layers(whole, 'x') }, [own]],
  'that has all layers': [{ '/images/a/json': layers(whole, 'arm64', 'x') }, []],
  'that has the upper layer on another': [{ '/images/a/json': layers('x', 'arm64') }, [base, own]],
  'that has lost an image meanwhile': [{ '/images/b/json': layers(whole) }, [own]],
};
for (const [title, [images, left]] of Object.entries(known))
  test(`a Docker ${title} is given the layers that it lacks`, () =>
    withServer(
      {
        ...{ '/version': json(docker), '/info': json({ Driver: 'overlay2', DriverStatus: null }) },
        '/images/json': json(Object.keys(images).length === 0 ? [] : [{ Id: 'a' }, { Id: 'b' }]),
        ...images,
      },
      async ({ socketPath, loaded, dir }) => {
        await load(socketPath, dir);
        assert.equal(loaded.length, 1);
        assert.deepEqual(
          [base, own].filter((path) => loaded[0]!.has(path)),
          left,
        );
        assert.deepEqual(JSON.parse(loaded[0]!.get('manifest.json')!)[0].Layers, [base, own]);
      },
    ));

test('a Docker that has lost the layers that it had is given all of them', () =>
  withServer(
    {
      ...{ '/version': json(docker), '/info': json({}) },
      ...{ '/images/json': json([{ Id: 'a' }]), '/images/a/json': layers(whole) },
      '/images/load': async (response, request) => {
        let isWhole = false;
        for await (const { header } of readTar(request)) isWhole ||= header.name === base;
        response.end(isWhole ? '{"stream":"Loaded image"}' : '{"error":"no such file"}');
      },
    },
    async ({ socketPath, dir }) => void (await load(socketPath, dir)),
  ));

interface Fault {
  readonly answers: Readonly<Record<string, Answer>>;
  readonly reason: string;
  readonly says?: RegExp;
}
const drained = async (request: IncomingMessage) => void (await text(request));
const faults: Readonly<Record<string, Fault>> = {
  'says at the end that it failed': {
    answers: {
      '/images/load': async (response, request) => {
        await drained(request);
        response.end('{"stream":"x"}\n{"errorDetail":{"message":"disk full"},"error":"disk full"}\n');
      },
    },
    reason: 'daemon-refused',
    says: /disk full$/,
  },
  'is no daemon, and takes everything': {
    answers: {
      '/images/load': async (response, request) => {
        await drained(request);
        response.end('<html><body>Welcome</body></html>\n');
      },
    },
    reason: 'daemon-refused',
    says: /<html>/,
  },
  refuses: {
    answers: {
      '/images/load': async (response, request) => {
        await drained(request);
        response.writeHead(500).end('{"message":"not now"}');
      },
    },
    reason: 'daemon-refused',
    says: /not now$/,
  },
  'refuses before it has read anything': {
    answers: {
      '/images/load': (response) => void response.writeHead(413, { connection: 'close' }).end('too big'),
    },
    reason: 'daemon-refused',
    says: /too big$/,
  },
  'goes away midway': {
    answers: { '/images/load': (_, request) => void request.once('data', () => request.destroy()) },
    reason: 'daemon-went-away',
  },
  'goes away in the middle of its answer': {
    answers: {
      '/images/load': async (response, request) => {
        await drained(request);
        response.write('{"stream"', () => response.destroy());
      },
    },
    reason: 'daemon-went-away',
  },
  'goes away before': { answers: { '/version': (response) => void response.destroy() }, reason: 'daemon-unreachable' },
};
for (const [title, { answers, reason, says = /./ }] of Object.entries(faults))
  test(`a server that ${title} is a failure`, needs('linux'), () =>
    withServer(answers, async ({ socketPath, dir }) => {
      await assert.rejects(load(socketPath, dir), (error) => {
        const [failure] = failuresOf(error) ?? [];
        assert.equal(failure?.reason, reason, String(error));
        assert.match(failure.message, says);
        return true;
      });
    }),
  );

test('a server that is something else gets the image all the same', () =>
  withServer({ '/version': (response) => void response.end('<html>') }, async ({ socketPath, loaded, dir }) => {
    await load(socketPath, dir);
    assert.equal(loaded.length, 1);
  }));

test('no server is a failure', async () => {
  await using temp = await tempDir();
  await assert.rejects(
    load(join(temp.path, 'nothing'), temp.path),
    (error) => failuresOf(error)?.[0]?.reason === 'daemon-unreachable',
  );
});

test('a server that does not answer is waited for until the signal', () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  return withServer(
    { '/images/load': (_, request) => void request.once('data', () => stop.abort(reason)) },
    ({ socketPath, dir }) => assert.rejects(load(socketPath, dir, { signal: stop.signal }), reason),
  );
});
