import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { FailureError } from '../result.ts';
import { type ScopedRequest, scopeOf } from './auth.ts';
import { ChunkReader } from './chunk-reader.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import { patienceFor } from './limits.ts';
import type { RegistryOptions } from './registry-options.ts';
import type { RegistryResource } from './registry-resource.ts';
import type { Remote } from './remote.ts';
import type { RegistryResponse } from './response.ts';
import { TransferError } from './transfer-error.ts';
import type { RegistryRequest, Transport } from './transport.ts';

const defaults = { chunkAbove: 512 << 20, chunkSize: 64 << 20 } as const;

/** Ways of sending that a registry has refused, so that it is not offered them again. */
export interface UploadHabits {
  /** Registries that take a blob in one piece or not at all. */
  readonly refusesChunks: Set<string>;
  /** Registries, or proxies before them, that refuse long requests. */
  readonly refusesLength: Set<string>;
}

/** When a blob is sent in chunks, and how long these are; in bytes. */
export type UploadOptions = Pick<RegistryOptions, 'chunkAbove' | 'chunkSize'>;

/** A repository that blobs are sent to, and how. */
export interface UploadTarget extends Remote {
  readonly options: UploadOptions;
  readonly habits: UploadHabits;
}

interface Session {
  /** As the registry gave it, state and all; nothing of it is interpreted. */
  readonly location: URL;
  /** The least number of bytes it wants in a chunk that is not the last. */
  readonly minChunk: number;
}

/**
 * Puts a blob into a repository that lacks it: from another repository of the registry if it is known to be there,
 * else in one request, or in chunks if it is large.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export class BlobUpload {
  readonly #transport: Transport;
  readonly #resource: Required<RegistryResource>;
  readonly #descriptor: Descriptor;
  readonly #open: () => Promise<Readable>;
  readonly #options: UploadOptions;
  readonly #habits: UploadHabits;
  readonly #signal: AbortSignal;
  /** What all its requests have in common. */
  readonly #common: ScopedRequest;

  constructor(
    { resource, transport, options, habits }: UploadTarget,
    blob: { readonly descriptor: Descriptor; readonly open: () => Promise<Readable> },
    signal: AbortSignal,
  ) {
    this.#transport = transport;
    this.#resource = resource;
    this.#descriptor = blob.descriptor;
    this.#open = blob.open;
    this.#options = options;
    this.#habits = habits;
    this.#signal = signal;
    const scopes = [scopeOf(resource.repository, 'pull,push')];
    this.#common = { resource, doing: `store the blob ${blob.descriptor.digest}`, scopes };
  }

  /** `mountFrom` is a repository of the same registry that is thought to have the blob. */
  async run(mountFrom: string | undefined): Promise<void> {
    let session = mountFrom === undefined ? undefined : await this.#mount(mountFrom);
    if (session === 'mounted') return;
    // A session that was broken off is not used again: its state is unknown.
    await this.#transport.retrier.run(async () => {
      const own = session as Session | undefined;
      session = undefined;
      await this.#send(own ?? (await this.#start()));
    }, this.#signal);
  }

  async #send(session: Session): Promise<void> {
    const { registry } = this.#resource;
    const above = this.#options.chunkAbove ?? defaults.chunkAbove;
    const isLong = this.#descriptor.size > above || this.#habits.refusesLength.has(registry);
    if (isLong && !this.#habits.refusesChunks.has(registry)) return await this.#sendInChunks(session);
    try {
      await this.#sendAtOnce(session);
    } catch (error) {
      const canSplit = !this.#habits.refusesChunks.has(registry) && !this.#habits.refusesLength.has(registry);
      if (!isStatus(error, 413) || !canSplit) throw error;
      this.#habits.refusesLength.add(registry);
      await this.#sendInChunks(await this.#start());
    }
  }

  async #sendAtOnce({ location }: Session): Promise<void> {
    await this.#once({
      method: 'PUT',
      at: withDigest(location, this.#descriptor),
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(this.#descriptor.size),
      },
      body: this.#open,
      accept: [201, 204],
      patience: patienceFor(this.#descriptor.size, this.#transport.limits),
    });
  }

  async #sendInChunks(session: Session): Promise<void> {
    const { size } = this.#descriptor;
    const length = Math.max(this.#options.chunkSize ?? defaults.chunkSize, session.minChunk);
    let reader = new ChunkReader(this.#open);
    let { location } = session;
    let offset = 0;
    let failures = 0;
    try {
      while (offset < size) {
        const before: number = offset;
        const end = Math.min(before + length, size);
        let trouble: unknown;
        try {
          ({ location, offset } = await this.#sendChunk(reader, location, { offset: before, length: end - before }));
        } catch (error) {
          if (before === 0 && failures === 0 && isRefusalOfChunks(error)) return await this.#sendWithoutChunks();
          if (!isStatus(error, 416) && !(error instanceof TransferError && error.temporary)) throw error;
          trouble = error;
          if (!isStatus(error, 416)) await this.#transport.retrier.pause(error, failures + 1, this.#signal);
          ({ location, offset } = await this.#whereItStands(location));
        }
        failures = offset > before ? 0 : failures + 1;
        if (failures > this.#transport.retrier.retries) throw trouble ?? this.#standsStill();
        if (offset === end) continue;
        // The rest of a chunk that did not arrive as it should may still be on its way out of the reader.
        reader.close();
        reader = new ChunkReader(this.#open);
      }
    } finally {
      reader.close();
    }
    // Nothing is sent, but all of it may be read again.
    const patience = patienceFor(size, this.#transport.limits);
    await this.#once({
      method: 'PUT',
      at: withDigest(location, this.#descriptor),
      headers: { 'content-length': '0' },
      accept: [201, 204],
      patience,
      limit: patience,
    });
  }

  async #sendChunk(
    reader: ChunkReader,
    at: URL,
    { offset, length }: { readonly offset: number; readonly length: number },
  ) {
    return await this.#once(
      {
        method: 'PATCH',
        at,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(length),
          'content-range': `${offset}-${offset + length - 1}`,
        },
        body: async () => Readable.from(reader.take(offset, length), { objectMode: false }),
        accept: [202, 204],
        patience: patienceFor(length, this.#transport.limits),
      },
      async (response) => ({ location: this.#locationOf(response), offset: receivedBy(response) ?? offset + length }),
    );
  }

  async #sendWithoutChunks(): Promise<void> {
    this.#habits.refusesChunks.add(this.#resource.registry);
    await this.#sendAtOnce(await this.#start());
  }

  async #whereItStands(at: URL): Promise<{ readonly location: URL; readonly offset: number }> {
    try {
      return await this.#transport.send(
        this.#request({ method: 'GET', at, accept: [204, 202, 200] }),
        async (response) => ({
          location: response.headers['location'] === undefined ? at : this.#locationOf(response),
          offset: receivedBy(response) ?? 0,
        }),
        this.#signal,
      );
    } catch (error) {
      if (!isStatus(error, 400, 404, 410, 416)) throw error;
      // Docker's own registry gives an upload up if a chunk of it broke off: it is to begin anew.
      const { failure, status, codes } = error;
      throw new TransferError(failure, { temporary: true, status, codes, cause: error });
    }
  }

  #standsStill() {
    const wrong = 'it takes chunks and does not keep them';
    return new FailureError(registryAnswerNotUnderstood(this.#common, wrong));
  }

  async #start(): Promise<Session> {
    const at = `${this.#resource.repository}/blobs/uploads/`;
    return await this.#transport.send(
      this.#request({ method: 'POST', at, headers: { 'content-length': '0' }, accept: [202] }),
      async (response) => this.#sessionOf(response),
      this.#signal,
    );
  }

  /** undefined where mounting is refused: the blob is sent then, as if nobody had thought of it. */
  async #mount(from: string): Promise<'mounted' | Session | undefined> {
    const { digest } = this.#descriptor;
    const at = `${this.#resource.repository}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`;
    const request = this.#request({ method: 'POST', at, headers: { 'content-length': '0' }, accept: [201, 202] });
    const scopes = [...request.scopes, scopeOf(from, 'pull')];
    try {
      return await this.#transport.send(
        { ...request, scopes },
        async (response) => (response.status === 201 ? 'mounted' : this.#sessionOf(response)),
        this.#signal,
      );
    } catch (error) {
      const isAboutMounting =
        isStatus(error, 400, 401, 403, 404, 405) ||
        (error instanceof FailureError && error.failure.reason === 'registry-denied');
      if (isAboutMounting) return undefined;
      throw error;
    }
  }

  #sessionOf(response: RegistryResponse): Session {
    return {
      location: this.#locationOf(response),
      minChunk: Number(response.headers['oci-chunk-min-length'] ?? 0) || 0,
    };
  }

  #locationOf(response: RegistryResponse): URL {
    const location = response.headers['location'];
    if (location === undefined || !URL.canParse(location, response.url.href)) {
      const wrong = 'it started an upload without saying where to';
      throw new FailureError(registryAnswerNotUnderstood(this.#common, wrong));
    }
    const url = new URL(location, response.url);
    // Behind a proxy that ends TLS, registries often take themselves for plain http. What began under TLS stays there.
    if (response.url.protocol === 'https:' && url.protocol === 'http:' && url.hostname === response.url.hostname) {
      url.port = response.url.port;
      url.protocol = 'https:';
    }
    return url;
  }

  #request(request: Omit<RegistryRequest, keyof ScopedRequest>): RegistryRequest {
    return { ...request, ...this.#common };
  }

  async #once<T = void>(
    request: Omit<RegistryRequest, keyof ScopedRequest>,
    use: (response: RegistryResponse) => Promise<T> = async () => undefined as T,
  ): Promise<T> {
    return await this.#transport.once(this.#request(request), use, this.#signal);
  }
}

/** As text, because to take the query apart and write it anew would change the state in it. */
function withDigest(location: URL, { digest }: Descriptor): URL {
  return new URL(`${location.href}${location.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`);
}

/** Bytes the registry has of an upload, from `Range: 0-<last>`. An upload just begun says `0-0`. */
function receivedBy({ headers }: RegistryResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(headers['range'] ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

/** To be asked about the first chunk only: what a registry refuses later it refuses for another reason. */
function isRefusalOfChunks(error: unknown): boolean {
  return isStatus(error, 400, 404, 405, 411, 413, 415, 501);
}

function isStatus(error: unknown, ...statuses: readonly number[]): error is TransferError {
  return error instanceof TransferError && error.status !== undefined && statuses.includes(error.status);
}
