import { Readable } from 'node:stream';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import type { LayerInput } from '../../layer/layer-input.ts';
import { readLayer } from '../../layer/layer-reader.ts';
import type { Tree } from '../../layer/tree.ts';
import { childOf } from '../../tree-path.ts';
import type { SnapshotLayer } from './snapshot.ts';

/** A stack of layers, and the part of it that is to be one. */
export interface LayersToMerge {
  /** All of them, base first. */
  readonly layers: readonly SnapshotLayer[];
  /** Of all layers, and of those at the bottom that stay as they are. */
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
  const { layers, tree, below } = merge;
  yield* removed(tree, below);
  const wanted = layers.map((): Wanted => new Map());
  for (const { path, entry, layer } of tree.walk()) {
    const before = below.lookup(path);
    // A name that is new counts too where its file is not.
    if (before?.layer === layer && before.entry.path === entry.path) continue;
    if (entry.type === 'directory') yield { ...entry, path };
    else if (!wanted[layer]!.has(entry.path)) wanted[layer]!.set(entry.path, tree.names(path));
  }
  for (const [at, layer] of layers.entries()) yield* filesOf(layer, wanted[at]!, merge);
}

/** Of one layer: path of an entry in it → names that its file has in the end. */
type Wanted = Map<string, readonly string[]>;

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

/** What is wanted of a layer, in its order. */
async function* filesOf(
  layer: SnapshotLayer,
  wanted: Wanted,
  { index: indexOf, open }: LayersToMerge,
): AsyncGenerator<LayerInput> {
  if (wanted.size === 0) return;
  const index = await indexOf(layer);
  // Of a path that occurs twice the later entry counts; marks speak of the layers below.
  const isMark = ({ type }: LayerIndex[number]) => type === 'whiteout' || type === 'opaque';
  const last = new Map(index.flatMap((entry, at) => (isMark(entry) ? [] : [[entry.path, at]])));
  let at = -1;
  for await (const { body } of readLayer(await open(layer))) {
    at += 1;
    const entry = index[at]!;
    const [path, ...others] = last.get(entry.path) === at ? (wanted.get(entry.path) ?? []) : [];
    if (path === undefined || entry.type === 'whiteout' || entry.type === 'opaque') continue;
    if (entry.type === 'file') {
      const { digest: _, ...file } = entry;
      yield { ...file, path, open: () => Readable.from(body, { objectMode: false }) };
    } else if (entry.type !== 'hardlink') yield { ...entry, path };
    for (const other of others) yield { type: 'hardlink', path: other, target: path };
  }
}
