import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { RegistryError } from './errors.ts';
import type { Repository } from './repository.ts';
import type { Storage } from './storage.ts';

/** How slowly a body may come: `leastBytes` in each `window`, in milliseconds. */
export interface BodyLimits {
  readonly window: number;
  readonly leastBytes: number;
}

/** A request and all that is needed to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly storage: Storage;
  readonly limits: BodyLimits;
  /** As the client wrote it, decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What follows the kind of thing in the path: a digest, a tag, the id of an upload. Empty where nothing does. */
  readonly reference: string;
  /** Aborts when the connection ends: the client goes away, or the server stops. */
  readonly signal: AbortSignal;
}

/** An exchange about one repository. */
export interface RepositoryExchange extends Exchange {
  readonly repository: Repository;
}

/**
 * The bytes of a request. Ending early leaves the connection open, so that the client can be told why. Throws RegistryError
 * where they drip; where they stop altogether the server ends the connection.
 */
export async function* bodyOf({ request, limits }: Exchange): AsyncGenerator<Buffer> {
  const { window, leastBytes } = limits;
  let bytes = 0;
  let waited = 0;
  let since = performance.now();
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    waited += performance.now() - since;
    bytes += chunk.length;
    if (bytes >= leastBytes) bytes = waited = 0;
    if (waited > window) throw tooSlow(bytes, limits);
    yield chunk;
    // What the disk takes is not the client's time.
    since = performance.now();
  }
}

function tooSlow(bytes: number, { window }: BodyLimits): RegistryError {
  const headers = { Connection: 'close' };
  return new RegistryError('SIZE_INVALID', `${bytes} bytes in ${Math.round(window / 1000)} s are too few`, {
    status: 408,
    headers,
  });
}

interface Reply {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  /** Not sent to HEAD. */
  readonly body?: Uint8Array | string;
}

/** Sends what is all in memory, with its length. */
export function reply(exchange: Exchange, { status, headers = {}, body }: Reply): void {
  const length = body === undefined ? undefined : Buffer.byteLength(body);
  const bodiless = status === 204 || status === 304;
  exchange.response.writeHead(status, {
    ...(bodiless || headers['Content-Length'] !== undefined ? {} : { 'Content-Length': length ?? 0 }),
    ...headers,
  });
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body);
}

/** Answers 200 with `value`; `headers` may replace the content type, as manifests and indexes do. */
export function replyJson(exchange: Exchange, headers: OutgoingHttpHeaders, value: unknown): void {
  const type = { 'Content-Type': 'application/json' };
  reply(exchange, { status: 200, headers: { ...type, ...headers }, body: JSON.stringify(value) });
}

/** True, and answered, where the client has these bytes already: RFC 9110 section 13.1.2. */
export function repliedNotModified(exchange: Exchange, etag: string): boolean {
  const wanted = exchange.request.headers['if-none-match'];
  if (wanted === undefined) return false;
  const tags = wanted.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.includes(etag) && !tags.includes('*')) return false;
  reply(exchange, { status: 304, headers: { ETag: etag } });
  return true;
}
