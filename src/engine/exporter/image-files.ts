import { headerOf } from '../../layer/pack.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { readConfig, readDocument, readManifest } from '../../oci/read-document.ts';
import type { Store } from '../../store/store.ts';
import type { TarHeader } from '../../tar/header.ts';
import type { TarInput } from '../../tar/write.ts';
import { LayerContents } from '../snapshot/layer-contents.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { SharedNames } from './shared-names.ts';

/** How the files of an image are shown. */
export interface FilesOptions {
  /** Seconds: the time of every file, as BuildKit has it with SOURCE_DATE_EPOCH. */
  readonly mtime?: number | undefined;
  /**
   * A directory for each platform also where there is one; undefined: where there are several. Without, the files of all
   * platforms stand beside each other, and no two of them may have one name.
   */
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
   * Of each image directories first, each before what is in it, then all else in the order in which the layers have it; the root itself is left out.
   * Several platforms have a directory each, such as `linux_arm_v7`. Throws FailureError.
   */
  async *of(image: Descriptor, options: FilesOptions, signal: AbortSignal): AsyncGenerator<TarInput> {
    const { mtime = 0 } = options;
    const images = await this.#platformsOf(image, signal);
    const isSplit = options.splitsPlatforms ?? images.length > 1;
    const taken = isSplit || images.length === 1 ? undefined : new SharedNames();
    for (const { platform, snapshot } of images) {
      const below = isSplit ? `${formatPlatform(platform).replaceAll('/', '_')}/` : '';
      if (isSplit) yield { header: { ...platformDirectory, name: below, mtime } };
      for await (const { header, body } of this.#files(snapshot, signal)) {
        if (taken?.take(header, formatPlatform(platform)) === false) continue;
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

  async *#files(snapshot: Snapshot, signal: AbortSignal): AsyncGenerator<TarInput> {
    let header: TarHeader | undefined;
    for await (const input of this.merged(snapshot, 0, signal)) {
      if (input.type === 'hardlink') {
        // It comes right behind the file that it is another name of.
        const { xattrs: _, ...shared } = header!;
        const link = { type: 'hardlink', linkName: input.target, size: 0, devMajor: 0, devMinor: 0 } as const;
        yield { header: { ...shared, ...link, name: input.path } };
        continue;
      }
      header = headerOf(input);
      yield { header, body: input.type === 'file' && 'open' in input ? input.open() : undefined };
    }
  }
}

const nobody = { uid: 0, gid: 0, size: 0, devMajor: 0, devMinor: 0 };
const platformDirectory = { type: 'directory', linkName: '', mode: 0o755, ...nobody } as const;
