import { decompress } from '../../layer/compression.ts';
import { parseIndex, serializeIndex } from '../../layer/index-codec.ts';
import { indexLayer } from '../../layer/index-layer.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { clampMtimes, type LayerInput } from '../../layer/layer-input.ts';
import { packLayer } from '../../layer/pack.ts';
import { Tree } from '../../layer/tree.ts';
import { mapBounded } from '../../map-bounded.ts';
import { chainIDsOf } from '../../oci/chain-id.ts';
import { type ChainID, type DiffID, hexOf } from '../../oci/digest.ts';
import { layerCompression, mediaTypes } from '../../oci/media-type.ts';
import { type Progress, silent, watched } from '../../progress.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { notALayer } from './failure.ts';
import { LayerError } from './layer-error.ts';
import { mergedLayers } from './merged-layers.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';
import { VerifiedLayers } from './verified-layers.ts';

/** Where blobs are, and who brings those that are not. */
export interface LayerContentsOptions {
  readonly store: Store;
  /** Brings a blob that the store lacks. */
  readonly fetch: (layer: SnapshotLayer, signal: AbortSignal) => Promise<void>;
  /** Told of what is read and unpacked, for whichever step needs it first. */
  readonly progress?: Progress | undefined;
}

/** Layers that are fetched and unpacked at a time. */
export const AT_ONCE = 8;
/** More than are unpacked at a time. */
const TREES_BETWEEN = 2 * AT_ONCE;

/** What becomes of the entries of a new layer. */
export interface CommitOptions {
  /** Seconds: no file of the layer is newer. */
  readonly clampMtime?: number | undefined;
  /** Told what was packed before it is kept; what it throws discards the layer. */
  readonly verify?: ((index: LayerIndex) => void) | undefined;
}

/** Layers of a stack, and the identities of the stacks up to each of them. */
export interface Stack {
  readonly layers: readonly SnapshotLayer[];
  readonly chain: readonly ChainID[];
}

/**
 * What layers hold, known from their blobs alone, and made when it is first asked for: the blob, its index, the merged
 * view of a stack. All of it is kept in the store and shared between processes. What fails in a layer is told with its
 * digest.
 */
export class LayerContents {
  protected readonly indexes = new Map<DiffID, Promise<LayerIndex>>();
  readonly #trees = new Map<ChainID, Promise<Tree>>();
  /** The last ones of stacks that were asked for to unpack the layer above: of thousands, a few are enough. */
  readonly #treesBetween = new Map<ChainID, Tree>();
  readonly #stacks = new WeakMap<readonly SnapshotLayer[], Stack>();
  readonly #store: Store;
  readonly #fetch: LayerContentsOptions['fetch'];
  protected readonly progress: Progress;
  protected readonly verified: VerifiedLayers;

  constructor({ store, fetch, progress = silent }: LayerContentsOptions) {
    this.#store = store;
    this.progress = progress;
    this.#fetch = fetch;
    this.verified = new VerifiedLayers(store);
  }

  /** The merged view of the stack, from indexes alone. */
  async tree(snapshot: Snapshot, signal: AbortSignal): Promise<Tree> {
    const stack = this.stackOf(snapshot);
    const id = stack.chain.at(-1);
    return id === undefined
      ? Tree.empty
      : remember(this.#trees, id, () => this.#makeTree(stack, stack.layers.length, signal));
  }

  /** Entries of one layer in the place of all but the lowest `from`; see `mergedLayers`. */
  async *merged(snapshot: Snapshot, from: number, signal: AbortSignal): AsyncGenerator<LayerInput> {
    yield* mergedLayers({
      layers: snapshot.layers,
      tree: await this.tree(snapshot, signal),
      below: await this.treeBelow(this.stackOf(snapshot), from, signal),
      index: (layer) => this.index(layer, signal),
      open: (layer) => this.openTar(layer, signal),
    });
  }

  async ensureBlob(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    if (!(await this.#store.blobs.has(layer.blob, signal))) await this.#fetch(layer, signal);
  }

  /** The blob as well, and that it holds what the configuration of its image says: an image is made of nothing else. */
  async ensureContent(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    await inLayer(layer, () => this.ensureBlob(layer, signal));
    if (await this.verified.has(layer)) return;
    await this.reading('hash', layer, async () =>
      this.verified.verify(layer, await this.openTar(layer, signal), signal),
    );
  }

  /**
   * Packs entries to a layer in one pass: read, tar, digest, disk. Layers stay uncompressed in the store and are compressed
   * once, when they are pushed (ADR 0006).
   */
  async commit(
    entries: AsyncIterable<LayerInput> | Iterable<LayerInput>,
    { clampMtime, verify }: CommitOptions,
    signal: AbortSignal,
  ): Promise<SnapshotLayer> {
    const writer = this.#store.blobs.writer();
    try {
      const clamped = clampMtime === undefined ? entries : clampMtimes(entries, clampMtime);
      const packed = await packLayer(clamped, writer, signal);
      verify?.(packed.index);
      const { digest, size } = await writer.commit();
      await this.addIndex(packed.diffID, packed.index);
      return { blob: { mediaType: mediaTypes.layerTar, digest, size }, diffID: packed.diffID };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Records the index of a layer that was just made. */
  protected async addIndex(diffID: DiffID, index: LayerIndex): Promise<void> {
    this.indexes.set(diffID, Promise.resolve(index));
    await this.putIndex(diffID, index);
  }

  protected stackOf({ layers }: Snapshot): Stack {
    let stack = this.#stacks.get(layers);
    if (stack === undefined) {
      stack = { layers, chain: chainIDsOf(layers.map(({ diffID }) => diffID)) };
      this.#stacks.set(layers, stack);
    }
    return stack;
  }

  /** Of the lowest `count` layers, from that of the greatest stack below it that is known. */
  async #makeTree({ layers, chain }: Stack, count: number, signal: AbortSignal): Promise<Tree> {
    let known = count - 1;
    let below: Tree | undefined;
    for (; known > 0 && below === undefined; known -= 1)
      below = (await this.#trees.get(chain[known - 1]!)) ?? this.#treesBetween.get(chain[known - 1]!);
    const from = below?.layers ?? 0;
    const added = layers.slice(from, count);
    const indexes = await mapBounded(added, AT_ONCE, (layer) => this.index(layer, signal));
    try {
      return (below ?? Tree.empty).applyAll(indexes);
    } catch (error) {
      // Once more, one by one, to say which.
      let tree = below ?? Tree.empty;
      for (const [at, index] of indexes.entries()) tree = await inLayer(added[at]!, async () => tree.apply(index));
      throw error;
    }
  }

  protected async treeBelow(stack: Stack, count: number, signal: AbortSignal): Promise<Tree> {
    const id = stack.chain[count - 1];
    if (id === undefined) return Tree.empty;
    const known = this.#trees.get(id) ?? this.#treesBetween.get(id);
    if (known !== undefined) return known;
    const tree = await this.#makeTree(stack, count, signal);
    this.#treesBetween.set(id, tree);
    for (const oldest of this.#treesBetween.keys()) {
      if (this.#treesBetween.size <= TREES_BETWEEN) break;
      this.#treesBetween.delete(oldest);
    }
    return tree;
  }

  protected async devices(snapshot: Snapshot, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const devices = new Set<string>();
    for (const layer of snapshot.layers)
      for (const { type, path } of await this.index(layer, signal))
        if (type === 'char-device' || type === 'block-device') devices.add(path);
    return devices;
  }

  protected index(layer: SnapshotLayer, signal: AbortSignal): Promise<LayerIndex> {
    return remember(this.indexes, layer.diffID, async () => {
      const stored = await this.storedIndex(layer);
      if (stored) return stored;
      const { diffID } = layer;
      const { index } = await this.reading('hash', layer, async () =>
        indexLayer(await this.openTar(layer, signal), { diffID }, signal),
      );
      await this.verified.add(layer);
      await this.putIndex(diffID, index);
      return index;
    });
  }

  protected async storedIndex(layer: SnapshotLayer): Promise<LayerIndex | undefined> {
    const bytes = await this.#store.indexes.get(hexOf(layer.diffID));
    const parsed = bytes && parseIndex(bytes.toString());
    // One that another version of cip has written in another form is made again.
    return parsed?.ok ? parsed.value : undefined;
  }

  protected async putIndex(diffID: DiffID, index: LayerIndex): Promise<void> {
    await this.#store.indexes.put(hexOf(diffID), Buffer.from(serializeIndex(index)));
  }

  /** What fails in it is told with the layer. */
  protected async reading<T>(kind: 'hash' | 'unpack', layer: SnapshotLayer, work: () => Promise<T>): Promise<T> {
    const { digest, size } = layer.blob;
    return await watched({ progress: this.progress, kind, name: digest, digest, size }, () => inLayer(layer, work));
  }

  protected async openTar(layer: SnapshotLayer, signal: AbortSignal) {
    await this.ensureBlob(layer, signal);
    const compression = layerCompression(layer.blob.mediaType);
    if (!compression) throw new FailureError(notALayer(layer.blob));
    return decompress(await this.#store.blobs.open(layer.blob, signal), compression);
  }
}

/** Remembers what `make` gives under `key`; a failure is forgotten, so that the next one who asks tries again. */
export function remember<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known) return known;
  const made = make().catch((error: unknown) => {
    map.delete(key);
    throw error;
  });
  map.set(key, made);
  return made;
}

/** What `work` throws of a layer, as a LayerError, with the name of the layer: of many, one has to be found. */
export async function inLayer<T>({ blob }: SnapshotLayer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FailureError) || error instanceof LayerError) throw error;
    const { failure } = error;
    const named = { ...failure, message: `${failure.message} (layer ${blob.digest})` };
    throw new LayerError(named, blob.digest, { cause: error });
  }
}
