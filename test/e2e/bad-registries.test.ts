/**
 * Registries that refuse, reset, lie or are none, as the place of a base and as the place to publish to: each has its own
 * reason, the place of the reference, and the documented exit status; names in the store stay as they were.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { complaintsIn } from '../support/complaints.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, Rig } from '../support/rig.ts';

const info = '{:version "1.0.0"}\n';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

function digestOf(bytes: string | Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function descriptor(mediaType: string, bytes: string | Buffer) {
  return { mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
}

const layer = Buffer.alloc(10240);
const config = JSON.stringify({
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  config: {},
  rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: manifestType,
  config: descriptor('application/vnd.oci.image.config.v1+json', config),
  layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
});
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: indexType,
  manifests: [{ ...descriptor(manifestType, manifest), platform: { os: 'linux', architecture: 's390x' } }],
});

function send(response: ServerResponse, type: string, bytes: string | Buffer): void {
  response.setHeader('content-type', type).setHeader('content-length', Buffer.byteLength(bytes)).end(bytes);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
  response.end(JSON.stringify({ errors: [{ code, message: 'so it is' }] }));
}

/** Serves the image above; what is sent for its layer is given. */
function imageWith(sentLayer: Buffer): RequestListener {
  return ({ url = '' }, response) => {
    if (url.includes('/manifests/')) send(response, manifestType, manifest);
    else if (url.endsWith(digestOf(config))) send(response, 'application/octet-stream', config);
    else if (url.endsWith(digestOf(layer))) send(response, 'application/octet-stream', sentLayer);
    else response.end('{}');
  };
}

interface Case {
  /** Undefined: nothing listens. */
  readonly serve?: RequestListener;
  /** What follows the repository in FROM. */
  readonly reference?: string;
  /** Follows FROM. */
  readonly rest?: string;
  readonly reason: string;
  /** `line:column`; that of the reference unless given. */
  readonly at?: string;
  readonly status: 1 | 5;
  readonly says?: RegExp;
}

const bases: Readonly<Record<string, Case>> = {
  'nothing-listens': { reason: 'base-unreachable', status: 5, says: /nothing is listening/ },
  resets: { serve: (request) => request.socket.destroy(), reason: 'base-unreachable', status: 5 },
  html: {
    serve: (_, response) => send(response, 'text/html', '<!doctype html><p>Please log in'),
    reason: 'base-unreachable',
    status: 5,
    says: /<!doctype html>/,
  },
  'broken-json': {
    serve: (_, response) => send(response, manifestType, '{"schemaVersion": 2,'),
    reason: 'base-unreachable',
    status: 5,
  },
  'lies-about-the-manifest': {
    serve: imageWith(layer),
    reference: `@sha256:${'0'.repeat(64)}`,
    reason: 'manifest-digest-mismatch',
    status: 5,
  },
  'lies-about-a-layer': {
    serve: imageWith(Buffer.alloc(10240, 'x')),
    rest: 'COPY --from=0 /x /x',
    reason: 'blob-digest-mismatch',
    status: 5,
  },
  'wants-a-login': {
    serve: (_, response) => {
      response.setHeader('www-authenticate', 'Basic realm="here"');
      refuse(response, 401, 'UNAUTHORIZED');
    },
    reason: 'base-unreachable',
    status: 5,
    says: /anonymous user.*fix: .*docker login 127\.0\.0\.1/s,
  },
  fails: {
    serve: (_, response) => refuse(response, 503, 'UNAVAILABLE'),
    reason: 'base-unreachable',
    status: 5,
    says: /status 503/,
  },
  'has-no-such-image': {
    serve: (_, response) => refuse(response, 404, 'MANIFEST_UNKNOWN'),
    reason: 'base-not-found',
    status: 1,
  },
  'has-other-platforms': {
    serve: (_, response) => send(response, indexType, index),
    reason: 'platform-missing',
    status: 1,
    says: /only for linux\/s390x.*fix: .*:platforms/s,
  },
};

class Registries implements AsyncDisposable {
  readonly #servers: Server[] = [];
  /** Methods of requests that could change something. */
  readonly writes: string[] = [];

  /** Returns its address. Nothing listens there without a listener. */
  async start(serve: RequestListener | undefined): Promise<string> {
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') this.writes.push(`${request.method} ${request.url}`);
      serve?.(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    if (serve) this.#servers.push(server);
    else await new Promise((resolve) => server.close(resolve));
    return `127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

describe('bases', needs('user namespaces'), () => {
  let rig: Rig;
  const registries = new Registries();
  /** Of all cases with the same status, built by one run. */
  const outcomes = new Map<number, Outcome>();

  before(async () => {
    const files: Record<string, string> = {};
    for (const [name, { serve, reference = ':1', rest = 'LABEL a=b' }] of Object.entries(bases)) {
      const base = `${await registries.start(serve)}/library/${name}${reference}`;
      const dockerfile = rest.startsWith('COPY')
        ? `FROM ${base}\nCOPY --from=${base} /x /x\n`
        : `FROM ${base}\n${rest}\n`;
      files[`contexts/${name}/Dockerfile`] = dockerfile;
      files[`contexts/${name}/info.edn`] = info;
    }
    rig = await Rig.setup({ files });
    await Promise.all(
      [1, 5].map(async (status) => {
        const names = Object.keys(bases).filter((name) => bases[name]!.status === status);
        outcomes.set(status, await rig.cip('build', '-k', '-j16', ...names));
      }),
    );
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
    await registries[Symbol.asyncDispose]();
  });

  for (const [name, { reason, at = '1:6', status, says }] of Object.entries(bases)) {
    test(`${name}: ${reason}`, () => {
      const outcome = outcomes.get(status)!;
      const letter = outcome.stderr.split(/^── /m).find((text) => text.startsWith(`${name} 1.0.0 `)) ?? outcome.stderr;
      assert.deepEqual(complaintsIn(letter), [`${reason} contexts/${name}/Dockerfile:${at}`], letter);
      if (says) assert.match(letter, says);
    });
  }

  test('the exit statuses are 1 and 5; nothing is named, and nothing written to a registry', async () => {
    for (const [status, outcome] of outcomes) {
      assert.deepEqual({ status: outcome.status, stdout: outcome.stdout }, { status, stdout: '' }, outcome.stderr);
    }
    assert.deepEqual(JSON.parse(await readFile(join(rig.store, 'images/index.json'), 'utf8')).manifests, []);
    assert.deepEqual(registries.writes, []);
  });
});

const answers: Readonly<Record<string, { readonly serve?: RequestListener; readonly reason: string }>> = {
  'nothing listens': { reason: 'registry-unreachable' },
  'one that answers HTML': {
    serve: (_, response) => send(response, 'text/html', '<!doctype html>'),
    reason: 'not-a-registry',
  },
  'one that wants a login': {
    serve: (_, response) => {
      response.setHeader('www-authenticate', 'Basic realm="here"');
      refuse(response, 401, 'UNAUTHORIZED');
    },
    reason: 'registry-denied',
  },
  'one that may only be read': {
    serve: ({ method }, response) =>
      method === 'GET' || method === 'HEAD' ? refuse(response, 404, 'NAME_UNKNOWN') : refuse(response, 403, 'DENIED'),
    reason: 'registry-denied',
  },
};

describe('publishing', { ...needs('user namespaces'), concurrency: 2 }, () => {
  for (const [title, { serve, reason }] of Object.entries(answers)) {
    test(`${title}: ${reason}, exit 5`, async () => {
      await using registries = new Registries();
      const registry = await registries.start(serve);
      await using rig = await Rig.setup({
        files: { 'contexts/00-base/Dockerfile': 'FROM scratch\nCOPY info.edn /\n', 'contexts/00-base/info.edn': info },
      });
      const { status, stdout, stderr } = await rig.cip('publish-locally', '--local-registry', registry);
      assert.deepEqual(
        { status, stdout, told: [...new Set(complaintsIn(stderr))] },
        { status: 5, stdout: '', told: [reason] },
        stderr,
      );
      assert.deepEqual(
        registries.writes.filter((request) => request.includes('/manifests/')),
        [],
      );
    });
  }
});
