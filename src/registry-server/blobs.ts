import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from './errors.ts';
import { type RepositoryExchange, repliedNotModified, reply } from './exchange.ts';
import { parseDigest } from './names.ts';
import { requestedRange } from './range.ts';

/** In bytes. */
const readSize = 256 * 1024;

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs */
export async function getBlob(exchange: RepositoryExchange): Promise<void> {
  const { request, response, storage, signal } = exchange;
  const { digest, size } = await find(exchange);
  const etag = `"${digest}"`;
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: etag,
  };
  if (repliedNotModified(exchange, etag)) return;

  const isCurrent = (request.headers['if-range'] ?? etag) === etag;
  const range = isCurrent && request.method === 'GET' ? requestedRange(request.headers.range, size) : 'whole';
  if (range === 'unsatisfiable') {
    throw new RegistryError('SIZE_INVALID', `the blob has ${size} bytes`, {
      status: 416,
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
  const partial = range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` };
  const all = { ...headers, ...partial, 'Content-Length': end - start + 1 };
  if (request.method === 'HEAD' || size === 0) return reply(exchange, { status: 200, headers: all });

  // The bytes were verified when they came in, and the client verifies them by their name: not a third time here.
  const file = createReadStream(await storage.store.blobs.openPath(digest), { start, end, highWaterMark: readSize });
  response.writeHead(range === 'whole' ? 200 : 206, all);
  await pipeline(file, response, { signal });
}

/** The bytes go when no repository has them any more, at the next start of the server. */
export async function deleteBlob(exchange: RepositoryExchange): Promise<void> {
  const { digest } = await find(exchange);
  await exchange.repository.removeBlob(digest);
  reply(exchange, { status: 202 });
}

async function find(exchange: RepositoryExchange): Promise<{ readonly digest: Digest; readonly size: number }> {
  const digest = parseDigest(exchange.reference);
  const size = await exchange.repository.blobSize(digest);
  if (size === undefined)
    throw new RegistryError('BLOB_UNKNOWN', 'no such blob in this repository', { detail: { digest } });
  return { digest, size };
}
