import { annotations } from '../oci/annotations.ts';
import type { ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { Digest } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { isAttestation } from '../oci/platform-match.ts';
import { type ImageDocument, readManifest } from '../oci/read-document.ts';
import { keySchema } from './build-key.ts';
import { canonicalDigest } from './canonical.ts';
import type { TaggedPlatform } from './place-state.ts';

type Annotations = Readonly<Record<string, string>>;

/** What is written on the manifest of a platform, and on its entry in the index. */
export function keyAnnotations(key: Digest): Annotations {
  return { [annotations.buildKey]: key, [annotations.buildKeySchema]: String(keySchema) };
}

/** What is written on an index: one key for all of its platforms together. */
export function indexAnnotations(keys: readonly (readonly [Platform, Digest])[]): Annotations {
  const named = keys.map(([platform, key]) => [formatPlatform(platform), key] as const);
  return keyAnnotations(canonicalDigest(named.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** undefined without a key, and for one by other rules than ours: the two could not be compared. */
export function keyIn(found: Annotations | undefined): Digest | undefined {
  if (found?.[annotations.buildKeySchema] !== String(keySchema)) return undefined;
  return Digest.safeParse(found[annotations.buildKey]).data;
}

/** Whether an image was made by cip, by whatever rules of keys. */
export function hasKey({ kind, value }: ImageDocument): boolean {
  const shown = kind === 'index' ? value.manifests.map((entry) => entry.annotations) : [];
  return [value.annotations, ...shown].some((found) => found?.[annotations.buildKey] !== undefined);
}

/**
 * The platforms of an index, attestations left out, each with its key. Where the entries of an index that has keys do
 * not show them, its manifests are read. None for a manifest without an index.
 */
export async function platformsOf(
  document: ImageDocument,
  source: ContentSource,
  signal: AbortSignal,
): Promise<readonly TaggedPlatform[]> {
  if (document.kind === 'manifest') return [];
  const images = document.value.manifests.filter((manifest) => !isAttestation(manifest));
  const hasKeys = keyIn(document.value.annotations) !== undefined;
  const entries = images.map(async (manifest): Promise<readonly TaggedPlatform[]> => {
    if (manifest.platform === undefined) return [];
    const shown = keyIn(manifest.annotations);
    const key = shown ?? (hasKeys ? await keyOfManifest(manifest, source, signal) : undefined);
    return [{ platform: manifest.platform, manifest, ...(key !== undefined && { key }) }];
  });
  return (await Promise.all(entries)).flat();
}

async function keyOfManifest(manifest: Descriptor, source: ContentSource, signal: AbortSignal) {
  return keyIn((await readManifest(source, manifest, signal)).value.annotations);
}
