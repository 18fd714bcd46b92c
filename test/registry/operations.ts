import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { RegistryClient } from '../../src/registry/registry.ts';
import { type Asked, answer, type Deed } from './hostile-server.ts';

export const content = Buffer.from(Array.from({ length: 3_000 }, (_, i) => i % 251));
const layer = { mediaType: mediaTypes.layerTarGzip, digest: digestOf(content), size: content.length };
export const manifest = makeDocument(mediaTypes.imageManifest, { schemaVersion: 2, config: layer, layers: [] });

/** One of the things that are asked of a registry. */
export interface Operation {
  /** The request that is answered wickedly. */
  readonly isTarget: (asked: Asked) => boolean;
  readonly run: (one: RegistryClient, host: string, signal: AbortSignal) => Promise<unknown>;
}

const repositoryOf = (one: RegistryClient, host: string) => one.repository({ registry: host, repository: 'a' });

export const operations: Readonly<Record<string, Operation>> = {
  reach: {
    isTarget: ({ path }) => path === '/v2/',
    run: (one, host, signal) => one.reach(host, signal),
  },
  resolve: {
    isTarget: ({ path }) => path.startsWith('/v2/a/manifests/'),
    run: (one, host, signal) => repositoryOf(one, host).resolve('1', signal),
  },
  manifest: {
    isTarget: ({ path }) => path.startsWith('/v2/a/manifests/'),
    run: (one, host, signal) => repositoryOf(one, host).manifest('1', signal),
  },
  tags: {
    isTarget: ({ path }) => path.startsWith('/v2/a/tags/'),
    run: async (one, host, signal) => {
      for await (const _tag of repositoryOf(one, host).tags(signal));
    },
  },
  blob: {
    isTarget: ({ path }) => path.startsWith('/v2/a/blobs/'),
    run: async (one, host, signal) => await buffer(await repositoryOf(one, host).open(layer, signal)),
  },
  upload: {
    isTarget: ({ method }) => method === 'PUT',
    run: (one, host, signal) => repositoryOf(one, host).put(layer, async () => Readable.from([content]), signal),
  },
  'manifest push': {
    isTarget: ({ method }) => method === 'PUT',
    run: (one, host, signal) => repositoryOf(one, host).putManifest('1', manifest, signal),
  },
  token: {
    isTarget: ({ path }) => path.startsWith('/token'),
    run: (one, host, signal) => repositoryOf(one, host).manifest('1', signal),
  },
};
export type OperationName = keyof typeof operations;

/** What a decent registry answers to all that comes before the wicked deed. */
export function decent(name: OperationName): Deed {
  return (socket, { method, path, host }) => {
    if (path === '/v2/') answer(socket, 200, {}, '{}');
    else if (name === 'token') {
      answer(socket, 401, { 'WWW-Authenticate': `Bearer realm="http://${host}/token",service="x"` });
    } else if (method === 'HEAD') answer(socket, 404);
    else if (method === 'POST') answer(socket, 202, { Location: '/v2/a/blobs/uploads/u' });
    else answer(socket, 500);
  };
}
