import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Repository } from './repository.ts';
import type { Storage } from './storage.ts';

/** A request and all that is needed to answer it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly storage: Storage;
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

/** The bytes of a request. Ending early leaves the connection open, so that the client can be told why. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false });
}

/** Sends a status with headers and, but for HEAD, a body that is in memory. */
export function reply(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders = {},
  body?: Uint8Array | string,
): void {
  const length = body === undefined ? undefined : Buffer.byteLength(body);
  const bodiless = status === 204 || status === 304;
  exchange.response.writeHead(status, {
    ...(bodiless || headers['Content-Length'] !== undefined ? {} : { 'Content-Length': length ?? 0 }),
    ...headers,
  });
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body);
}

export function replyJson(exchange: Exchange, headers: OutgoingHttpHeaders, value: unknown): void {
  reply(exchange, 200, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
}

/** True, and answered, where the client has these bytes already: RFC 9110 section 13.1.2. */
export function repliedNotModified(exchange: Exchange, etag: string): boolean {
  const wanted = exchange.request.headers['if-none-match'];
  if (wanted === undefined) return false;
  const tags = wanted.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.includes(etag) && !tags.includes('*')) return false;
  reply(exchange, 304, { ETag: etag });
  return true;
}
