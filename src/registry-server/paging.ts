import { RegistryError } from './errors.ts';

/**
 * The order of lists: case-insensitive, then by code units so that it is total.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
function lexically(a: string, b: string): number {
  return order(a.toLowerCase(), b.toLowerCase()) || order(a, b);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One page: what comes after `last`, at most `n`; and the `Link` header to the next one where there is more. */
export function page(
  all: readonly string[],
  query: URLSearchParams,
  path: string,
): { readonly items: readonly string[]; readonly headers: Readonly<Record<string, string>> } {
  const last = query.get('last');
  const following = [...all].sort(lexically).filter((item) => last === null || lexically(item, last) > 0);
  const n = query.get('n');
  if (n === null) return { items: following, headers: {} };
  if (!/^\d+$/.test(n)) throw new RegistryError('UNSUPPORTED', 'n is not a number', { status: 400, detail: { n } });
  const items = following.slice(0, Number(n));
  const end = items.at(-1);
  if (end === undefined || items.length === following.length) return { items, headers: {} };
  return { items, headers: { Link: `<${path}?n=${n}&last=${encodeURIComponent(end)}>; rel="next"` } };
}
