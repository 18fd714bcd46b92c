import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { makeDocument } from '../../oci/document.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import { formatPlatform, samePlatform } from '../../oci/platform.ts';
import { readIndex } from '../../oci/read-document.ts';
import type { Edge } from '../../project/edge.ts';
import { isFollowed } from '../../project/edge.ts';
import { latest } from '../../project/latest.ts';
import type { Context } from '../../project/project.ts';
import type { Store } from '../../store/store.ts';
import type { PlannedImage, PlannedPlatform } from '../plan/plan.ts';
import { noBases } from '../state/bases.ts';
import type { Identity } from '../state/index-keys.ts';
import { standsOn, type TaggedImage, type TaggedImages, type TaggedPlatform } from '../state/tagged-images.ts';
import { assembleIndex, type IndexPart } from './assemble-index.ts';

/** A parent as a child is to be built on it. */
export interface ParentContent {
  readonly descriptor: Descriptor;
  /** False where some of it is only in the registry, under its digest. */
  readonly isInStore: boolean;
  /** Platforms, as text, of which the owners of files were lost. */
  readonly ownersLost: ReadonlySet<string>;
}

/** A parent whose content a build needs, and where that may be. */
export interface ParentQuestion {
  readonly parent: PlannedImage;
  /** What the child is built for. */
  readonly platforms: readonly Platform[];
  /** Images of the store; the first that has the content of a platform wins. */
  readonly candidates: readonly TaggedImage[];
  /** Where the parent is, or is to be, tagged. */
  readonly target: TaggedImages;
  readonly keyOf: (platform: Platform) => Digest;
}

/**
 * The image that a child is built on: what the plan makes of its parent or leaves, and nothing else, wherever it is. One
 * that cannot be compared is what its tag names. Undefined where one of the platforms is nowhere: the child's build
 * will say so.
 */
export async function parentContent(
  question: ParentQuestion,
  store: Store,
  signal: AbortSignal,
): Promise<ParentContent | undefined> {
  const { parent, platforms, target } = question;
  const tagged = target.tags.get(parent.reference);
  const isInStore = target.kind === 'store';
  if (parent.action === 'unverified')
    return tagged && { descriptor: tagged.descriptor, isInStore, ownersLost: new Set() };
  const whole = await wholeContent(question, store, signal);
  if (whole !== undefined) return { ...whole, isInStore: true };
  const found = platforms.map((platform) => {
    const planned = parent.platforms.find((one) => samePlatform(one.platform, platform));
    return inStore(platform, question) ?? published(planned, tagged);
  });
  const parts = found.flatMap((part) => part ?? []);
  const [first] = parts;
  if (first === undefined || parts.length < found.length) return undefined;
  const ownersLost = new Set(
    parts.flatMap((part) => (part.ownersLost === true ? [formatPlatform(part.platform)] : [])),
  );
  const isOne = parts.every(({ index }) => index.digest === first.index.digest);
  if (isOne) return { descriptor: first.index, isInStore, ownersLost };
  // Of several indexes: one more, whose manifests are fetched by their digests.
  const document = makeDocument<ImageIndex>(mediaTypes.imageIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: parts.map(({ manifest }) => manifest),
  });
  return { descriptor: await store.blobs.putDocument(document), isInStore, ownersLost };
}

interface Part {
  readonly platform: Platform;
  readonly ownersLost?: boolean | undefined;
  readonly index: Descriptor;
  readonly manifest: Descriptor;
}

function inStore(platform: Platform, question: ParentQuestion): Part | undefined {
  for (const { descriptor, platforms } of question.candidates) {
    const entry = platforms.find((one) => samePlatform(one.platform, platform) && isRight(one, question));
    if (entry !== undefined) return { ...entry, index: descriptor };
  }
  return undefined;
}

function published(planned: PlannedPlatform | undefined, tagged: TaggedImage | undefined): Part | undefined {
  if (planned === undefined) return undefined;
  const { source, platform, ownersLost } = planned;
  if (source.from === 'registry') return { platform, ownersLost, index: source.index, manifest: source.manifest };
  if (source.from !== 'tag' || tagged === undefined) return undefined;
  return { platform, ownersLost, index: tagged.descriptor, manifest: source.manifest };
}

/** Of equal sources, and on what the parent will be built on; platforms that are not planned are compared by key alone. */
function isRight(entry: TaggedPlatform, { parent, keyOf }: ParentQuestion): boolean {
  if (entry.key === undefined || entry.key !== keyOf(entry.platform)) return false;
  const planned = parent.platforms.find((one) => samePlatform(one.platform, entry.platform));
  return planned === undefined || standsOn(entry, planned.bases ?? noBases);
}

/** An image put together from the candidates and in the store. */
async function wholeContent(
  question: ParentQuestion,
  store: Store,
  signal: AbortSignal,
): Promise<Pick<ParentContent, 'descriptor' | 'ownersLost'> | undefined> {
  const chosen = new Map<string, TaggedImage>();
  const identities = new Map<Digest, Identity>();
  const lost = new Set<string>();
  const takes = new Map<TaggedImage, Set<Digest>>();
  for (const image of question.candidates) {
    for (const entry of image.platforms) {
      const { platform, manifest, key, bases, ownersLost } = entry;
      const name = formatPlatform(platform);
      // What the candidates have besides comes along: a stage may run on another platform than it is built for.
      if (key === undefined || !isRight(entry, question) || chosen.has(name)) continue;
      chosen.set(name, image);
      identities.set(manifest.digest, { key, bases, ownersLost });
      if (ownersLost === true) lost.add(name);
      takes.set(image, (takes.get(image) ?? new Set()).add(manifest.digest));
    }
  }
  if (!question.platforms.every((platform) => chosen.has(formatPlatform(platform)))) return undefined;
  const parts = [...takes].map(async ([{ descriptor }, take]): Promise<IndexPart> => {
    return { document: await readIndex(store.blobs, descriptor, signal), take };
  });
  const descriptor = await store.blobs.putDocument(assembleIndex(await Promise.all(parts), identities));
  return { descriptor, ownersLost: lost };
}

/** Every way in which an image refers to a parent at the version that the project holds: what a builder looks up. */
export function referencesTo(
  { name, version }: Pick<Context, 'name' | 'version'>,
  edges: readonly Edge[],
  registry: string,
): readonly string[] {
  const followed = edges.filter((edge) => edge.to === name && isFollowed(edge, version));
  return [
    ...new Set([
      `${registry}/${name}:${version}`,
      ...followed.flatMap((edge) => referencesBy(edge, version, registry)),
    ]),
  ];
}

/** What a reference may look like with its variables filled in; where it means `version`, any other that does. */
export function referencesBy(edge: Edge, version: string, registry: string): readonly string[] {
  const { to, tag, named } = edge;
  const repository = `${registry}/${to}`;
  const own = tag === undefined ? [repository, `${repository}:${latest}`] : [`${repository}:${tag}`];
  const followed = isFollowed(edge, version) ? [`${repository}:${version}`] : [];
  return [...new Set([...own, ...(named === undefined ? [] : [named]), ...followed])];
}
