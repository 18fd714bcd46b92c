import { Readable } from 'node:stream';
import type { LayerIndex, NodeEntry } from '../../layer/layer-entry.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { readLayer } from '../../layer/layer-reader.ts';
import type { Tree } from '../../layer/tree.ts';
import { childOf } from '../../tree-path.ts';
import type { SnapshotLayer } from './snapshot.ts';

/** A stack of layers, and the part of it that is to be one. */
export interface LayersToMerge {
  /** All of them, base first. */
  readonly layers: readonly SnapshotLayer[];
  /** How many at the bottom stay as they are. */
  readonly from: number;
  /** Of all layers, and of those that stay. */
  readonly tree: Tree;
  readonly below: Tree;
  readonly index: (layer: SnapshotLayer) => Promise<LayerIndex>;
  /** The uncompressed tar of a layer. */
  readonly open: (layer: SnapshotLayer) => Promise<AsyncIterable<Uint8Array>>;
}

/**
 * The entries of one layer that does to the layers below what all of these do one after the other: what is gone of those is
 * removed first, then come directories, each before what is in it, then all else in the order in which the layers have it.
 * Each layer is read at most once, and no more of a file is held than a piece.
 */
export async function* mergedLayers(merge: LayersToMerge): AsyncGenerator<LayerInput> {
  const { layers, from, tree, below } = merge;
  yield* removed(tree, below);
  const names = new Map<NodeEntry, readonly string[]>();
  for (const { path, entry, layer } of tree.walk()) {
    // A name that is new counts too where its file is not.
    const isOwn = layer >= from || below.lookup(path)?.entry !== entry;
    if (!isOwn) continue;
    if (entry.type === 'directory') yield { ...entry, path };
    else if (!names.has(entry)) names.set(entry, tree.names(path));
  }
  for (const layer of layers) yield* filesOf(layer, names, merge);
}

/** What is below and not in the tree any more: the topmost of it. */
function* removed(tree: Tree, below: Tree, directory = ''): Generator<LayerInput> {
  for (const name of below.children(directory)) {
    const path = childOf(directory, name);
    const now = tree.lookup(path)?.entry;
    if (now === undefined) yield { type: 'whiteout', path };
    // Of a directory that is something else by now, nothing is left in any case.
    else if (now.type === 'directory') yield* removed(tree, below, path);
  }
}

/** What is left of a layer; it is taken out of `names`. */
async function* filesOf(
  layer: SnapshotLayer,
  names: Map<NodeEntry, readonly string[]>,
  { index: indexOf, open }: LayersToMerge,
): AsyncGenerator<LayerInput> {
  const index = await indexOf(layer);
  if (!index.some((entry) => names.has(entry as NodeEntry))) return;
  let at = 0;
  for await (const { body } of readLayer(await open(layer))) {
    const entry = index[at] as NodeEntry;
    at += 1;
    const [path, ...others] = names.get(entry) ?? [];
    if (path === undefined) continue;
    names.delete(entry);
    if (entry.type === 'file') {
      const { digest: _, ...file } = entry;
      yield { ...file, path, open: () => Readable.from(body, { objectMode: false }) };
    } else if (entry.type !== 'hardlink') yield { ...entry, path };
    for (const other of others) yield { type: 'hardlink', path: other, target: path };
  }
}
