import { stat } from 'node:fs/promises';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { namedBy, orGone } from './raw-document.ts';
import type { Store } from './store.ts';

/** An image with a name, and what of it is not in the store. */
export interface IncompleteImage {
  /** All names that it has. */
  readonly names: readonly string[];
  readonly digest: Digest;
  /** Blobs, in the order in which its documents name them. */
  readonly missing: readonly Digest[];
  readonly isRemoved: boolean;
}

/** What looking for all that images name gave. */
export interface CheckedNames {
  readonly checked: number;
  readonly incomplete: readonly IncompleteImage[];
}

/**
 * Looks for all that the images with a name consist of: every platform of them, as whatever has a name was whole once. With
 * `repairs` those that lack something lose their names, so that the next build or pull brings them again and does not take them for done.
 * Content is not verified: `broken` is what
 * `verifyBlobs` has found and left, which is there, and says nothing of what it names.
 */
export async function checkNames(
  store: Store,
  { repairs, broken }: { readonly repairs: boolean; readonly broken: ReadonlySet<Digest> },
  signal: AbortSignal,
): Promise<CheckedNames> {
  const names = await store.refs.list();
  const byDigest = new Map<Digest, { readonly names: string[]; readonly missing: readonly Digest[] }>();
  for (const [name, root] of names) {
    signal.throwIfAborted();
    const known = byDigest.get(root.digest) ?? { names: [], missing: await missingIn(root, store, broken) };
    known.names.push(name);
    byDigest.set(root.digest, known);
  }
  const lacking = [...byDigest].filter(([, { missing }]) => missing.length > 0);
  const unwanted = lacking.flatMap(([, one]) => one.names);
  const removed = new Set(repairs && unwanted.length > 0 ? await store.refs.remove(unwanted, signal) : []);
  const incomplete = lacking.map(([digest, one]) => {
    return { digest, ...one, isRemoved: one.names.every((name) => removed.has(name)) };
  });
  return { checked: names.size, incomplete };
}

/** Each blob once. Counts as no use of what is there. */
export async function missingIn(
  root: Descriptor,
  { paths }: Pick<Store, 'paths'>,
  broken: ReadonlySet<Digest> = new Set(),
): Promise<readonly Digest[]> {
  const seen = new Set<Digest>();
  const missing: Digest[] = [];
  const todo: Digest[] = [root.digest];
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    if (seen.has(next) || broken.has(next)) continue;
    seen.add(next);
    const path = paths.blob(next);
    if ((await orGone(stat(path), path)) === undefined) missing.push(next);
    else todo.push(...(await namedBy(next, paths)));
  }
  return missing;
}
