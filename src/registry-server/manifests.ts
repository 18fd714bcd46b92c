import { readFile } from 'node:fs/promises';
import { algorithmOf, type Digest, digestOf } from '../oci/digest.ts';
import { RegistryError } from './errors.ts';
import { bodyOf, type RepositoryExchange, repliedNotModified, reply } from './exchange.ts';
import { parseManifest } from './manifest-body.ts';
import { isDigest, isTag } from './names.ts';
import type { StoredManifest } from './repository.ts';

/**
 * The least that clients may expect, https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests,
 * and what other registries allow; in bytes.
 */
const largest = 4 * 1024 * 1024;

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
export async function getManifest(exchange: RepositoryExchange): Promise<void> {
  const { digest, mediaType, size } = await find(exchange);
  if (!isAccepted(exchange.request.headers.accept, mediaType)) {
    throw new RegistryError('MANIFEST_UNKNOWN', `the manifest is a ${mediaType}, which the client does not accept`);
  }
  const etag = `"${digest}"`;
  if (repliedNotModified(exchange, etag)) return;
  const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: etag, 'Content-Length': size };
  if (exchange.request.method === 'HEAD') return reply(exchange, { status: 200, headers });
  const body = await readFile(await exchange.storage.store.blobs.openPath(digest));
  reply(exchange, { status: 200, headers, body });
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
export async function putManifest(exchange: RepositoryExchange): Promise<void> {
  const { request, repository, reference, storage } = exchange;
  if (!isDigest(reference) && !isTag(reference)) {
    throw new RegistryError('MANIFEST_INVALID', 'neither a tag nor a sha256 or sha512 digest', {
      detail: { reference },
    });
  }
  const bytes = await body(exchange);
  // A tag says nothing of the algorithm; sha256 is what all clients know.
  const algorithm = isDigest(reference) ? algorithmOf(reference) : 'sha256';
  const digest = digestOf(bytes, algorithm);
  if (isDigest(reference) && reference !== digest) {
    throw new RegistryError('DIGEST_INVALID', 'the bytes have another digest', {
      detail: { announced: reference, actual: digest },
    });
  }
  const manifest = parseManifest(bytes, request.headers['content-type']);
  await inTurn(exchange, async () => {
    await refuseIncomplete(exchange, manifest);
    await refuseUnexpected(exchange);
    const descriptor = await storage.store.blobs.putBytes(manifest.mediaType, bytes, algorithm);
    const referrer = manifest.subject && {
      subject: manifest.subject,
      descriptor: { ...descriptor, artifactType: manifest.artifactType, annotations: manifest.annotations },
    };
    await repository.addManifest(descriptor, referrer);
    if (!isDigest(reference)) await repository.setTag(reference, digest);
  });
  const headers = {
    Location: `/v2/${repository.name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(manifest.subject === undefined ? {} : { 'OCI-Subject': manifest.subject }),
  };
  reply(exchange, { status: 201, headers });
}

/**
 * A tag goes alone; a digest takes its tags with it.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests
 */
export async function deleteManifest(exchange: RepositoryExchange): Promise<void> {
  const { repository, reference, storage } = exchange;
  await inTurn(exchange, async () => {
    const { digest, mediaType } = await find(exchange);
    if (!isDigest(reference)) return repository.removeTag(reference);
    const bytes = await readFile(await storage.store.blobs.openPath(digest));
    await repository.removeManifest(digest, parseManifest(bytes, mediaType).subject);
  });
  reply(exchange, { status: 202 });
}

async function inTurn(exchange: RepositoryExchange, work: () => Promise<void>): Promise<void> {
  await exchange.storage.turns.take(`repository ${exchange.repository.name}`, work);
}

async function find({ repository, reference }: RepositoryExchange): Promise<StoredManifest> {
  const digest = isDigest(reference) ? reference : isTag(reference) ? await repository.tagged(reference) : undefined;
  const manifest = digest === undefined ? undefined : await repository.manifest(digest);
  if (manifest !== undefined) return manifest;
  if (await repository.exists()) {
    throw new RegistryError('MANIFEST_UNKNOWN', 'no such manifest in this repository', { detail: { reference } });
  }
  throw new RegistryError('NAME_UNKNOWN', 'no such repository', { detail: { name: repository.name } });
}

/**
 * A manifest needs its config and layers: clients, cip among them, take one that is there for a whole image. An index may
 * name manifests that are not there, or not yet, such as those of platforms that nobody copied.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
async function refuseIncomplete(
  { repository }: RepositoryExchange,
  { blobs }: { readonly blobs: readonly Digest[] },
): Promise<void> {
  const missing: Digest[] = [];
  for (const digest of blobs) if ((await repository.blobSize(digest)) === undefined) missing.push(digest);
  if (missing.length === 0) return;
  throw new RegistryError('MANIFEST_BLOB_UNKNOWN', 'the manifest names what is not in this repository', {
    detail: { digests: missing },
  });
}

/** Conditions that let clients move a tag only if nobody else has: RFC 9110 sections 13.1.1 and 13.1.2. */
async function refuseUnexpected({ request, repository, reference }: RepositoryExchange): Promise<void> {
  const { 'if-match': match, 'if-none-match': noneMatch } = request.headers;
  if (match === undefined && noneMatch === undefined) return;
  const current = isDigest(reference)
    ? (await repository.manifest(reference))?.digest
    : await repository.tagged(reference);
  const names = (header: string) => {
    const tags = header.split(',').map((tag) => tag.trim());
    return current !== undefined && (tags.includes('*') || tags.includes(`"${current}"`));
  };
  if ((match === undefined || names(match)) && (noneMatch === undefined || !names(noneMatch))) return;
  throw new RegistryError('DENIED', `${reference} is ${current ?? 'not there'}`, { status: 412 });
}

async function body(exchange: RepositoryExchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooLarge = () => new RegistryError('SIZE_INVALID', `a manifest may have ${largest} bytes`, { status: 413 });
  if (Number(exchange.request.headers['content-length'] ?? 0) > largest) throw tooLarge();
  for await (const chunk of bodyOf(exchange)) {
    size += chunk.length;
    if (size > largest) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A client that says nothing accepts everything, RFC 9110 section 12.5.1. Weights do not matter: there is one form only. */
function isAccepted(accept: string | undefined, mediaType: string): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const wanted = accept.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  return wanted.some((range) => range === mediaType || range === '*/*' || range === 'application/*');
}
