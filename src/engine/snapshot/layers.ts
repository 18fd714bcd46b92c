import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../layer/compression.ts';
import { parseIndex, serializeIndex } from '../../layer/index-codec.ts';
import { indexLayer } from '../../layer/index-layer.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { Tree } from '../../layer/tree.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import { chainIDOf } from '../../oci/chain-id.ts';
import { type DiffID, hexOf } from '../../oci/digest.ts';
import { layerCompression } from '../../oci/media-type.ts';
import { FailureError } from '../../result.ts';
import type { Store } from '../../store/store.ts';
import { layerDigestMismatch, notALayer } from './failure.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';

export interface LayersOptions {
  readonly store: Store;
  /** Brings a blob that the store lacks. */
  readonly fetch: (layer: SnapshotLayer, signal: AbortSignal) => Promise<void>;
  /** Whether files can be given to any owner here; else all belong to the one who runs cip. */
  readonly preserveOwner: boolean;
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

  /** The merged view of the stack, from indexes alone. */
  tree(snapshot: Snapshot, signal: AbortSignal): Promise<Tree> {
    return this.#tree(snapshot.layers, signal);
  }

  /** Directories the layers are unpacked to, base first, in the form overlayfs takes as lower layers. */
  directories(snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const { layers } = snapshot;
    return Promise.all(layers.map((_, i) => this.#directory(layers.slice(0, i + 1), signal)));
  }

  /** Absolute path of a file's bytes on this machine. `path` is one that the tree has, links not followed. */
  async diskPath(snapshot: Snapshot, path: string, signal: AbortSignal): Promise<string> {
    const found = (await this.tree(snapshot, signal)).lookup(path);
    if (!found) throw new Error(`${path} is not in the snapshot`);
    const directory = await this.#directory(snapshot.layers.slice(0, found.layer + 1), signal);
    return join(directory, found.entry.path);
  }

  async ensureBlob(layer: SnapshotLayer, signal: AbortSignal): Promise<void> {
    if (!(await this.#options.store.blobs.has(layer.blob, signal))) await this.#options.fetch(layer, signal);
  }

  /** Records the index of a layer that was just made. */
  async addIndex(diffID: DiffID, index: LayerIndex): Promise<void> {
    this.#indexes.set(diffID, Promise.resolve(index));
    await this.#options.store.indexes.put(hexOf(diffID), Buffer.from(serializeIndex(index)));
  }

  /**
   * Makes `directory` the unpacked form of the top layer of `snapshot`: it is moved into place, or removed when another
   * process was faster.
   */
  async adopt(snapshot: Snapshot, directory: string): Promise<void> {
    const name = await this.#directoryName(snapshot.layers, new AbortController().signal);
    await this.#moveIntoPlace(directory, join(this.#options.store.paths.snapshots, name));
  }

  /** Unpacks the whole stack into one directory, where deleted files are simply not there. */
  async unpackAll(snapshot: Snapshot, directory: string, signal: AbortSignal): Promise<void> {
    for (const [i, layer] of snapshot.layers.entries()) {
      const lower = await this.#tree(snapshot.layers.slice(0, i), signal);
      await this.#unpackInto(directory, { layer, lower, whiteouts: 'apply' }, signal);
    }
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
      const known = await this.#options.store.indexes.get(hexOf(layer.diffID));
      const parsed = known && parseIndex(known.toString());
      // One that another version of cip has written in another form is made again.
      return parsed?.ok ? parsed.value : this.#readIndex(layer, signal);
    });
  }

  async #readIndex(layer: SnapshotLayer, signal: AbortSignal): Promise<LayerIndex> {
    const { diffID } = layer;
    const { index } = await indexLayer(await this.#openTar(layer, signal), { diffID }, signal);
    await this.#options.store.indexes.put(hexOf(diffID), Buffer.from(serializeIndex(index)));
    return index;
  }

  async #openTar(layer: SnapshotLayer, signal: AbortSignal) {
    await this.ensureBlob(layer, signal);
    const compression = layerCompression(layer.blob.mediaType);
    if (!compression) throw new FailureError(notALayer(layer.blob));
    return decompress(await this.#options.store.blobs.open(layer.blob, signal), compression);
  }

  #directory(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<string> {
    return remember(this.#directories, chainKey(layers), async () => {
      const target = join(this.#options.store.paths.snapshots, await this.#directoryName(layers, signal));
      if (!(await exists(target))) await this.#unpack(layers, target, signal);
      return target;
    });
  }

  /** A layer is unpacked once for all stacks, unless it has opaque marks: what those hide depends on what is below. */
  async #directoryName(layers: readonly SnapshotLayer[], signal: AbortSignal): Promise<string> {
    const index = await this.#index(layers, signal);
    const isOpaque = index.some((entry) => entry.type === 'opaque');
    return isOpaque ? `chain-${hexOf(chainIDOf(layers.map((layer) => layer.diffID))!)}` : hexOf(layers.at(-1)!.diffID);
  }

  async #unpack(layers: readonly SnapshotLayer[], target: string, signal: AbortSignal): Promise<void> {
    const layer = layers.at(-1)!;
    const directory = this.#options.store.session.tempPath('unpack');
    await mkdir(directory);
    try {
      const lower = await this.#tree(layers.slice(0, -1), signal);
      await this.#unpackInto(directory, { layer, lower, whiteouts: 'overlay' }, signal);
      await this.#moveIntoPlace(directory, target);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #unpackInto(
    directory: string,
    what: { readonly layer: SnapshotLayer; readonly lower: Tree; readonly whiteouts: 'overlay' | 'apply' },
    signal: AbortSignal,
  ): Promise<void> {
    const { layer, lower, whiteouts } = what;
    const owner = this.#options.preserveOwner ? 'preserve' : 'ignore';
    const tar = await this.#openTar(layer, signal);
    const unpacked = await unpackLayer(tar, directory, { whiteouts, lower, owner, xattrs: 'apply' }, signal);
    this.#verify(layer, unpacked.diffID);
    for (const path of unpacked.xattrsSkipped) {
      this.#options.notice(`extended attributes of ${path} are not set while RUN steps work: install attr (setfattr)`);
    }
  }

  async #moveIntoPlace(directory: string, target: string): Promise<void> {
    try {
      await rename(directory, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      await rm(directory, { recursive: true, force: true });
    }
  }

  #verify(layer: SnapshotLayer, diffID: DiffID): void {
    if (diffID !== layer.diffID) throw new FailureError(layerDigestMismatch(layer, diffID));
  }
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
