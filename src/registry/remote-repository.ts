import type { Readable } from 'node:stream';
import type { ContentSink, ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, Digest, digestOf } from '../oci/digest.ts';
import type { DocumentBytes } from '../oci/document.ts';
import { isDocumentType, mediaTypes } from '../oci/media-type.ts';
import { parseDocument, startOf } from '../oci/parse-document.ts';
import { collect, documentOf, type ImageDocument, maxManifestSize, refuseLargeDocument } from '../oci/read-document.ts';
import { FailureError } from '../result.ts';
import { scopeOf } from './auth.ts';
import { download } from './download.ts';
import { manifestDigestMismatch, registryAnswerNotUnderstood } from './failure.ts';
import type { KnownBlobs } from './known-blobs.ts';
import { formatResource, type RegistryResource } from './registry-resource.ts';
import { type RegistryResponse, readWhole } from './response.ts';
import { listTags } from './tags.ts';
import type { RegistryRequest } from './transport.ts';
import { BlobUpload, type UploadTarget } from './upload.ts';

/** Everything a reference may lead to; without this header, registries convert to formats of the past. */
const documentTypes = [
  mediaTypes.imageIndex,
  mediaTypes.imageManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
].join(', ');

/** Headers that a registry is to carry a request out under, or not at all. */
type Condition = { readonly 'if-match': string } | { readonly 'if-none-match': string };

/** One repository of a registry: `library/debian` of `docker.io`. */
export class RemoteRepository implements ContentSource, ContentSink {
  /** Registries refuse a manifest that names what they lack. */
  readonly manifestsAreWhole = true;
  readonly #target: UploadTarget;
  readonly #resource: Required<RegistryResource>;
  readonly #known: KnownBlobs;
  readonly #puts = new Map<Digest, Promise<void>>();

  constructor(target: UploadTarget, known: KnownBlobs) {
    this.#target = target;
    this.#resource = target.resource;
    this.#known = known;
  }

  /** `host/repository`. */
  get name(): string {
    return formatResource(this.#resource);
  }

  /** What a tag or digest leads to; undefined if there is no such thing. Where the registry can, only headers are sent. */
  async resolve(tagOrDigest: string, signal: AbortSignal): Promise<Descriptor | undefined> {
    const descriptor = await this.#head(tagOrDigest, false, signal);
    if (descriptor !== 'unclear') return descriptor;
    return (await this.manifest(tagOrDigest, signal))?.descriptor;
  }

  /** The manifest or index that a tag or digest leads to; undefined if there is no such thing. */
  async manifest(tagOrDigest: string, signal: AbortSignal): Promise<ImageDocument | undefined> {
    return await this.#send(
      {
        method: 'GET',
        doing: `read the manifest ${tagOrDigest}`,
        at: manifestPath(this.#resource, tagOrDigest),
        headers: { accept: documentTypes, 'accept-encoding': 'identity' },
        accept: [200, 404],
      },
      (response) => this.#readManifest(tagOrDigest, response),
      signal,
    );
  }

  /** Stores a document under its digest or, so that it shows, under a tag. All that it names must be there. */
  async putManifest(tagOrDigest: string, document: DocumentBytes, signal: AbortSignal): Promise<void> {
    await this.#putManifest(tagOrDigest, { document }, signal);
  }

  /**
   * Makes a tag that names `from` name the document `to`; null: a tag that is not there. False if it names something
   * else. Registries that know no conditions (RFC 9110 sections 13.1.1 and 13.1.2) move it in any case.
   */
  async moveTag(
    tag: string,
    { from, to }: { readonly from: Digest | null; readonly to: DocumentBytes },
    signal: AbortSignal,
  ): Promise<boolean> {
    const condition: Condition = from === null ? { 'if-none-match': '*' } : { 'if-match': `"${from}"` };
    if (await this.#putManifest(tag, { document: to, condition }, signal)) return true;
    const now = (await this.resolve(tag, signal))?.digest ?? null;
    // An earlier try of the same request may have been carried out, though its answer was lost.
    if (now === to.descriptor.digest) return true;
    if (now !== from) return false;
    // What the registry compares are not digests.
    return await this.#putManifest(tag, { document: to }, signal);
  }

  /** False if the condition does not hold. */
  async #putManifest(
    tagOrDigest: string,
    { document, condition }: { readonly document: DocumentBytes; readonly condition?: Condition },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { descriptor, bytes } = document;
    return await this.#send(
      {
        method: 'PUT',
        doing: `store the manifest ${tagOrDigest}`,
        at: manifestPath(this.#resource, tagOrDigest),
        headers: { 'content-type': descriptor.mediaType, 'content-length': String(bytes.length), ...condition },
        body: bytes,
        accept: [201, 200, 202, 204, ...(condition === undefined ? [] : [412])],
        push: true,
      },
      async ({ status, headers }) => {
        if (status === 412) return false;
        const got = headers['docker-content-digest'];
        // A digest of another algorithm says nothing against this one.
        if (got === undefined || !got.startsWith(`${algorithmOf(descriptor.digest)}:`)) return true;
        if (got === descriptor.digest) return true;
        throw new FailureError(manifestDigestMismatch(this.#resource, tagOrDigest, { wanted: descriptor.digest, got }));
      },
      signal,
    );
  }

  /** In the registry's order; none if the repository does not exist. */
  tags(signal: AbortSignal): AsyncIterable<string> {
    return listTags(this.#target, signal);
  }

  /** Deletes a manifest by digest, with all its tags, or a tag where the registry can. False if it was not there. */
  async deleteManifest(tagOrDigest: string, signal: AbortSignal): Promise<boolean> {
    return await this.#target.transport.send(
      {
        method: 'DELETE',
        resource: this.#resource,
        doing: `delete the manifest ${tagOrDigest}`,
        at: manifestPath(this.#resource, tagOrDigest),
        scopes: [scopeOf(this.#resource.repository, 'pull,push'), scopeOf(this.#resource.repository, 'delete')],
        accept: [202, 200, 204, 404],
      },
      async ({ status }) => status !== 404,
      signal,
    );
  }

  async has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    return await this.#has(descriptor, false, signal);
  }

  async open(descriptor: Descriptor, signal: AbortSignal): Promise<Readable> {
    const bytes = await download(this.#target, descriptor, signal);
    this.knownAt(descriptor.digest, this.#resource.repository);
    return bytes;
  }

  async put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    const running = this.#puts.get(descriptor.digest);
    // Whoever sends it now may fail or be called off; this one sees for itself afterwards.
    if (running !== undefined) await running.catch(() => {});
    const put = this.#put(descriptor, bytes, signal);
    this.#puts.set(descriptor.digest, put);
    try {
      await put;
    } finally {
      if (this.#puts.get(descriptor.digest) === put) this.#puts.delete(descriptor.digest);
    }
  }

  /** Says that a blob is in another repository of this registry, from where it need not be sent. */
  knownAt(digest: Digest, repository: string): void {
    this.#known.add(this.#resource.registry, digest, repository);
  }

  async #put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    const elsewhere = this.#known.repositoryOf(this.#resource, descriptor.digest);
    if (await this.#has(descriptor, true, signal)) return;
    if (isDocumentType(descriptor.mediaType)) {
      refuseLargeDocument(descriptor);
      const document = { descriptor, bytes: await collect(await bytes(), descriptor, 'the source') };
      return await this.putManifest(descriptor.digest, document, signal);
    }
    await new BlobUpload(this.#target, { descriptor, open: bytes }, signal).run(elsewhere);
    this.knownAt(descriptor.digest, this.#resource.repository);
  }

  /** `push` asks at once for the leave that is needed if it is not there. */
  async #has(descriptor: Descriptor, push: boolean, signal: AbortSignal): Promise<boolean> {
    const { digest, mediaType } = descriptor;
    if (isDocumentType(mediaType)) {
      const found = await this.#head(digest, push, signal);
      return found === 'unclear' ? (await this.manifest(digest, signal)) !== undefined : found !== undefined;
    }
    const isThere = await this.#send(
      {
        method: 'HEAD',
        doing: `look for the blob ${digest}`,
        at: `${this.#resource.repository}/blobs/${digest}`,
        accept: [200, 404],
        push,
      },
      async ({ status }) => status === 200,
      signal,
    );
    if (isThere) this.knownAt(digest, this.#resource.repository);
    return isThere;
  }

  /** `unclear` where the headers do not say what there is: the document has to be read. */
  async #head(tagOrDigest: string, push: boolean, signal: AbortSignal): Promise<Descriptor | 'unclear' | undefined> {
    return await this.#send(
      {
        method: 'HEAD',
        doing: `look for the manifest ${tagOrDigest}`,
        at: manifestPath(this.#resource, tagOrDigest),
        headers: { accept: documentTypes },
        accept: [200, 404, 405],
        push,
      },
      async ({ status, headers }) => {
        if (status === 404) return undefined;
        const mediaType = mediaTypeOf(headers['content-type']);
        const digest = Digest.safeParse(headers['docker-content-digest'] ?? tagOrDigest);
        const size = Number(headers['content-length'] || Number.NaN);
        const isClear = status === 200 && isDocumentType(mediaType) && size >= 0 && size <= maxManifestSize;
        if (!isClear || !digest.success) return 'unclear';
        this.#expect(tagOrDigest, digest.data);
        return { mediaType, digest: digest.data, size };
      },
      signal,
    );
  }

  async #readManifest(tagOrDigest: string, response: RegistryResponse): Promise<ImageDocument | undefined> {
    if (response.status === 404) return undefined;
    const purpose = { resource: this.#resource, doing: `read the manifest ${tagOrDigest}` };
    const bytes = await readWhole(response, maxManifestSize, purpose);
    const wanted = Digest.safeParse(tagOrDigest).data;
    const digest = digestOf(bytes, wanted === undefined ? 'sha256' : algorithmOf(wanted));
    this.#expect(tagOrDigest, digest);
    const promised = Digest.safeParse(response.headers['docker-content-digest']).data;
    if (promised !== undefined && promised !== digestOf(bytes, algorithmOf(promised))) {
      throw new FailureError(manifestDigestMismatch(this.#resource, tagOrDigest, { wanted: promised, got: digest }));
    }
    const parsed = parseDocument(bytes, mediaTypeOf(response.headers['content-type']), digest);
    if (parsed.ok)
      return documentOf({ mediaType: parsed.value.mediaType, digest, size: bytes.length }, bytes, parsed.value);
    throw new FailureError(registryAnswerNotUnderstood(purpose, parsed.failure[0].message, startOf(bytes)));
  }

  /** What was asked for by its digest has that digest and no other. */
  #expect(tagOrDigest: string, got: Digest): void {
    const wanted = Digest.safeParse(tagOrDigest);
    if (wanted.success && wanted.data !== got) {
      throw new FailureError(manifestDigestMismatch(this.#resource, tagOrDigest, { wanted: wanted.data, got }));
    }
  }

  async #send<T>(
    request: Omit<RegistryRequest, 'resource' | 'scopes'> & { readonly push?: boolean },
    use: (response: RegistryResponse) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { push = false, ...rest } = request;
    const scopes = [scopeOf(this.#resource.repository, push ? 'pull,push' : 'pull')];
    return await this.#target.transport.send({ ...rest, resource: this.#resource, scopes }, use, signal);
  }
}

function manifestPath({ repository }: Required<RegistryResource>, tagOrDigest: string): string {
  return `${repository}/manifests/${tagOrDigest}`;
}

/** Without parameters such as `; charset=utf-8`. */
function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').replace(/;.*$/, '').trim();
}
