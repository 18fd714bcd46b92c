import { Readable } from 'node:stream';
import { annotations } from '../../oci/annotations.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, hexOf } from '../../oci/digest.ts';
import { makeDocument } from '../../oci/document.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';
import type { CacheAddress } from './cache-address.ts';
import { RESULTS } from './records.ts';
import { readSharedResult, type SharedPlace, type SharedResult } from './shared-place.ts';

/**
 * Results in a repository of a registry: each is an image under a tag that names its key, with the layers that were made.
 * Builds write side by side: none replaces what another wrote. Registries remove old ones by rules on tags.
 */
export class RegistryPlace implements SharedPlace {
  readonly manifestsAreWhole = true;
  readonly name: string;
  readonly #remote: RemoteRepository;
  readonly #scope: string;

  constructor(remote: RemoteRepository, { scope }: CacheAddress & { readonly type: 'registry' }) {
    this.#remote = remote;
    this.#scope = scope;
    this.name = `the cache ${remote.name}`;
  }

  async resultOf(key: Digest, signal: AbortSignal): Promise<SharedResult | undefined> {
    const manifest = await this.#remote.manifest(this.#tagOf(key), signal);
    const text = manifest?.value.annotations?.[annotations.stepResult];
    return text === undefined ? undefined : readSharedResult(text);
  }

  async keep(key: Digest, result: SharedResult, signal: AbortSignal): Promise<void> {
    const layers = result.layers.flatMap((layer) => ('packed' in layer ? [layer] : []));
    const config = makeDocument(mediaTypes.imageConfig, {
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
    });
    const manifest = makeDocument(mediaTypes.imageManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: config.descriptor,
      layers: layers.map(({ packed }) => packed),
      annotations: { [annotations.stepResult]: JSON.stringify(result) },
    });
    await this.#remote.put(config.descriptor, async () => Readable.from([config.bytes]), signal);
    await this.#remote.putManifest(this.#tagOf(key), manifest, signal);
  }

  async has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    return await this.#remote.has(descriptor, signal);
  }

  async open(descriptor: Descriptor, signal: AbortSignal): Promise<Readable> {
    return await this.#remote.open(descriptor, signal);
  }

  async put(descriptor: Descriptor, bytes: () => Promise<Readable>, signal: AbortSignal): Promise<void> {
    await this.#remote.put(descriptor, bytes, signal);
  }

  #tagOf(key: Digest): string {
    return `${this.#scope}-${RESULTS}-${hexOf(key)}`;
  }
}
