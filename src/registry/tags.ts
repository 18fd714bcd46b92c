import { z } from 'zod';
import { startOf } from '../oci/parse-document.ts';
import { FailureError } from '../result.ts';
import { scopeOf } from './auth.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import type { Purpose } from './purpose.ts';
import type { Remote } from './remote.ts';
import { type RegistryResponse, readWhole } from './response.ts';

const Page = z.looseObject({ tags: z.array(z.string()).nullish() });

/** Bytes; a page of a thousand tags has 130 KiB at most, but a registry may send all there are. */
const maxPage = 32 << 20;
/** Pages of a list that somebody may want to see the end of: a million tags, where a page has as many as are asked for. */
const maxPages = 1_000;

/**
 * The tags of a repository in the registry's order, asked for page by page as they are taken. None for a
 * repository that does not exist. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function* listTags({ resource, transport }: Remote, signal: AbortSignal): AsyncGenerator<string> {
  const purpose: Purpose = { resource, doing: 'list tags' };
  const scopes = [scopeOf(resource.repository, 'pull')];
  const seen = new Set<string>();
  let at: string | URL | undefined = `${resource.repository}/tags/list?n=1000`;
  while (at !== undefined) {
    const page: Awaited<ReturnType<typeof readPage>> = await transport.send(
      { ...purpose, method: 'GET', at, scopes, accept: [200, 404] },
      (response) => readPage(response, purpose),
      signal,
    );
    yield* page.tags;
    if (page.next !== undefined && seen.size >= maxPages) {
      throw new FailureError(registryAnswerNotUnderstood(purpose, `its list has more than ${maxPages} pages`));
    }
    // A registry that leads in a circle would never end.
    if (page.next !== undefined && seen.has(page.next.href)) return;
    if (page.next !== undefined) seen.add(page.next.href);
    at = page.next;
  }
}

async function readPage(response: RegistryResponse, purpose: Purpose) {
  if (response.status === 404) return { tags: [], next: undefined };
  const bytes = await readWhole(response, maxPage, purpose);
  const page = Page.safeParse(parse(bytes));
  if (!page.success) {
    throw new FailureError(registryAnswerNotUnderstood(purpose, 'it is no list of tags', startOf(bytes)));
  }
  return { tags: page.data.tags ?? [], next: nextPage(response) };
}

/** `Link: </v2/base/tags/list?n=1000&last=1.0>; rel="next"`. https://www.rfc-editor.org/rfc/rfc8288#section-3 */
function nextPage({ headers, url }: RegistryResponse): URL | undefined {
  for (const [, target, parameters] of (headers['link'] ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel="?(?:[^";]*\s)?next(?:\s[^";]*)?"?/i.test(parameters!) && URL.canParse(target!, url.href)) {
      return new URL(target!, url);
    }
  }
  return undefined;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
