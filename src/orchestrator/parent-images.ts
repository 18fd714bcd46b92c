import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { formatPlatform } from '../oci/platform.ts';
import { readIndex } from '../oci/read-document.ts';
import type { Edge } from '../project/edge.ts';
import type { ImageName } from '../project/image-name.ts';
import type { Store } from '../store/store.ts';
import { assembleIndex, type IndexPart } from './assemble-index.ts';
import { isFollowed } from './followed-edge.ts';
import { latest } from './latest.ts';
import type { TaggedImage } from './place-state.ts';

/**
 * An image that has a parent's content for all the platforms, put together from the candidates (the first that has a
 * key wins) and in the store; undefined where one of the platforms is nowhere. What the candidates have besides, of
 * the same content, comes along: a stage may run on another platform than the one it is built for.
 */
export async function contentFor(
  platforms: readonly Platform[],
  candidates: readonly TaggedImage[],
  keyOf: (platform: Platform) => Digest,
  store: Store,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  const chosen = new Map<string, TaggedImage>();
  const keys = new Map<Digest, Digest>();
  const takes = new Map<TaggedImage, Set<Digest>>();
  for (const image of candidates) {
    for (const { platform, manifest, key } of image.platforms) {
      const name = formatPlatform(platform);
      if (key === undefined || key !== keyOf(platform) || chosen.has(name)) continue;
      chosen.set(name, image);
      keys.set(manifest.digest, key);
      takes.set(image, (takes.get(image) ?? new Set()).add(manifest.digest));
    }
  }
  if (!platforms.every((platform) => chosen.has(formatPlatform(platform)))) return undefined;
  const parts = [...takes].map(async ([{ descriptor }, take]): Promise<IndexPart> => {
    return { document: await readIndex(store.blobs, descriptor, signal), take };
  });
  return await store.blobs.putDocument(assembleIndex(await Promise.all(parts), keys));
}

/** Every way in which an image refers to a parent at the version that the project holds: what a builder looks up. */
export function referencesTo(
  parent: ImageName,
  version: string,
  edges: readonly Edge[],
  registry: string,
): readonly string[] {
  const repository = `${registry}/${parent}`;
  const references = [`${repository}:${version}`];
  for (const edge of edges.filter(({ to }) => to === parent)) {
    if (!isFollowed(edge, version)) continue;
    if (edge.tag === undefined) references.push(repository, `${repository}:${latest}`);
    else references.push(`${repository}:${edge.tag}`);
    if (edge.named !== undefined) references.push(edge.named);
  }
  return [...new Set(references)];
}
