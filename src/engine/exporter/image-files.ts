import type { LayerIndex, NodeEntry } from '../../layer/layer-entry.ts';
import { readLayer } from '../../layer/layer-reader.ts';
import { headerOf } from '../../layer/pack.ts';
import type { TreeNode } from '../../layer/tree-node.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { readConfig, readDocument, readManifest } from '../../oci/read-document.ts';
import type { Store } from '../../store/store.ts';
import type { TarInput } from '../../tar/write.ts';
import { LayerContents } from '../snapshot/layer-contents.ts';
import type { Snapshot, SnapshotLayer } from '../snapshot/snapshot.ts';

/** How the files of an image are shown. */
export interface FilesOptions {
  /** Seconds: the time of every file, as BuildKit has it with SOURCE_DATE_EPOCH. */
  readonly mtime?: number | undefined;
  /** A directory for each platform also where there is one; undefined: where there are several. */
  readonly splitsPlatforms?: boolean | undefined;
}

/**
 * The files of an image as its layers above each other leave them, read from the layers one after the other: nothing is unpacked,
 * and no more of a file is held than a piece.
 */
export class ImageFiles extends LayerContents {
  readonly #store: Store;

  constructor(store: Store) {
    // All that an exported image reaches is in the store; what was removed since is told when it is opened.
    super({ store, fetch: async () => {} });
    this.#store = store;
  }

  /**
   * Directories first, each before what is in it, then all else in the order in which the layers have it; the root itself is left out.
   * Several platforms have a directory each, such as `linux_arm_v7`. Throws FailureError.
   */
  async *of(image: Descriptor, options: FilesOptions, signal: AbortSignal): AsyncGenerator<TarInput> {
    const { mtime = 0 } = options;
    const images = await this.#platformsOf(image, signal);
    const isSplit = options.splitsPlatforms ?? images.length > 1;
    for (const { platform, snapshot } of images) {
      const below = isSplit ? `${formatPlatform(platform).replaceAll('/', '_')}/` : '';
      if (isSplit) yield { header: { ...platformDirectory, name: below, mtime } };
      for await (const { header, body } of this.#merged(snapshot, signal)) {
        const linkName = header.type === 'hardlink' ? `${below}${header.linkName}` : header.linkName;
        const time = options.mtime === undefined ? {} : { mtime };
        yield { header: { ...header, ...time, name: `${below}${header.name}`, linkName }, body };
      }
    }
  }

  async #platformsOf(
    image: Descriptor,
    signal: AbortSignal,
  ): Promise<readonly { readonly platform: Platform; readonly snapshot: Snapshot }[]> {
    const { blobs } = this.#store;
    const read = await readDocument(blobs, image, signal);
    const manifests = read.kind === 'index' ? read.value.manifests : [image];
    const found = [];
    for (const one of manifests) {
      const { config, layers } = (await readManifest(blobs, one, signal)).value;
      const { value } = await readConfig(blobs, config, signal);
      const { os, architecture, variant, rootfs } = value;
      const stack = layers.map((blob, at) => ({ blob, diffID: rootfs.diff_ids[at]! }));
      found.push({ platform: one.platform ?? { os, architecture, variant }, snapshot: { layers: stack } });
    }
    return found;
  }

  async *#merged(snapshot: Snapshot, signal: AbortSignal): AsyncGenerator<TarInput> {
    const names = new Map<NodeEntry, string[]>();
    for (const { path, entry } of (await this.tree(snapshot, signal)).walk()) {
      if (entry.type === 'directory') yield { header: headerOf({ ...entry, path }) };
      else if (names.has(entry)) names.get(entry)!.push(path);
      else names.set(entry, [path]);
    }
    for (const layer of snapshot.layers) yield* this.#ofLayer(layer, names, signal);
  }

  /** What is left of a layer; it is taken out of `names`. */
  async *#ofLayer(
    layer: SnapshotLayer,
    names: Map<NodeEntry, string[]>,
    signal: AbortSignal,
  ): AsyncGenerator<TarInput> {
    const index: LayerIndex = await this.index(layer, signal);
    const isLeft = (entry: LayerIndex[number]) => names.has(entry as NodeEntry);
    if (!index.some(isLeft)) return;
    let at = 0;
    for await (const { body } of readLayer(await this.openTar(layer, signal))) {
      const entry = index[at] as TreeNode['entry'];
      at += 1;
      const [first, ...others] = names.get(entry) ?? [];
      if (first === undefined) continue;
      names.delete(entry);
      const header = inTar(entry, first);
      yield { header, body };
      const { xattrs: _, ...shared } = header;
      const link = { ...shared, type: 'hardlink', linkName: first, size: 0, devMajor: 0, devMinor: 0 } as const;
      for (const name of others) yield { header: { ...link, name } };
    }
  }
}

function inTar(entry: TreeNode['entry'], path: string): TarInput['header'] {
  if (entry.type !== 'file') return headerOf({ ...entry, path });
  const { digest: _, ...file } = entry;
  return headerOf({ ...file, path, sourcePath: '' });
}

const nobody = { uid: 0, gid: 0, size: 0, devMajor: 0, devMinor: 0 };
const platformDirectory = { type: 'directory', linkName: '', mode: 0o755, ...nobody } as const;
