import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiffOptions } from '../../layer/diff.ts';
import { type OtherXattrs, removeXattr } from '../../layer/disk-xattrs.ts';
import { clearInheritance } from '../../layer/inheritance.ts';
import type { LayerIndex } from '../../layer/layer-entry.ts';
import { isReadAsUnpacked, type NameOrder, nameOrderOf } from '../../layer/name-order.ts';
import { makesWhiteout } from '../../layer/special-files.ts';
import { Tree } from '../../layer/tree.ts';
import { trimUpper } from '../../layer/trim-upper.ts';
import { unpackLayer } from '../../layer/unpack.ts';
import { opaqueXattr } from '../../layer/xattr.ts';
import { mapBounded } from '../../map-bounded.ts';
import type { ChainID } from '../../oci/digest.ts';
import { removeTree } from '../../remove-tree.ts';
import { FailureError } from '../../result.ts';
import { mountRefused } from './failure.ts';
import { AT_ONCE, LayerContents, type LayerContentsOptions, remember, type Stack } from './layer-contents.ts';
import type { Snapshot, SnapshotLayer } from './snapshot.ts';
import { filesIn, flatPlaceName, needsWhiteouts, placeName, type TopLayer, type UnpackedBy } from './unpacked-place.ts';

/** How layers can be unpacked by this process: with which owners, and with devices or without. */
export interface LayersOptions extends LayerContentsOptions {
  readonly owners: DiskOwners;
  /** Whether device nodes can be made here: not in a user namespace. */
  readonly makesDevices: boolean;
  /** Of this process. */
  readonly gid: number;
  readonly notice: (message: string) => void;
}

/** Layers and the directories they are unpacked to, in the store and shared between processes as well. */
export class Layers extends LayerContents {
  readonly #options: LayersOptions;
  readonly #directories = new Map<ChainID, Promise<string>>();
  readonly #flat = new Map<ChainID, Promise<string>>();
  #cleared: Promise<void> | undefined;
  #hasSaidMissing = false;
  #makesWhiteouts: Promise<boolean> | undefined;
  #nameOrder: NameOrder | undefined;

  constructor(options: LayersOptions) {
    super(options);
    this.#options = options;
  }

  get owners(): DiskOwners {
    return this.#options.owners;
  }

  /**
   * Directories the layers are unpacked to, base first, in the form overlayfs takes as lower layers: one for each, or
   * where there are more than it takes, one for many of the lowest. Throws FailureError where no whiteouts can be made.
   */
  async directories(snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const stack = this.stackOf(snapshot);
    const flat = flatLayers(stack.layers.length);
    const counts = stack.layers.slice(flat).map((_, at) => flat + at + 1);
    const lowest = flat === 0 ? [] : [await this.#flatDirectory(stack, flat, signal)];
    const others = await mapBounded(counts, AT_ONCE, (count) => this.#directory(stack, count, signal));
    if ((await this.#makesWhiteouts) === false)
      throw new FailureError(mountRefused('an overlay file system', 'there can be no whiteouts where the store is'));
    return [...lowest, ...others];
  }

  /** A path for a directory to work in, in which what is made has no more than it is given. */
  async workplace(purpose: string): Promise<string> {
    const { session } = this.#options.store;
    this.#cleared ??= clearInheritance(session.path, this.#options.gid);
    await this.#cleared;
    return session.tempPath(purpose);
  }

  /** Absolute path of a file's bytes on this machine. `path` is one that the tree has, links not followed. */
  async diskPath(snapshot: Snapshot, path: string, signal: AbortSignal): Promise<string> {
    const found = (await this.tree(snapshot, signal)).lookup(path);
    if (!found) throw new Error(`${path} is not in the snapshot`);
    const directory = await this.#directory(this.stackOf(snapshot), found.layer + 1, signal);
    return join(directory, found.entry.path);
  }

  /** What must be known to tell what a step changed on a root made of `snapshot`. */
  async diffOptions(snapshot: Snapshot, signal: AbortSignal): Promise<DiffOptions> {
    const { owners, makesDevices, notice } = this.#options;
    const lower = await this.tree(snapshot, signal);
    if (!makesDevices && !this.#hasSaidMissing) this.#sayMissing(await this.devices(snapshot, signal), lower);
    return {
      lower,
      onXattrsUnavailable: () => notice('file capabilities that a RUN sets are lost: install attr, perl or python3'),
      // Where all files are ours on disk, those that a lower layer has stay whose they were.
      ...(owners.areKept ? {} : { ownerOf: (path, onDisk) => ownerIn(lower, path) ?? onDisk }),
      lacksDevices: !makesDevices,
    };
  }

  /** Once, of the first base that has any: those of /dev no step sees anywhere, below its own. */
  #sayMissing(devices: ReadonlySet<string>, lower: Tree): void {
    const isThere = (path: string) => lower.lookup(path)?.entry.type.endsWith('-device') === true;
    const found = [...devices].filter((path) => !path.startsWith('dev/') && isThere(path));
    const [first] = found;
    if (first === undefined) return;
    this.#hasSaidMissing = true;
    const more = found.length === 1 ? '' : ` and ${found.length - 1} more`;
    this.#options.notice(
      `RUN steps do not see the device nodes of their base image (/${first}${more}): these stay as they are, whatever a step ` +
        'removes, moves, copies or changes; as root, --isolation=chroot has them',
    );
  }

  /**
   * Makes the upper directory `filesIn(directory)`, which the top layer of `snapshot` was made of, the unpacked form of that
   * layer: `directory` is moved into place, or removed when another process was faster. Where it cannot be, it stays where
   * it is. `others` are attributes found when the layer was made.
   */
  async adopt(
    {
      snapshot,
      directory,
      others,
    }: { readonly snapshot: Snapshot; readonly directory: string; readonly others: OtherXattrs },
    signal: AbortSignal,
  ): Promise<void> {
    // What no layer has, such as ACLs, another image with an equal layer would see.
    if (!others.areKnown || others.areSeen) return;
    const stack = this.stackOf(snapshot);
    const index = await this.index(stack.layers.at(-1)!, signal);
    const upper = filesIn(directory);
    if (!trimUpper(upper, index)) return;
    // Nor does a layer have an order in which its files were made, and steps that list a directory see it.
    this.#nameOrder ??= nameOrderOf(await this.workplace('names'));
    if (!isReadAsUnpacked(upper, index, this.#nameOrder)) return;
    // Nothing is hidden by them here: what is gone has whiteouts. On other layers something would be.
    const left = new Set(index.map(({ path }) => path));
    const opaque = { name: opaqueXattr, paths: others.opaque.filter((path) => left.has(path)) };
    if (!(await removeXattr(upper, opaque, signal))) return;
    await this.#moveIntoPlace(directory, await this.#placeFor(stack, { count: stack.layers.length, index }, signal));
  }

  /**
   * Unpacks the whole stack into one directory, where deleted files are simply not there. Returns whether nothing is
   * missing that another process could make.
   */
  async unpackAll(snapshot: Snapshot, directory: string, signal: AbortSignal): Promise<boolean> {
    let isWhole = true;
    for (const layer of snapshot.layers) {
      const unpacked = await this.#unpackInto(directory, { layer, whiteouts: 'apply' }, signal);
      if (!this.indexes.has(layer.diffID)) await this.addIndex(layer.diffID, unpacked.index);
      isWhole &&= unpacked.isWhole;
    }
    return isWhole;
  }

  /** Of the topmost of the lowest `count` layers. */
  #directory(stack: Stack, count: number, signal: AbortSignal): Promise<string> {
    return remember(this.#directories, stack.chain[count - 1]!, async () => {
      const layer = stack.layers[count - 1]!;
      const index = (await this.indexes.get(layer.diffID)) ?? (await this.storedIndex(layer));
      const place = index && (await this.#placeFor(stack, { count, index }, signal));
      // A layer that is not known yet is read once: unpacking it tells its index as well.
      return place !== undefined && (await this.#claim(place)) ? filesIn(place) : this.#unpack(stack, count, signal);
    });
  }

  async #placeFor(stack: Stack, top: TopLayer, signal: AbortSignal): Promise<string> {
    const makesWhiteouts = await this.#canMark(top.index, signal);
    const name = placeName(stack, top, { ...this.#unpackedBy, makesWhiteouts });
    return join(this.#options.store.paths.snapshots, name);
  }

  get #unpackedBy(): UnpackedBy {
    const { owners, makesDevices } = this.#options;
    return { owners: owners.name, makesDevices, makesWhiteouts: true };
  }

  /**
   * Whether all can be made that hides what is below a layer. On an overlay (the root of a container) nobody makes whiteouts.
   * Nothing can be mounted there either, and files are read from where they are known to be.
   */
  async #canMark(index: LayerIndex, signal: AbortSignal): Promise<boolean> {
    if (!needsWhiteouts(index, this.#options.makesDevices)) return true;
    this.#makesWhiteouts ??= this.workplace('whiteout')
      .then((file) => makesWhiteout(file, signal))
      .catch((error: unknown) => {
        // A build that was ended ends no other.
        this.#makesWhiteouts = undefined;
        throw error;
      });
    return await this.#makesWhiteouts;
  }

  /** One directory with all that the lowest `count` layers come to. */
  #flatDirectory(stack: Stack, count: number, signal: AbortSignal): Promise<string> {
    return remember(this.#flat, stack.chain[count - 1]!, async () => {
      const place = join(this.#options.store.paths.snapshots, flatPlaceName(stack, count, this.#unpackedBy));
      if (await this.#claim(place)) return filesIn(place);
      const layers = stack.layers.slice(0, count);
      return this.#making(async (into) => ((await this.unpackAll({ layers }, into, signal)) ? place : undefined));
    });
  }

  /** Unpacks the topmost of the lowest `count` layers to its place. */
  async #unpack(stack: Stack, count: number, signal: AbortSignal): Promise<string> {
    const layer = stack.layers[count - 1]!;
    const lower = async () =>
      (await this.#canMark(await this.index(layer, signal), signal))
        ? await this.treeBelow(stack, count - 1, signal)
        : Tree.empty;
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
    void remember(this.indexes, layer.diffID, () => indexed).catch(() => {});
    try {
      return await this.#making(async (directory) => {
        const how = { layer, whiteouts: 'overlay', lower, onIndexed } as const;
        const { index, isWhole } = await this.#unpackInto(directory, how, signal);
        await this.putIndex(layer.diffID, index);
        return isWhole ? await this.#placeFor(stack, { count, index }, signal) : undefined;
      });
    } catch (error) {
      onFailed(error);
      throw error;
    }
  }

  /**
   * Files put into a directory by `fill` and moved to the place that it returns; returns where they are then. Without a
   * place they are for this run alone: another that has the programs for it unpacks them with all that they have.
   */
  async #making(fill: (files: string) => Promise<string | undefined>): Promise<string> {
    const directory = await this.workplace('unpack');
    await mkdir(filesIn(directory), { recursive: true });
    try {
      const place = await fill(filesIn(directory));
      if (place === undefined) return filesIn(directory);
      await this.#moveIntoPlace(directory, place);
      return filesIn(place);
    } catch (error) {
      await removeTree(directory);
      throw error;
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
  ): Promise<{ readonly index: LayerIndex; readonly isWhole: boolean }> {
    const { layer, ...how } = what;
    const owner = this.#options.owners.areKept ? 'preserve' : 'ignore';
    const { diffID } = layer;
    const unpacked = await this.reading('unpack', layer, async () =>
      unpackLayer(
        { tar: await this.openTar(layer, signal), into: directory },
        { ...how, diffID, owner, xattrs: 'apply' },
        signal,
      ),
    );
    await this.verified.add(layer);
    for (const path of unpacked.xattrsSkipped) {
      this.#options.notice(
        `extended attributes of ${path} are not set while RUN steps work: install attr, perl or python3`,
      );
    }
    const lacksDevices = this.#options.makesDevices && unpacked.devicesSkipped.length > 0;
    return { index: unpacked.index, isWhole: unpacked.xattrsSkipped.length === 0 && !lacksDevices };
  }

  /** Whether something is there; it stays while the session lives. */
  async #claim(place: string): Promise<boolean> {
    return (await this.#options.store.claims.claim(place)) !== undefined;
  }

  /** Never in place of one that is there: another step may have it mounted, and would see an empty root from then on. */
  async #moveIntoPlace(directory: string, place: string): Promise<void> {
    for (;;) {
      try {
        await rename(directory, place);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      }
      // One that was to be taken away just now is gone when that is done, and this takes its place.
      if (await this.#claim(place)) break;
    }
    await removeTree(directory);
  }
}

function ownerIn(tree: Tree, path: string): { readonly uid: number; readonly gid: number } | undefined {
  return tree.lookup(path)?.entry;
}

/** What becomes of owners where files are put on disk: what is kept there for later runs is for runs with the same. */
export interface DiskOwners {
  /** Whether files can be given to any owner; else all belong to the one who runs cip. */
  readonly areKept: boolean;
  /** Differs where the same owner is another id on disk; '' where it is the same number. */
  readonly name: string;
}

/**
 * How many of the lowest layers are unpacked into one directory, so that the others and it are no more than overlayfs
 * stacks: the kernel takes 500 lower directories (OVL_MAX_STACK, fs/overlayfs/params.c), and the names of so many must
 * fit in a page of mount options. Counted in groups, so that a stack that grows by a layer at a time keeps its directory.
 */
export function flatLayers(count: number): number {
  return count <= LOWER_LIMIT ? 0 : Math.ceil((count - LOWER_LIMIT) / GROUP) * GROUP;
}

const LOWER_LIMIT = 480;
const GROUP = 256;
