import { annotations } from '../../oci/annotations.ts';
import type { ContentSource } from '../../oci/content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { isAttestation } from '../../oci/platform-match.ts';
import { type ImageDocument, readManifest } from '../../oci/read-document.ts';
import { keySchema } from '../key/build-key.ts';
import { canonicalDigest } from '../key/canonical.ts';
import { type Bases, basesOf, formatBases, parseBases } from './bases.ts';
import type { TaggedPlatform } from './tagged-images.ts';

type Annotations = Readonly<Record<string, string>>;

/** What an image of one platform is: its sources, and what they were built on (ADR 0019). */
export interface Identity {
  readonly key: Digest;
  /** Absent where it is not known. */
  readonly bases?: Bases | undefined;
  /** Of such content there may be more than one (ADR 0025). */
  readonly ownersLost?: boolean | undefined;
}

/** What is written on the manifest of a platform, and on its entry in the index. */
export function identityAnnotations({ key, bases, ownersLost }: Identity): Annotations {
  return {
    ...keyAnnotations(key),
    ...(bases && basesAnnotations(bases)),
    ...(ownersLost === true && { [annotations.ownersLost]: 'true' }),
  };
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

/** The number of the rules of a key that is there, but by other rules than ours. */
export function otherSchemaIn(found: Annotations | undefined): number | undefined {
  const schema = found?.[annotations.buildKeySchema];
  if (schema === undefined || !/^\d{1,9}$/.test(schema) || Number(schema) === keySchema) return undefined;
  return Number(schema);
}

/** Whether owners were lost when it was built. */
export function ownersLostIn(found: Annotations | undefined): boolean {
  return found?.[annotations.ownersLost] === 'true';
}

/** undefined where nothing was written down, or the list is not that of the digest. */
export function basesIn(found: Annotations | undefined): Bases | undefined {
  const digest = found?.[annotations.buildBases];
  const list = digest === undefined ? undefined : parseBases(found?.[annotations.buildBaseImages] ?? '');
  const bases = list && basesOf(list);
  return bases?.digest === digest ? bases : undefined;
}

function keyAnnotations(key: Digest): Annotations {
  return { [annotations.buildKey]: key, [annotations.buildKeySchema]: String(keySchema) };
}

function basesAnnotations({ digest, list }: Bases): Annotations {
  const images = formatBases(list);
  return { [annotations.buildBases]: digest, ...(images !== '' && { [annotations.buildBaseImages]: images }) };
}

/**
 * The platforms of an index, attestations left out, each with its key and what it is built on. Where the entries of an index that has keys do
 * not show them, its manifests are read. None for a manifest without an index.
 */
export async function platformsOf(
  document: ImageDocument,
  source: ContentSource,
  signal: AbortSignal,
): Promise<readonly TaggedPlatform[]> {
  if (document.kind === 'manifest') return [];
  const images = document.value.manifests.filter((manifest) => !isAttestation(manifest));
  const ofIndex = document.value.annotations;
  const hasKeys = keyIn(ofIndex) !== undefined;
  const entries = images.map(async (manifest): Promise<readonly TaggedPlatform[]> => {
    if (manifest.platform === undefined) return [];
    const isShown = keyIn(manifest.annotations) !== undefined;
    const found = !isShown && hasKeys ? await annotationsOf(manifest, source, signal) : manifest.annotations;
    const [key, bases] = [keyIn(found), basesIn(found)];
    const otherSchema = key === undefined ? (otherSchemaIn(found) ?? otherSchemaIn(ofIndex)) : undefined;
    return [
      {
        platform: manifest.platform,
        manifest,
        ...(key !== undefined && { key }),
        ...(key !== undefined && bases !== undefined && { bases }),
        ...(key !== undefined && ownersLostIn(found) && { ownersLost: true }),
        ...(otherSchema !== undefined && { otherSchema }),
      },
    ];
  });
  return (await Promise.all(entries)).flat();
}

async function annotationsOf(manifest: Descriptor, source: ContentSource, signal: AbortSignal) {
  return (await readManifest(source, manifest, signal)).value.annotations;
}
