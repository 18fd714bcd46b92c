import { Readable } from 'node:stream';
import type { ContentSink, ContentSource } from '../../src/oci/content.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';
import type { ImageIndex } from '../../src/oci/image-index.ts';
import type { Manifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import type { Platform } from '../../src/oci/platform.ts';
import { collect } from '../../src/oci/read-document.ts';

/** Content in a Map: source and sink that note, in order, what was put and opened. */
export class MemoryContent implements ContentSource, ContentSink {
  readonly manifestsAreWhole?: boolean | undefined;
  readonly blobs = new Map<string, Uint8Array>();
  readonly puts: string[] = [];
  readonly opened: string[] = [];
  /** Greatest number of puts at once. */
  busiest = 0;
  #busy = 0;

  constructor(options: { readonly manifestsAreWhole?: boolean } = {}) {
    this.manifestsAreWhole = options.manifestsAreWhole;
  }

  add(mediaType: string, content: Uint8Array | string): Descriptor {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  addDocument<T extends object>(mediaType: string, value: T): Descriptor {
    return this.add(mediaType, makeDocument(mediaType, value).bytes);
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async open({ digest }: Descriptor, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new Error(`no ${digest}`);
    this.opened.push(digest);
    return Readable.from([bytes]);
  }

  async put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    if (this.blobs.has(descriptor.digest)) return;
    this.busiest = Math.max(this.busiest, ++this.#busy);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      signal.throwIfAborted();
      this.blobs.set(descriptor.digest, await collect(await bytes(), descriptor, 'the test'));
      this.puts.push(descriptor.digest);
    } finally {
      this.#busy--;
    }
  }
}

/** An image of two layers for one platform, written to `content`; `seed` makes its bytes its own. */
export function addImage(content: MemoryContent, platform: Platform, seed: string, baseLayer = 'base') {
  const layers = [content.add(mediaTypes.layerTar, baseLayer), content.add(mediaTypes.layerTar, `layer of ${seed}`)];
  const config: ImageConfig = {
    architecture: platform.architecture,
    os: platform.os,
    config: { Labels: { seed } },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest as never) },
  };
  const configDescriptor = content.addDocument(mediaTypes.imageConfig, config);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: configDescriptor,
    layers,
  };
  const descriptor: Descriptor = { ...content.addDocument(mediaTypes.imageManifest, manifest), platform };
  return { descriptor, manifest, config: configDescriptor, layers };
}

export function addIndex(content: MemoryContent, manifests: readonly Descriptor[]): Descriptor {
  const index: ImageIndex = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests };
  return content.addDocument(mediaTypes.imageIndex, index);
}
