import { compareTrees, type TreeDifference } from '../layer/compare-trees.ts';
import { parseIndex } from '../layer/index-codec.ts';
import { indexLayer } from '../layer/index-layer.ts';
import type { LayerIndex } from '../layer/layer-entry.ts';
import { touchSamePaths } from '../layer/same-paths.ts';
import { Tree } from '../layer/tree.ts';
import { mapBounded } from '../map-bounded.ts';
import type { ContentSource } from '../oci/content.ts';
import { hexOf } from '../oci/digest.ts';
import { layerCompression } from '../oci/media-type.ts';
import { FailureError } from '../result.ts';
import type { LayerContent } from './image-content.ts';
import { layerOfOtherType } from './image-failure.ts';
import type { World } from './world.ts';

/** The layers of an image, base first, and where they are. */
export interface LayerStack {
  readonly layers: readonly LayerContent[];
  readonly source: ContentSource;
}

/** Layers that are read at a time. */
const AT_ONCE = 4;

/** How many layers two images have in common, counted from the base: the same tars, however they are packed. */
export function sharedLayers(before: readonly LayerContent[], after: readonly LayerContent[]): number {
  const parts = before.findIndex((layer, at) => !isSame(layer, after[at]));
  return parts === -1 ? before.length : parts;
}

function isSame(layer: LayerContent, other: LayerContent | undefined): boolean {
  return layer.digest === other?.digest || (layer.diffID !== undefined && layer.diffID === other?.diffID);
}

/**
 * Where the root file systems of two images differ. Layers are streamed: of what is in them, names, metadata and digests are
 * kept. Those that both share at the bottom are not read but where what is above them does other things to other paths: only
 * they know then what was there before. Throws FailureError where a layer is missing or broken.
 */
export async function fileDifferences(
  before: LayerStack,
  after: LayerStack,
  { times, world }: { readonly times: boolean; readonly world: World },
): Promise<readonly TreeDifference[]> {
  const shared = sharedLayers(before.layers, after.layers);
  if (shared === before.layers.length && shared === after.layers.length) return [];
  const added = await indexesOf({ ...before, layers: before.layers.slice(shared) }, world);
  const others = await indexesOf({ ...after, layers: after.layers.slice(shared) }, world);
  const below = touchSamePaths(added, others)
    ? []
    : await indexesOf(await nearer({ before, after }, shared, world), world);
  const base = Tree.of(below);
  return [...compareTrees(base.applyAll(added), base.applyAll(others), { times })];
}

/** The layers that both have, from the store where it is one of the two. */
async function nearer(
  { before, after }: { readonly before: LayerStack; readonly after: LayerStack },
  shared: number,
  world: World,
): Promise<LayerStack> {
  const { layers, source } = after.source === (await world.store()).blobs ? after : before;
  return { layers: layers.slice(0, shared), source };
}

async function indexesOf({ layers, source }: LayerStack, world: World): Promise<readonly LayerIndex[]> {
  return await mapBounded(layers, AT_ONCE, async (layer) => await indexOf(layer, source, world));
}

/** As the store remembers it from a build, or by reading the layer. */
async function indexOf(layer: LayerContent, source: ContentSource, world: World): Promise<LayerIndex> {
  const { diffID, digest, mediaType, size } = layer;
  const known = diffID && (await (await world.store()).indexes.get(hexOf(diffID)));
  const parsed = known && parseIndex(known.toString());
  if (parsed?.ok === true) return parsed.value;
  const compression = layerCompression(mediaType);
  if (compression === undefined) throw new FailureError(layerOfOtherType(digest, mediaType));
  try {
    const blob = await source.open({ digest, mediaType, size }, world.signal);
    return (await indexLayer(blob, { compression, diffID }, world.signal)).index;
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const { failure } = error;
    // Of many layers, one has to be found.
    const isNamed = failure.message.includes(digest);
    throw isNamed ? error : new FailureError({ ...failure, message: `${failure.message} (layer ${digest})` });
  }
}
