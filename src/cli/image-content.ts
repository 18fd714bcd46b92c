import type { ContentSource } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { DiffID, Digest } from '../oci/digest.ts';
import type { ContainerConfig, ImageConfig } from '../oci/image-config.ts';
import { isIndexType } from '../oci/media-type.ts';
import { formatPlatform } from '../oci/platform.ts';
import { isAttestation } from '../oci/platform-match.ts';
import { readConfig, readIndex, readManifest } from '../oci/read-document.ts';

type Annotations = Readonly<Record<string, string>>;

/** A layer as the manifest has it, and what its image says of it. */
export interface LayerContent {
  readonly digest: Digest;
  /** Of the tar inside; undefined where the configuration names fewer than there are. */
  readonly diffID: DiffID | undefined;
  readonly mediaType: string;
  /** In bytes, as it is sent. */
  readonly size: number;
  /** The instruction, as the history has it; undefined where that does not fit the layers. */
  readonly createdBy: string | undefined;
}

/** The image of one platform. */
export interface PlatformContent {
  readonly platform: string;
  readonly digest: string;
  readonly mediaType: string;
  /** In bytes: the layers as they are sent. */
  readonly size: number;
  readonly created: string | undefined;
  readonly author: string | undefined;
  readonly osVersion: string | undefined;
  readonly osFeatures: readonly string[] | undefined;
  readonly annotations: Annotations;
  /** Those that the index has of it. */
  readonly descriptorAnnotations: Annotations;
  /** As in the document, with its digest: what containers are started with. */
  readonly configDigest: string;
  readonly config: ContainerConfig;
  readonly layers: readonly LayerContent[];
}

/** What an image holds: of one platform where it has no index. */
export interface ImageContent {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations: Annotations;
  readonly platforms: readonly PlatformContent[];
  /** What the index lists besides, such as attestations. */
  readonly others: readonly { readonly digest: string; readonly mediaType: string; readonly size: number }[];
}

/** Reads the documents and no layer. Throws FailureError where one is missing or broken. */
export async function contentOf(root: Descriptor, source: ContentSource, signal: AbortSignal): Promise<ImageContent> {
  const { digest, mediaType } = root;
  if (!isIndexType(mediaType)) {
    const platform = await platformOf(root, source, signal);
    return { digest, mediaType, annotations: {}, platforms: [platform], others: [] };
  }
  const { value } = await readIndex(source, root, signal);
  const platforms: PlatformContent[] = [];
  const others: Descriptor[] = [];
  for (const entry of value.manifests) {
    if (isIndexType(entry.mediaType) || isAttestation(entry)) others.push(entry);
    else platforms.push(await platformOf(entry, source, signal));
  }
  return {
    digest,
    mediaType,
    annotations: value.annotations ?? {},
    platforms,
    others: others.map((other) => ({ digest: other.digest, mediaType: other.mediaType, size: other.size })),
  };
}

async function platformOf(root: Descriptor, source: ContentSource, signal: AbortSignal): Promise<PlatformContent> {
  const { value: manifest } = await readManifest(source, root, signal);
  const { value: config } = await readConfig(source, manifest.config, signal);
  const instructions = instructionsOf(config, manifest.layers.length);
  return {
    platform: formatPlatform(root.platform ?? config),
    digest: root.digest,
    mediaType: root.mediaType,
    size: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    created: config.created,
    author: config.author,
    osVersion: config['os.version'],
    osFeatures: config['os.features'] ?? undefined,
    annotations: manifest.annotations ?? {},
    descriptorAnnotations: root.annotations ?? {},
    configDigest: manifest.config.digest,
    config: config.config ?? {},
    layers: manifest.layers.map(({ digest, mediaType, size }, at) => ({
      digest,
      diffID: config.rootfs.diff_ids[at],
      mediaType,
      size,
      createdBy: instructions[at],
    })),
  };
}

/** What made each layer; none where the history has another number of layers, as that of a squashed image may. */
function instructionsOf({ history }: ImageConfig, layers: number): readonly (string | undefined)[] {
  const made = (history ?? []).filter((entry) => entry.empty_layer !== true);
  return made.length === layers ? made.map((entry) => entry.created_by) : [];
}
