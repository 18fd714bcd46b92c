import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { FailureError } from '../result.ts';
import { explained } from '../store/failure.ts';
import { type ErrorCode, errorBody, RegistryError } from './errors.ts';
import { type BodyLimits, type Exchange, reply } from './exchange.ts';
import { route } from './routes.ts';
import type { ServedHosts } from './served-hosts.ts';
import type { Storage } from './storage.ts';

/** One answered request, for the log of `cip registry serve` and for tests that count requests. */
export interface ServedRequest {
  readonly method: string;
  /** As sent, with the query. */
  readonly url: string;
  /** 499 where the client went away before it was answered. */
  readonly status: number;
  /** In milliseconds. */
  readonly duration: number;
  /** What went wrong on our side; clients are told little of it. */
  readonly error?: unknown;
}

interface Service {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly storage: Storage;
  readonly hosts: ServedHosts;
  readonly limits: BodyLimits;
  readonly options: { readonly readonly?: boolean; readonly log?: (request: ServedRequest) => void };
}

/** Answers one request, whatever happens. Never rejects. */
export async function serve({ request, response, storage, hosts, limits, options }: Service): Promise<void> {
  const began = performance.now();
  const { method = '', url = '' } = request;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
  const [path = '', query = ''] = splitOnce(url, '?');
  const exchange: Exchange = {
    request,
    response,
    storage,
    limits,
    path: decoded(path),
    query: new URLSearchParams(query),
    reference: '',
    signal: gone.signal,
  };
  let error: unknown;
  try {
    hosts.check(request.headers.host);
    refuseUnwanted(request, options.readonly === true);
    await route(exchange);
  } catch (thrown) {
    error = replyError(exchange, thrown);
  }
  const status = response.writableEnded ? response.statusCode : 499;
  if (!response.writableEnded) response.destroy(); // a client must not take half a blob for a whole one
  options.log?.({
    method,
    url,
    status,
    duration: performance.now() - began,
    ...(error === undefined ? {} : { error }),
  });
}

function refuseUnwanted(request: IncomingMessage, readonly: boolean): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (readonly)
    throw new RegistryError('UNSUPPORTED', 'this registry is read-only', { headers: { Allow: 'GET, HEAD' } });
  // No client of a registry sends it. A page in a browser on this machine is not to write here.
  if (request.headers.origin !== undefined) throw new RegistryError('DENIED', 'not from a browser');
}

/** Returns the error where it is ours and not the client's. */
function replyError(exchange: Exchange, thrown: unknown): unknown {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) return exchange.signal.aborted ? undefined : thrown;
  if (thrown instanceof RegistryError) {
    replyWith(exchange, thrown);
    return undefined;
  }
  const error = explained(thrown, 'the storage');
  const isFull = error instanceof FailureError && error.failure.reason === 'disk-full';
  const [status, message] = isFull ? [507, 'no space left'] : [500, 'internal error'];
  replyWith(exchange, { status, code: 'UNKNOWN', message });
  return error;
}

/** What of a RegistryError goes to the client. */
interface ErrorReply {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly code: ErrorCode | 'UNKNOWN';
  readonly message: string;
  readonly detail?: unknown;
}

function replyWith(exchange: Exchange, { status, headers, code, message, detail }: ErrorReply): void {
  const type = { 'Content-Type': 'application/json' };
  reply(exchange, { status, headers: { ...headers, ...type }, body: errorBody(code, message, detail) });
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What cannot be decoded names nothing here. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}
