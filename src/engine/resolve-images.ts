import type { BuildRequest } from '../builder.ts';
import { annotations } from '../oci/annotations.ts';
import type { ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { DiffID } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { isConfigType, isIndexType, layerCompression, mediaTypes } from '../oci/media-type.ts';
import { selectPlatform } from '../oci/platform-match.ts';
import { readConfig, readIndex, readManifest } from '../oci/read-document.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import { type Progress, silent, watched } from '../progress.ts';
import type { RegistryClient } from '../registry/registry.ts';
import { FailureError, FailuresError } from '../result.ts';
import type { Store } from '../store/store.ts';
import { baseNotAnImage, baseNotFound, layerNotSupported, layersDoNotMatch, platformMissing } from './failure.ts';
import { type ImageRequest, imageKey, type ResolvedImage } from './frontend/lower-input.ts';

/**
 * References of Dockerfiles to images: first those that the build was given, then the registry. Of a registry only
 * the small documents are read; layers stay where they are until a step needs them.
 */
export class ImageResolver {
  readonly #store: Store;
  readonly #registry: RegistryClient;
  readonly #progress: Progress;
  readonly #known = new Map<string, Promise<ResolvedImage>>();

  constructor(options: { readonly store: Store; readonly registry: RegistryClient; readonly progress?: Progress }) {
    this.#store = options.store;
    this.#progress = options.progress ?? silent;
    this.#registry = options.registry;
  }

  /**
   * `resolved` maps references, as Dockerfiles write them or in full, to images of the store, `pinned` to images of the registry
   * that the reference names: what its tag names by now does not matter.
   */
  resolve(
    request: ImageRequest,
    { resolved: given, pinned }: Pick<BuildRequest, 'resolved' | 'pinned'>,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const descriptor = own(given, request.reference) ?? own(given, inFull(request.reference));
    const pin = descriptor === undefined ? own(pinned, request.reference) : undefined;
    const key = `${descriptor?.digest ?? ''} ${pin?.digest ?? ''} ${imageKey(request)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const resolved = descriptor
      ? this.#read({ request, root: descriptor, source: this.#store.blobs }, signal)
      : this.#fromRegistry(request, pin, signal);
    this.#known.set(key, resolved);
    resolved.catch(() => this.#known.delete(key));
    return resolved;
  }

  async #fromRegistry(request: ImageRequest, pin: Descriptor | undefined, signal: AbortSignal): Promise<ResolvedImage> {
    const reference = parseReference(request.reference);
    if (!reference.ok) throw new FailuresError(reference.failure);
    const { registry, repository } = reference.value;
    const remote = this.#registry.repository({ registry, repository });
    const origin = { registry, repository };
    if (pin && (await this.#store.blobs.has(pin, signal))) {
      return this.#read({ request, root: pin, source: remote, origin }, signal);
    }
    const document = await remote.manifest(pin?.digest ?? tagOf(reference.value), signal);
    if (!document) throw new FailureError(baseNotFound(pin ? `${request.reference}@${pin.digest}` : request.reference));
    await this.#store.blobs.putDocument(document);
    return this.#read({ request, root: document.descriptor, source: remote, origin }, signal);
  }

  async #read(
    from: {
      readonly request: ImageRequest;
      readonly root: Descriptor;
      readonly source: ContentSource;
      readonly origin?: ResolvedImage['origin'];
    },
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const { request, root, source, origin } = from;
    const manifestDescriptor = isIndexType(root.mediaType)
      ? await this.#choose({ request, root, source }, signal)
      : root;
    const manifest = await readManifest(
      await this.#local(manifestDescriptor, source, signal),
      manifestDescriptor,
      signal,
    );
    const artifact = artifactType(manifest.value);
    if (artifact !== undefined) throw new FailureError(baseNotAnImage(request.reference, artifact));
    const configDescriptor = manifest.value.config;
    const config = await readConfig(await this.#local(configDescriptor, source, signal), configDescriptor, signal);
    const blobs = manifest.value.layers.filter(isReadable);
    const diffIDs = config.value.rootfs.diff_ids;
    if (blobs.length !== diffIDs.length) {
      const unreadable = manifest.value.layers.find((layer) => !isReadable(layer));
      if (unreadable) throw new FailureError(layerNotSupported(request.reference, unreadable.mediaType));
      throw new FailureError(layersDoNotMatch(request.reference, blobs.length, diffIDs.length));
    }
    const layers = blobs.map(({ mediaType, digest, size }, i) => ({
      blob: { mediaType, digest, size },
      diffID: DiffID.parse(diffIDs[i]),
    }));
    const ownersLost = manifest.value.annotations?.[annotations.ownersLost] === 'true';
    return {
      manifest: manifestDescriptor.digest,
      config: config.value,
      layers,
      origin,
      ...(ownersLost && { ownersLost }),
    };
  }

  async #choose(
    from: { readonly request: ImageRequest; readonly root: Descriptor; readonly source: ContentSource },
    signal: AbortSignal,
  ): Promise<Descriptor> {
    const index = await readIndex(await this.#local(from.root, from.source, signal), from.root, signal);
    const { platform, reference } = from.request;
    const chosen = selectPlatform(index.value.manifests, platform);
    if (chosen) return chosen;
    const offered = index.value.manifests.flatMap((manifest) => manifest.platform ?? []);
    throw new FailureError(platformMissing(reference, platform, offered));
  }

  /** Puts a small document into the store, so that it is read from there now and later. */
  async #local(descriptor: Descriptor, source: ContentSource, signal: AbortSignal): Promise<ContentSource> {
    const { blobs } = this.#store;
    if (source === blobs || (await blobs.has(descriptor, signal))) return blobs;
    const { digest, size } = descriptor;
    await watched({ progress: this.#progress, kind: 'pull', name: digest, digest, size }, () =>
      blobs.put(descriptor, () => source.open(descriptor, signal), signal),
    );
    return blobs;
  }
}

function isReadable({ mediaType }: Descriptor): boolean {
  return layerCompression(mediaType) !== undefined;
}

/** What a manifest is that is no image's; old tools gave configurations odd types, so that with layers it is an image. */
function artifactType({ config: { mediaType }, layers, artifactType }: Manifest): string | undefined {
  if (isConfigType(mediaType)) return undefined;
  if (mediaType === mediaTypes.empty) return artifactType ?? layers[0]?.mediaType ?? mediaType;
  return layers.some(isReadable) ? undefined : (artifactType ?? mediaType);
}

function tagOf(reference: Reference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}

/** An image may be named like something that every object has: `constructor`. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function inFull(text: string): string {
  const reference = parseReference(text);
  return reference.ok ? formatReference(reference.value) : text;
}
