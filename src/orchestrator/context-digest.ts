import type { Digest } from '../oci/digest.ts';
import { type Canonical, canonicalDigest } from './canonical.ts';

/**
 * One thing in a build context, as far as it can matter to an image: never its times or its owner, and of its mode only
 * whether it can be executed, since that is all that a checkout keeps. Paths are relative, with `/`.
 */
export type ContextEntry =
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly digest: Digest }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string }
  /** A pipe or device. */
  | { readonly kind: 'special'; readonly path: string };

/** All of a context, and what each path holds. Contexts of equal digest give equal images. */
export interface ContextListing {
  readonly digest: Digest;
  /** Path → its kind, executable bit and content in short; sorted by path. Equal text is equal content. */
  readonly paths: Readonly<Record<string, string>>;
}

/** The listing of entries given in any order. */
export function contextListing(entries: readonly ContextEntry[]): ContextListing {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const lines = sorted.map((entry) => [entry.path, ...content(entry)]);
  return {
    digest: canonicalDigest(lines satisfies Canonical),
    paths: Object.fromEntries(lines.map(([path, ...rest]) => [path!, rest.join(' ')])),
  };
}

function content(entry: ContextEntry): readonly string[] {
  switch (entry.kind) {
    case 'file':
      return [entry.executable ? 'executable' : 'file', entry.digest];
    case 'symlink':
      return ['symlink', entry.target];
    default:
      return [entry.kind];
  }
}
