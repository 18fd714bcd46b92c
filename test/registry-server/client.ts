import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Of an error of the protocol. */
  readonly code: string | undefined;
}

/** Sends exactly this path, unlike fetch(), which tidies it. */
export async function send(
  url: string,
  method: string,
  path: string,
  options: { readonly headers?: Record<string, string>; readonly body?: Uint8Array | string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: options.headers ?? {}, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, code: codeOf(body) });
      });
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

function codeOf(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString()).errors?.[0]?.code;
  } catch {
    return undefined;
  }
}

export async function pushBlob(url: string, name: string, bytes: Uint8Array | string): Promise<Digest> {
  const digest = digestOf(bytes);
  const answer = await send(url, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
  assert.equal(answer.status, 201, answer.body.toString());
  return digest;
}

export interface Pushed {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly answer: Answer;
}

export async function pushManifest(
  url: string,
  name: string,
  reference: string,
  value: object,
  mediaType: string = mediaTypes.imageManifest,
): Promise<Pushed> {
  const bytes = Buffer.from(JSON.stringify(value, undefined, 1));
  const digest = digestOf(bytes);
  const answer = await send(url, 'PUT', `/v2/${name}/manifests/${reference === '' ? digest : reference}`, {
    headers: { 'Content-Type': mediaType },
    body: bytes,
  });
  return { digest, bytes, answer };
}

/** A manifest with a config and a layer, both pushed. `more` goes into the manifest. */
export async function imageIn(url: string, name: string, more: object = {}): Promise<object> {
  const config = `{"architecture":"amd64","os":"linux","of":${JSON.stringify(name)}}`;
  const layer = `layer of ${name}`;
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: { mediaType: mediaTypes.imageConfig, digest: await pushBlob(url, name, config), size: config.length },
    layers: [{ mediaType: mediaTypes.layerTar, digest: await pushBlob(url, name, layer), size: layer.length }],
    ...more,
  };
}
