import { setTimeout as delay } from 'node:timers/promises';
import type { Builder, BuildRequest, BuildResult } from '../../src/builder.ts';
import { annotations as names } from '../../src/oci/annotations.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { DiffID } from '../../src/oci/digest.ts';
import { makeDocument } from '../../src/oci/document.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';
import type { ImageIndex } from '../../src/oci/image-index.ts';
import type { Manifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { formatPlatform, type Platform } from '../../src/oci/platform.ts';
import { selectPlatform } from '../../src/oci/platform-match.ts';
import { readConfig, readIndex, readManifest } from '../../src/oci/read-document.ts';
import { type Failure, FailureError } from '../../src/result.ts';
import type { Store } from '../../src/store/store.ts';
import { writeTar } from '../../src/tar/write.ts';

export interface FakeBuilderOptions {
  /** Images whose build fails. */
  readonly failing?: readonly string[];
  /** Called when a build begins; what it returns is waited for. */
  readonly onBuild?: (request: BuildRequest, signal: AbortSignal) => Promise<void> | void;
  /** Changes what layers hold: two builders with other salts give other images for the same request. */
  readonly salt?: string;
  /** Images whose steps run where only root exists: they are marked as the engine marks them. */
  readonly losing?: readonly string[];
}

/**
 * Builds small real images into a store without running anything: the layers of the parents that were resolved for the
 * request, and one layer of its own with a file that names image and platform.
 */
export class FakeBuilder implements Builder {
  readonly name = 'fake';
  /** In the order in which the builds began. */
  readonly requests: BuildRequest[] = [];
  /** The most builds that ran at once. */
  mostAtOnce = 0;
  readonly #store: Store;
  readonly #options: FakeBuilderOptions;
  #running = 0;

  constructor(store: Store, options: FakeBuilderOptions = {}) {
    this.#store = store;
    this.#options = options;
  }

  /** Names of the images in the order in which their builds began. */
  get built(): readonly string[] {
    return this.requests.map(({ image }) => image);
  }

  async build(request: BuildRequest, _progress: unknown, signal: AbortSignal): Promise<BuildResult> {
    this.requests.push(request);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    try {
      await this.#options.onBuild?.(request, signal);
      await delay(1, undefined, { signal });
      if (this.#options.failing?.includes(request.image)) {
        throw new FailureError({
          reason: 'run-failed',
          message: `${request.image} fails on purpose`,
        } satisfies Failure);
      }
      const manifests: Descriptor[] = [];
      for (const platform of request.platforms) manifests.push(await this.#image(request, platform, signal));
      return { image: await this.#index(manifests, request.annotations.index) };
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {}

  async #image(request: BuildRequest, platform: Platform, signal: AbortSignal): Promise<Descriptor> {
    const below = await this.#layersOfParents(request, platform, signal);
    const own = await this.#layer(`${request.image} ${formatPlatform(platform)} ${this.#options.salt ?? ''}\n`);
    const layers = [...below, { blob: own, diffID: DiffID.parse(own.digest) }];
    const config = makeDocument<ImageConfig>(mediaTypes.imageConfig, {
      ...platform,
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
      history: layers.map(() => ({ created_by: 'fake' })),
    });
    const mark = this.#options.losing?.includes(request.image) ? { [names.ownersLost]: 'true' } : undefined;
    const annotations = { ...request.annotations.manifests[formatPlatform(platform)], ...mark };
    const manifest = makeDocument<Manifest>(mediaTypes.imageManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: config.descriptor,
      layers: layers.map(({ blob }) => blob),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    });
    await this.#store.blobs.putDocument(config);
    await this.#store.blobs.putDocument(manifest);
    return { ...manifest.descriptor, platform, ...(mark && { annotations: mark }) };
  }

  async #layersOfParents(request: BuildRequest, platform: Platform, signal: AbortSignal) {
    const { blobs } = this.#store;
    const seen = new Map<string, { blob: Descriptor; diffID: DiffID }>();
    for (const descriptor of Object.values(request.resolved)) {
      const index = await readIndex(blobs, descriptor, signal);
      const chosen = selectPlatform(index.value.manifests, platform);
      if (chosen === undefined) continue;
      const manifest = await readManifest(blobs, chosen, signal);
      const config = await readConfig(blobs, manifest.value.config, signal);
      for (const [i, blob] of manifest.value.layers.entries()) {
        seen.set(blob.digest, { blob, diffID: config.value.rootfs.diff_ids[i]! });
      }
    }
    return [...seen.values()];
  }

  async #layer(text: string): Promise<Descriptor> {
    const body = Buffer.from(text);
    const header = {
      name: 'made-by',
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: body.length,
      mtime: 0,
      linkName: '',
      devMajor: 0,
      devMinor: 0,
    } as const;
    const chunks: Buffer[] = [];
    for await (const chunk of writeTar([{ header, body: [body] }])) chunks.push(chunk);
    return await this.#store.blobs.putBytes(mediaTypes.layerTar, Buffer.concat(chunks));
  }

  async #index(manifests: readonly Descriptor[], annotations: Readonly<Record<string, string>>): Promise<Descriptor> {
    return await this.#store.blobs.putDocument(
      makeDocument<ImageIndex>(mediaTypes.imageIndex, {
        schemaVersion: 2,
        mediaType: mediaTypes.imageIndex,
        manifests,
        annotations,
      }),
    );
  }
}
