import { access, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../layer/compression.ts';
import type { DiffOptions } from '../../layer/diff.ts';
import { parseIndex, serializeIndex } from '../../layer/index-codec.ts';
import { indexLayer } from '../../layer/index-layer.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { Tree } from '../../layer/tree.ts';
import { type UnpackedLayer, unpackLayer } from '../../layer/unpack.ts';
import { mapBounded } from '../../map-bounded.ts';
import { chainIDsOf } from '../../oci/chain-id.ts';
import { type ChainID, type DiffID, hexOf } from '../../oci/digest.ts';
import { layerCompression } from '../../oci/media-type.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import type { DiskOwners } from './disk-owners.ts';
import { notALayer } from './failure.ts';
import { flatLayers } from './flat-layers.ts';
import { inLayer } from './in-layer.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';
import { VerifiedLayers } from './verified-layers.ts';

export interface LayersOptions {
  readonly store: Store;
  /** Brings a blob that the store lacks. */
  readonly fetch: (layer: SnapshotLayer, signal: AbortSignal) => Promise<void>;
  readonly owners: DiskOwners;
  /** Whether device nodes can be made here: not in a user namespace. */
  readonly makesDevices: boolean;
  readonly notice: (message: string) => void;
}

/** Layers that are fetched and unpacked at a time. */
const AT_ONCE = 8;
/** More than are unpacked at a time. */
const TREES_BETWEEN = 2 * AT_ONCE;

/** Layers of a stack, and the identities of the stacks up to each of them. */
interface Stack {
  readonly layers: readonly SnapshotLayer[];
  readonly chain: readonly ChainID[];
}

/**
 * What is known of layers, made when it is first asked for: the blob, its index, the merged view of a stack, and the
 * directory it is unpacked to. All of it is kept in the store and shared between processes. What fails in a layer is told
 * with its digest.
 */
export class Layers {
  readonly #options: LayersOptions;
  readonly #indexes = new Map<DiffID, Promise<LayerIndex>>();
  readonly #trees = new Map<ChainID, Promise<Tree>>();
  /** The last ones of stacks that were asked for to unpack the layer above: of thousands, a few are enough. */
  readonly #treesBetween = new Map<ChainID, Tree>();
  readonly #directories = new Map<ChainID, Promise<string>>();
  readonly #flat = new Map<ChainID, Promise<string>>();
  readonly #stacks = new WeakMap<readonly SnapshotLayer[], Stack>();

  readonly #verified: VerifiedLayers;

  constructor(options: LayersOptions) {
    this.#options = options;
    this.#verified = new VerifiedLayers(options.store);
  }

  get owners(): DiskOwners {
    return this.#options.owners;
  }

  /** The merged view of the stack, from indexes alone. */
  async tree(snapshot: Snapshot, signal: AbortSignal): Promise<Tree> {
    const stack = this.#stack(snapshot);
    const id = stack.chain.at(-1);
    return id === undefined
      ? Tree.empty
      : remember(this.#trees, id, () => this.#makeTree(stack, stack.layers.length, signal));
  }

  /**
   * Directories the layers are unpacked to, base first, in the form overlayfs takes as lower layers: one for each, or
   * where there are more than it takes, one for many of the lowest.
   */
  async directories(snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const stack = this.#stack(snapshot);
    const flat = flatLayers(stack.layers.length);
    const counts = stack.layers.slice(flat).map((_, at) => flat + at + 1);
    const lowest = flat === 0 ? [] : [await this.#flatDirectory(stack, flat, signal)];
    return [...lowest, ...(await mapBounded(counts, AT_ONCE, (count) => this.#directory(stack, count, signal)))];
  }

  /** Absolute path of a file's bytes on this machine. `path` is one that the tree has, links not followed. */
  async diskPath(snapshot: Snapshot, path: string, signal: AbortSignal): Promise<string> {
    const found = (await this.tree(snapshot, signal)).lookup(path);
    if (!found) throw new Error(`${path} is not in the snapshot`);
    const directory = await this.#directory(this.#stack(snapshot), found.layer + 1, signal);
    return join(directory, found.entry.path);
  }

  /** What must be known to tell what a step changed on a root made of `snapshot`. */
  async diffOptions(snapshot: Snapshot, signal: AbortSignal): Promise<DiffOptions> {
    const { owners, makesDevices, notice } = this.#options;
    const lower = await this.tree(snapshot, signal);
    return {
      lower,
      onXattrsUnavailable: () => notice('file capabilities that a RUN sets are lost: install attr (getfattr)'),
      // Where all files are ours on disk, those that a lower layer has stay whose they were.
      ...(owners.areKept ? {} : { ownerOf: (path, onDisk) => ownerIn(lower, path) ?? onDisk }),
      ...(makesDevices ? {} : { notUnpacked: await this.#devices(snapshot, signal) }),
    };
  }

  async ensureBlob(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    if (!(await this.#options.store.blobs.has(layer.blob, signal))) await this.#options.fetch(layer, signal);
  }

  /** The blob as well, and that it holds what the configuration of its image says: an image is made of nothing else. */
  async ensureContent(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    await this.ensureBlob(layer, signal);
    if (await this.#verified.has(layer)) return;
    await inLayer(layer, async () => this.#verified.verify(layer, await this.#openTar(layer, signal), signal));
  }

  /** Records the index of a layer that was just made. */
  async addIndex(diffID: DiffID, index: LayerIndex): Promise<void> {
    this.#indexes.set(diffID, Promise.resolve(index));
    await this.#putIndex(diffID, index);
  }

  /**
   * Makes `directory` the unpacked form of the top layer of `snapshot`: it is moved into place, or removed when another
   * process was faster.
   */
  async adopt(snapshot: Snapshot, directory: string): Promise<void> {
    const stack = this.#stack(snapshot);
    const index = await this.#index(stack.layers.at(-1)!, new AbortController().signal);
    await this.#moveIntoPlace(directory, this.#directoryFor(stack, stack.layers.length, index));
  }

  /** Unpacks the whole stack into one directory, where deleted files are simply not there. */
  async unpackAll(snapshot: Snapshot, directory: string, signal: AbortSignal): Promise<void> {
    for (const layer of snapshot.layers) {
      const { index } = await this.#unpackInto(directory, { layer, whiteouts: 'apply' }, signal);
      if (!this.#indexes.has(layer.diffID)) await this.addIndex(layer.diffID, index);
    }
  }

  #stack({ layers }: Snapshot): Stack {
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
    const indexes = await mapBounded(added, AT_ONCE, (layer) => this.#index(layer, signal));
    try {
      return (below ?? Tree.empty).applyAll(indexes);
    } catch (error) {
      // Once more, one by one, to say which.
      let tree = below ?? Tree.empty;
      for (const [at, index] of indexes.entries()) tree = await inLayer(added[at]!, async () => tree.apply(index));
      throw error;
    }
  }

  async #treeBelow(stack: Stack, count: number, signal: AbortSignal): Promise<Tree> {
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

  async #devices(snapshot: Snapshot, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const devices = new Set<string>();
    for (const layer of snapshot.layers)
      for (const { type, path } of await this.#index(layer, signal))
        if (type === 'char-device' || type === 'block-device') devices.add(path);
    return devices;
  }

  #index(layer: SnapshotLayer, signal: AbortSignal): Promise<LayerIndex> {
    return remember(this.#indexes, layer.diffID, async () => {
      const stored = await this.#storedIndex(layer);
      if (stored) return stored;
      const { diffID } = layer;
      const { index } = await inLayer(layer, async () =>
        indexLayer(await this.#openTar(layer, signal), { diffID }, signal),
      );
      await this.#verified.add(layer);
      await this.#putIndex(diffID, index);
      return index;
    });
  }

  async #storedIndex(layer: SnapshotLayer): Promise<LayerIndex | undefined> {
    const bytes = await this.#options.store.indexes.get(hexOf(layer.diffID));
    const parsed = bytes && parseIndex(bytes.toString());
    // One that another version of cip has written in another form is made again.
    return parsed?.ok ? parsed.value : undefined;
  }

  async #putIndex(diffID: DiffID, index: LayerIndex): Promise<void> {
    await this.#options.store.indexes.put(hexOf(diffID), Buffer.from(serializeIndex(index)));
  }

  async #openTar(layer: SnapshotLayer, signal: AbortSignal) {
    await this.ensureBlob(layer, signal);
    const compression = layerCompression(layer.blob.mediaType);
    if (!compression) throw new FailureError(notALayer(layer.blob));
    return decompress(await this.#options.store.blobs.open(layer.blob, signal), compression);
  }

  /** Of the topmost of the lowest `count` layers. */
  #directory(stack: Stack, count: number, signal: AbortSignal): Promise<string> {
    return remember(this.#directories, stack.chain[count - 1]!, async () => {
      const layer = stack.layers[count - 1]!;
      const index = (await this.#indexes.get(layer.diffID)) ?? (await this.#storedIndex(layer));
      const target = index && this.#directoryFor(stack, count, index);
      // A layer that is not known yet is read once: unpacking it tells its index as well.
      return target !== undefined && (await exists(target)) ? target : this.#unpack(stack, count, signal);
    });
  }

  /** A layer is unpacked once for all stacks, unless it has opaque marks: what those hide depends on what is below. */
  #directoryFor({ layers, chain }: Stack, count: number, index: LayerIndex): string {
    const isOpaque = index.some((entry) => entry.type === 'opaque');
    const name = isOpaque ? `chain-${hexOf(chain[count - 1]!)}` : hexOf(layers[count - 1]!.diffID);
    return this.#place(name);
  }

  /** Apart for each way that owners are on disk: those of another would come to be the owners of new layers. */
  #place(name: string): string {
    const { store, owners } = this.#options;
    return join(store.paths.snapshots, owners.name === '' ? name : `${owners.name}-${name}`);
  }

  /** One directory with all that the lowest `count` layers come to. */
  #flatDirectory({ layers, chain }: Stack, count: number, signal: AbortSignal): Promise<string> {
    const id = chain[count - 1]!;
    return remember(this.#flat, id, async () => {
      const target = this.#place(`flat-${hexOf(id)}`);
      if (await exists(target)) return target;
      const unpackAll = (into: string) => this.unpackAll({ layers: layers.slice(0, count) }, into, signal);
      await this.#making(unpackAll, () => target);
      return target;
    });
  }

  /** Unpacks the topmost of the lowest `count` layers to its place. */
  async #unpack(stack: Stack, count: number, signal: AbortSignal): Promise<string> {
    const layer = stack.layers[count - 1]!;
    const lower = () => this.#treeBelow(stack, count - 1, signal);
    // Known as soon as the layer is read: of two stacks that have the same layers in another order, neither waits for
    // the other.
    let onIndexed: (index: LayerIndex) => void = () => {};
    let onFailed: (error: unknown) => void = () => {};
    const indexed = new Promise<LayerIndex>((resolve, reject) => {
      onIndexed = resolve;
      onFailed = reject;
    });
    // Where the layer is known already, or nobody waits for it, that it failed is told below alone.
    indexed.catch(() => {});
    void remember(this.#indexes, layer.diffID, () => indexed).catch(() => {});
    const unpackInto = async (directory: string) => {
      const how = { layer, whiteouts: 'overlay', lower, onIndexed } as const;
      const { index } = await this.#unpackInto(directory, how, signal);
      await this.#putIndex(layer.diffID, index);
      return index;
    };
    try {
      return await this.#making(unpackInto, (index) => this.#directoryFor(stack, count, index));
    } catch (error) {
      onFailed(error);
      throw error;
    }
  }

  /** A new directory, filled by `fill` and moved to where `place` says, which is returned. */
  async #making<T>(fill: (directory: string) => Promise<T>, place: (filled: T) => string): Promise<string> {
    const directory = this.#options.store.session.tempPath('unpack');
    await mkdir(directory);
    try {
      const target = place(await fill(directory));
      await this.#moveIntoPlace(directory, target);
      return target;
    } finally {
      await removeTree(directory);
    }
  }

  async #unpackInto(
    directory: string,
    what: { readonly layer: SnapshotLayer } & (
      | {
          readonly whiteouts: 'overlay';
          readonly lower: () => Promise<Tree>;
          readonly onIndexed: (index: LayerIndex) => void;
        }
      | { readonly whiteouts: 'apply' }
    ),
    signal: AbortSignal,
  ): Promise<UnpackedLayer> {
    const { layer, ...how } = what;
    const owner = this.#options.owners.areKept ? 'preserve' : 'ignore';
    const { diffID } = layer;
    const unpacked = await inLayer(layer, async () =>
      unpackLayer(await this.#openTar(layer, signal), directory, { ...how, diffID, owner, xattrs: 'apply' }, signal),
    );
    await this.#verified.add(layer);
    for (const path of unpacked.xattrsSkipped) {
      this.#options.notice(`extended attributes of ${path} are not set while RUN steps work: install attr (setfattr)`);
    }
    return unpacked;
  }

  async #moveIntoPlace(directory: string, target: string): Promise<void> {
    try {
      await rename(directory, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      await removeTree(directory);
    }
  }
}

function ownerIn(tree: Tree, path: string): { readonly uid: number; readonly gid: number } | undefined {
  return tree.lookup(path)?.entry;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** Remembers what `make` gives under `key`; a failure is forgotten, so that the next one who asks tries again. */
function remember<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known) return known;
  const made = make().catch((error: unknown) => {
    map.delete(key);
    throw error;
  });
  map.set(key, made);
  return made;
}
