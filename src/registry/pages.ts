import { z } from 'zod';
import { startOf } from '../oci/parse-document.ts';
import { FailureError } from '../result.ts';
import type { ScopedRequest } from './auth.ts';
import { registryAnswerNotUnderstood } from './failure.ts';
import { type RegistryResponse, readWhole } from './response.ts';
import type { Transport } from './transport.ts';

/** Bytes; a page of a thousand tags has 130 KiB at most, but a registry may send all there are. */
const maxPage = 32 << 20;
/** Pages of a list that somebody may want to see the end of: a million names, where a page has as many as are asked for. */
const maxPages = 1_000;

/** A list of names that a registry gives page by page. */
export interface PagedList extends ScopedRequest {
  /** Below `/v2/`, with the length of a page. */
  readonly at: string;
  /** The field of a page that has the names: `tags`. */
  readonly field: string;
  /** Completes "it is no …": `list of tags`. */
  readonly what: string;
  /** A status that means that there are none. */
  readonly none: readonly number[];
}

/** The names in the registry's order, asked for page by page as they are taken. */
export async function* listNames(list: PagedList, transport: Transport, signal: AbortSignal): AsyncGenerator<string> {
  const { at: first, field: _, what: __, none, ...request } = list;
  const seen = new Set<string>();
  let at: string | URL | undefined = first;
  while (at !== undefined) {
    const page: Awaited<ReturnType<typeof readPage>> = await transport.send(
      { ...request, method: 'GET', at, accept: [200, ...none] },
      (response) => readPage(response, list),
      signal,
    );
    yield* page.names;
    if (page.next !== undefined && seen.size >= maxPages) {
      throw new FailureError(registryAnswerNotUnderstood(list, `its list has more than ${maxPages} pages`));
    }
    // A registry that leads in a circle would never end.
    if (page.next !== undefined && seen.has(page.next.href)) return;
    if (page.next !== undefined) seen.add(page.next.href);
    at = page.next;
  }
}

async function readPage(response: RegistryResponse, list: PagedList) {
  if (list.none.includes(response.status)) return { names: [], next: undefined };
  const bytes = await readWhole(response, maxPage, list);
  const page = z.looseObject({ [list.field]: z.array(z.string()).nullish() }).safeParse(parse(bytes));
  if (!page.success) throw new FailureError(registryAnswerNotUnderstood(list, `it is no ${list.what}`, startOf(bytes)));
  return { names: (page.data[list.field] ?? []) as readonly string[], next: nextPage(response) };
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
