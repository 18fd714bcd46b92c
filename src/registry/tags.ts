import { scopeOf } from './auth.ts';
import { listNames } from './pages.ts';
import type { Remote } from './remote.ts';

/**
 * The tags of a repository in the registry's order, asked for page by page as they are taken. None for a
 * repository that does not exist. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export function listTags({ resource, transport }: Remote, signal: AbortSignal): AsyncGenerator<string> {
  const { repository } = resource;
  const list = { field: 'tags', what: 'list of tags', none: [404] };
  const at = `${repository}/tags/list?n=1000`;
  return listNames(
    { ...list, at, resource, doing: 'list tags', scopes: [scopeOf(repository, 'pull')] },
    transport,
    signal,
  );
}
