import { mediaTypes } from '../oci/media-type.ts';
import { RegistryError } from './errors.ts';
import { type Exchange, type RepositoryExchange, replyJson } from './exchange.ts';
import { parseDigest } from './names.ts';
import { page } from './paging.ts';

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support */
export function getSupport(exchange: Exchange): void {
  replyJson(exchange, {}, {});
}

/** https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#catalog */
export async function getCatalog(exchange: Exchange): Promise<void> {
  const { items, headers } = page(await exchange.storage.names(), exchange.query, exchange.path);
  replyJson(exchange, headers, { repositories: items });
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
export async function getTags(exchange: RepositoryExchange): Promise<void> {
  const { repository, query, path } = exchange;
  if (!(await repository.exists())) {
    throw new RegistryError('NAME_UNKNOWN', 'no such repository', { detail: { name: repository.name } });
  }
  const { items, headers } = page(await repository.tags(), query, path);
  replyJson(exchange, headers, { name: repository.name, tags: items });
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers */
export async function getReferrers(exchange: RepositoryExchange): Promise<void> {
  const all = await exchange.repository.referrers(parseDigest(exchange.reference));
  const artifactType = exchange.query.get('artifactType');
  const manifests = artifactType === null ? all : all.filter((descriptor) => descriptor.artifactType === artifactType);
  const headers = {
    'Content-Type': mediaTypes.imageIndex,
    ...(artifactType === null ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
  };
  replyJson(exchange, headers, { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests });
}
