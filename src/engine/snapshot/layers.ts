import { access, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../layer/compression.ts';
import type { DiffOptions } from '../../layer/diff.ts';
import { parseIndex, serializeIndex } from '../../layer/index-codec.ts';
import { indexLayer } from '../../layer/index-layer.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { Tree } from '../../layer/tree.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import { chainIDOf } from '../../oci/chain-id.ts';
import { type DiffID, hexOf } from '../../oci/digest.ts';
import { layerCompression } from '../../oci/media-type.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { notALayer } from './failure.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';

export interface LayersOptions {
  readonly store: Store;
  /** Brings a blob that the store lacks. */
  readonly fetch: (layer: SnapshotLayer, signal: AbortSignal) => Promise<void>;
  /** Whether files can be given to any owner here; else all belong to the one who runs cip. */
  readonly preserveOwner: boolean;
  /** Whether device nodes can be made here: not in a user namespace. */
  readonly makesDevices: boolean;
  readonly notice: (message: string) => void;
}

/**
 * What is known of layers, made when it is first asked for: the blob, its index, the merged view of a stack, and the
 * directory it is unpacked to. All of it is kept in the store and shared between processes.
 */
export class Layers {
  readonly #options: LayersOptions;
  readonly #indexes = new Map<DiffID, Promise<LayerIndex>>();
  readonly #trees = new Map<string, Promise<Tree>>();
  readonly #directories = new Map<string, Promise<string>>();

  constructor(options: LayersOptions) {
    this.#options = options;
  }

  get preservesOwner(): boolean {
    return this.#options.preserveOwner;
  }

  /** The merged view of the stack, from indexes alone. */
  tree(snapshot: Snapshot, signal: AbortSignal): Promise<Tree> {
    return this.#tree(snapshot.layers, signal);
  }

  /** Directories the layers are unpacked to, base first, in the form overlayfs takes as lower layers. */
  directories(snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const stacks = snapshot.layers.map((_, i) => snapshot.layers.slice(0, i + 1));
    // A layer that is not known yet is read once: unpacking it tells its index as well.
    for (const layers of stacks) {
      void remember(this.#indexes, layers.at(-1)!.diffID, () => this.#indexByUnpacking(layers, signal)).catch(() => {});
    }
    return Promise.all(stacks.map((layers) => this.#directory(layers, signal)));
  }

  /** Absolute path of a file's bytes on this machine. `path` is one that the tree has, links not followed. */
  async diskPath(snapshot: Snapshot, path: string, signal: AbortSignal): Promise<string> {
    const found = (await this.tree(snapshot, signal)).lookup(path);
    if (!found) throw new Error(`${path} is not in the snapshot`);
    const directory = await this.#directory(snapshot.layers.slice(0, found.layer + 1), signal);
    return join(directory, found.entry.path);
  }

  /** What must be known to tell what a step changed on a root made of `snapshot`. */
  async diffOptions(snapshot: Snapshot, signal: AbortSignal): Promise<DiffOptions> {
    const { preserveOwner, makesDevices, notice } = this.#options;
    const lower = await this.tree(snapshot, signal);
    return {
      lower,
      onXattrsUnavailable: () => notice('file capabilities that a RUN sets are lost: install attr (getfattr)'),
      // Where all files are ours on disk, those that a lower layer has stay whose they were.
      ...(preserveOwner ? {} : { ownerOf: (path, onDisk) => ownerIn(lower, path) ?? onDisk }),
      ...(makesDevices ? {} : { notUnpacked: await this.#devices(snapshot, signal) }),
    };
  }

  async #devices(snapshot: Snapshot, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const stacks = snapshot.layers.map((_, i) => snapshot.layers.slice(0, i + 1));
    const indexes = await Promise.all(stacks.map((layers) => this.#index(layers, signal)));
    const isDevice = ({ type }: LayerIndex[number]) => type === 'char-device' || type === 'block-device';
    return new Set(indexes.flatMap((index) => index.filter(isDevice).map(({ path }) => path)));
  }

  async ensureBlob(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    if (!(await this.#options.store.blobs.has(layer.blob, signal))) await this.#options.fetch(layer, signal);
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
    const index = await this.#index(snapshot.layers, new AbortController().signal);
    await this.#moveIntoPlace(directory, this.#directoryFor(snapshot.layers, index));
  }

  /** Unpacks the whole stack into one directory, where deleted files are simply not there. */
  async unpackAll(snapshot: Snapshot, directory: string, signal: AbortSignal): Promise<void> {
    for (const layer of snapshot.layers) await this.#unpackInto(directory, { layer, whiteouts: 'apply' }, signal);
  }

  #tree(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<Tree> {
    const top = layers.at(-1);
    if (!top) return Promise.resolve(Tree.empty);
    return remember(this.#trees, chainKey(layers), async () => {
      const [below, index] = await Promise.all([this.#tree(layers.slice(0, -1), signal), this.#index(layers, signal)]);
      return below.apply(index);
    });
  }

  #index(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<LayerIndex> {
    const layer = layers.at(-1)!;
    return remember(this.#indexes, layer.diffID, async () => {
      const stored = await this.#storedIndex(layer);
      if (stored) return stored;
      const { diffID } = layer;
      const { index } = await indexLayer(await this.#openTar(layer, signal), { diffID }, signal);
      await this.#putIndex(diffID, index);
      return index;
    });
  }

  async #indexByUnpacking(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<LayerIndex> {
    const layer = layers.at(-1)!;
    return (await this.#storedIndex(layer)) ?? (await this.#unpack(layers, signal));
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

  #directory(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<string> {
    return remember(this.#directories, chainKey(layers), async () => {
      const target = this.#directoryFor(layers, await this.#index(layers, signal));
      if (!(await exists(target))) await this.#unpack(layers, signal);
      return target;
    });
  }

  /** A layer is unpacked once for all stacks, unless it has opaque marks: what those hide depends on what is below. */
  #directoryFor(layers: readonly SnapshotLayer[], index: LayerIndex): string {
    const isOpaque = index.some((entry) => entry.type === 'opaque');
    const name = isOpaque
      ? `chain-${hexOf(chainIDOf(layers.map((layer) => layer.diffID))!)}`
      : hexOf(layers.at(-1)!.diffID);
    return join(this.#options.store.paths.snapshots, name);
  }

  /** Unpacks the top layer to its place. */
  async #unpack(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<LayerIndex> {
    const layer = layers.at(-1)!;
    const directory = this.#options.store.session.tempPath('unpack');
    await mkdir(directory);
    try {
      const lower = this.#tree(layers.slice(0, -1), signal);
      lower.catch(() => {}); // looked at only if the layer has opaque marks
      const index = await this.#unpackInto(directory, { layer, whiteouts: 'overlay', lower }, signal);
      await this.#putIndex(layer.diffID, index);
      await this.#moveIntoPlace(directory, this.#directoryFor(layers, index));
      return index;
    } finally {
      await removeTree(directory);
    }
  }

  async #unpackInto(
    directory: string,
    what: { readonly layer: SnapshotLayer } & (
      | { readonly whiteouts: 'overlay'; readonly lower: Promise<Tree> }
      | { readonly whiteouts: 'apply' }
    ),
    signal: AbortSignal,
  ): Promise<LayerIndex> {
    const { layer, ...whiteouts } = what;
    const owner = this.#options.preserveOwner ? 'preserve' : 'ignore';
    const { diffID } = layer;
    const tar = await this.#openTar(layer, signal);
    const unpacked = await unpackLayer(tar, directory, { ...whiteouts, diffID, owner, xattrs: 'apply' }, signal);
    for (const path of unpacked.xattrsSkipped) {
      this.#options.notice(`extended attributes of ${path} are not set while RUN steps work: install attr (setfattr)`);
    }
    return unpacked.index;
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

function chainKey(layers: readonly SnapshotLayer[]): string {
  return chainIDOf(layers.map((layer) => layer.diffID)) ?? '';
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
