import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  compressed: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/** A registry of images that nobody would push: by repository, the layers as they are sent, base first. */
export type ServedImages = Readonly<Record<string, readonly ServedLayer[] | ServedImage>>;

export interface ServedLayer {
  readonly bytes: Buffer;
  readonly compression: 'none' | 'gzip';
  /** What the configuration says that the tar inside is; the truth if not given. */
  readonly claims?: string;
}

/** An image that says something of itself that images do not say by themselves. */
export interface ServedImage {
  readonly layers: readonly ServedLayer[];
  /** Fields of its configuration. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Serves on the loopback until disposed; whatever the tag, `HOST:PORT/<name>` is the image of that name. `sent`: digests of the blobs
 * that were asked for.
 */
export async function serveImages(
  images: ServedImages,
): Promise<AsyncDisposable & { readonly address: string; readonly sent: ReadonlySet<string> }> {
  const sent = new Set<string>();
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  for (const [name, image] of Object.entries(images)) {
    const { layers, config: more } = 'layers' in image ? image : { layers: image, config: {} };
    const config = Buffer.from(JSON.stringify({ ...configOf(layers), ...more }));
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(types.config, config),
      layers: layers.map((layer) =>
        descriptor(layer.compression === 'gzip' ? types.compressed : types.layer, layer.bytes),
      ),
    };
    manifests.set(name, Buffer.from(JSON.stringify(manifest)));
    for (const bytes of [config, ...layers.map((layer) => layer.bytes)]) blobs.set(digestOf(bytes), bytes);
  }
  const server = createServer(({ url = '' }, response) => {
    const [, name = ''] = /^\/v2\/([^/]+)\/manifests\//.exec(url) ?? [];
    const manifest = manifests.get(name);
    const bytes = manifest ?? blobs.get(url.slice(url.lastIndexOf('/') + 1));
    if (manifest)
      response.setHeader('docker-content-digest', digestOf(manifest)).setHeader('content-type', types.manifest);
    if (bytes && !manifest) sent.add(digestOf(bytes));
    if (bytes) response.setHeader('content-length', bytes.length).end(bytes);
    else response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    sent,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function configOf(layers: readonly ServedLayer[]) {
  const tarOf = ({ bytes, compression }: ServedLayer) => (compression === 'gzip' ? gunzipSync(bytes) : bytes);
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.claims ?? digestOf(tarOf(layer))) },
  };
}

function descriptor(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
