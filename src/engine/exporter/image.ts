import type { Descriptor } from '../../oci/descriptor.ts';
import { makeDocument } from '../../oci/document.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { ImageIndex } from '../../oci/image-index.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { layerCompression, mediaTypes } from '../../oci/media-type.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Store } from '../../store/store.ts';
import type { ConfigDraft } from '../frontend/lower-input.ts';
import type { Layers } from '../snapshot/layers.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { completeHistory } from './history.ts';

/** The result of one build for one platform, to be written as a configuration and a manifest. */
export interface ImageParts {
  readonly snapshot: Snapshot;
  readonly config: ConfigDraft;
  /** What the image was asked for: its configuration may say more of the machine. */
  readonly platform: Platform;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly store: Store;
  readonly layers: Layers;
}

const ociTypes = { none: mediaTypes.layerTar, gzip: mediaTypes.layerTarGzip, zstd: mediaTypes.layerTarZstd } as const;

/** Writes configuration and manifest, and brings what the store lacks of the layers, verified. The descriptor has the platform. */
export async function assembleImage(request: ImageParts, signal: AbortSignal): Promise<Descriptor> {
  const { snapshot, store, layers, annotations } = request;
  const { history, ...rest } = request.config;
  const diffIDs = snapshot.layers.map((layer) => layer.diffID);
  const config = makeDocument<ImageConfig>(mediaTypes.imageConfig, {
    ...rest,
    rootfs: { type: 'layers', diff_ids: diffIDs },
    history: completeHistory(history, diffIDs.length),
  });
  for (const layer of snapshot.layers) await layers.ensureContent(layer, signal);
  const manifest = makeDocument<Manifest>(mediaTypes.imageManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: config.descriptor,
    layers: snapshot.layers.map(({ blob }) => ({ mediaType: ociTypeOf(blob), digest: blob.digest, size: blob.size })),
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  await store.blobs.putDocument(config);
  await store.blobs.putDocument(manifest);
  const { os, architecture, variant } = request.platform;
  return { ...manifest.descriptor, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
}

/** Layers of a Docker image under OCI's name for the same bytes: the types of a manifest go together. */
function ociTypeOf(blob: Descriptor): string {
  const compression = layerCompression(blob.mediaType);
  return compression === undefined ? blob.mediaType : ociTypes[compression];
}

/** Joins the images of several platforms, in the order given. */
export async function writeIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
  store: Store,
): Promise<Descriptor> {
  const index = makeDocument<ImageIndex>(mediaTypes.imageIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  return store.blobs.putDocument(index);
}
