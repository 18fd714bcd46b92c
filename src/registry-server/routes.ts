import { deleteBlob, getBlob } from './blobs.ts';
import { RegistryError } from './errors.ts';
import type { Exchange, RepositoryExchange } from './exchange.ts';
import { getCatalog, getReferrers, getSupport, getTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { parseRepositoryName } from './names.ts';
import { cancelUpload, getUpload, patchUpload, putUpload, startUpload } from './push-blob.ts';

type Handler<E> = (exchange: E) => Promise<void> | void;
type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
type Handlers<E> = Partial<Record<Method, Handler<E>>>;

/** Of the registry as a whole. */
const ofRegistry: readonly (readonly [path: RegExp, Handlers<Exchange>])[] = [
  [/^\/v2\/?$/, { GET: getSupport, HEAD: getSupport }],
  [/^\/v2\/_catalog$/, { GET: getCatalog }],
];

/**
 * Of one repository: the first group is its name, the second the reference. The first that matches counts.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
const ofRepository: readonly (readonly [path: RegExp, Handlers<RepositoryExchange>])[] = [
  [/^\/v2\/(.+)\/tags\/list$/, { GET: getTags }],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, { POST: startUpload }],
  [
    /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    { GET: getUpload, PATCH: patchUpload, PUT: putUpload, DELETE: cancelUpload },
  ],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob }],
  [
    /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  ],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, { GET: getReferrers }],
];

/** Answers a request, or throws RegistryError. */
export async function route(exchange: Exchange): Promise<void> {
  for (const [path, handlers] of ofRegistry) {
    if (path.test(exchange.path)) return handlerOf(handlers, exchange)(exchange);
  }
  for (const [path, handlers] of ofRepository) {
    const [, name, reference = ''] = path.exec(exchange.path) ?? [];
    if (name === undefined) continue;
    const repository = exchange.storage.repository(parseRepositoryName(name));
    return handlerOf(handlers, exchange)({ ...exchange, repository, reference });
  }
  throw new RegistryError('UNSUPPORTED', 'no such endpoint', { status: 404, detail: { path: exchange.path } });
}

function handlerOf<E>(handlers: Handlers<E>, { request }: Exchange): Handler<E> {
  const handler = handlers[request.method as Method];
  if (handler !== undefined) return handler;
  throw new RegistryError('UNSUPPORTED', `${request.method} is not for this endpoint`, {
    headers: { Allow: Object.keys(handlers).join(', ') },
  });
}
