import { algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from './errors.ts';
import { bodyOf, type RepositoryExchange, reply } from './exchange.ts';
import { isRepositoryName, parseDigest } from './names.ts';
import { chunkRange } from './range.ts';
import type { Upload } from './upload.ts';

/**
 * POST: a whole blob, a mount from another repository, or the begin of an upload.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function startUpload(exchange: RepositoryExchange): Promise<void> {
  const { storage, repository, query } = exchange;
  const mount = query.get('mount');
  if (mount !== null && (await mounted(exchange, parseDigest(mount)))) return;

  const digest = query.get('digest') === null ? undefined : parseDigest(query.get('digest'));
  const upload = await storage.uploads.start(repository.name);
  if (digest === undefined) replyProgress(exchange, upload, 202);
  else await receiveAndClose(exchange, upload, digest);
}

/** PATCH: the next bytes. With `Content-Range` they must be the next ones. */
export async function patchUpload(exchange: RepositoryExchange): Promise<void> {
  await inTurn(exchange, async (upload) => {
    await receive(exchange, upload);
    replyProgress(exchange, upload, 202);
  });
}

/** PUT: the last bytes, if any are left, and the digest of all. */
export async function putUpload(exchange: RepositoryExchange): Promise<void> {
  const digest = parseDigest(exchange.query.get('digest'));
  await inTurn(exchange, (upload) => receiveAndClose(exchange, upload, digest));
}

/** `GET /v2/<name>/blobs/uploads/<id>`: 204 with how many bytes have arrived, for clients that go on after a loss. */
export async function getUpload(exchange: RepositoryExchange): Promise<void> {
  replyProgress(exchange, await find(exchange), 204);
}

/** `DELETE /v2/<name>/blobs/uploads/<id>`: 204, and what had arrived is removed. */
export async function cancelUpload(exchange: RepositoryExchange): Promise<void> {
  await inTurn(exchange, async (upload) => {
    await exchange.storage.uploads.cancel(upload);
    reply(exchange, { status: 204 });
  });
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository */
async function mounted(exchange: RepositoryExchange, digest: Digest): Promise<boolean> {
  const from = exchange.query.get('from') ?? '';
  // Without a source we would have to look into repositories that the client did not name.
  if (!isRepositoryName(from)) return false;
  if ((await exchange.storage.repository(from).blobSize(digest)) === undefined) return false;
  await exchange.repository.addBlob(digest);
  replyCreated(exchange, digest);
  return true;
}

async function receive(exchange: RepositoryExchange, upload: Upload): Promise<void> {
  const { request, signal } = exchange;
  const header = request.headers['content-range'];
  const range = header === undefined ? undefined : chunkRange(header);
  if (header !== undefined && range === undefined) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', 'Content-Range is not <start>-<end>', { detail: { range: header } });
  }
  if (range !== undefined && range.start !== upload.size) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', `the next byte is number ${upload.size}`, {
      status: 416,
      headers: progressHeaders(upload),
    });
  }
  const length = request.headers['content-length'];
  if (range !== undefined && length !== undefined && Number(length) !== range.end - range.start + 1) {
    throw new RegistryError('SIZE_INVALID', 'Content-Length and Content-Range do not agree', {
      detail: { length, range: header },
    });
  }
  await upload.append(bodyOf(exchange), signal);
}

/** Bytes that are not what was announced are of no use to anybody: the upload ends. */
async function receiveAndClose(exchange: RepositoryExchange, upload: Upload, digest: Digest): Promise<void> {
  const { uploads } = exchange.storage;
  await upload.hashWith(algorithmOf(digest));
  await receive(exchange, upload);
  const actual = upload.digest();
  if (actual !== digest) {
    await uploads.cancel(upload);
    throw new RegistryError('DIGEST_INVALID', 'the bytes have another digest', {
      detail: { announced: digest, actual },
    });
  }
  await uploads.finish(upload);
  await exchange.repository.addBlob(digest);
  replyCreated(exchange, digest);
}

/** A client that lost its connection may come back before we have noticed. */
async function inTurn(exchange: RepositoryExchange, work: (upload: Upload) => Promise<void>): Promise<void> {
  await exchange.storage.turns.take(`upload ${exchange.reference}`, async () => work(await find(exchange)));
}

async function find({ storage, repository, reference }: RepositoryExchange): Promise<Upload> {
  const upload = await storage.uploads.find(reference, repository.name);
  if (upload !== undefined) return upload;
  throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'no such upload in this repository', { detail: { id: reference } });
}

function replyProgress(exchange: RepositoryExchange, upload: Upload, status: 202 | 204): void {
  reply(exchange, { status, headers: progressHeaders(upload) });
}

/** `Range` has no form for "nothing yet"; clients take 0-0 for it. */
function progressHeaders(upload: Upload) {
  return {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    Range: `0-${Math.max(upload.size - 1, 0)}`,
    'Docker-Upload-UUID': upload.id,
  };
}

function replyCreated(exchange: RepositoryExchange, digest: Digest): void {
  const location = `/v2/${exchange.repository.name}/blobs/${digest}`;
  reply(exchange, { status: 201, headers: { Location: location, 'Docker-Content-Digest': digest } });
}
