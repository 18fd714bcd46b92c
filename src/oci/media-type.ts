/**
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md and, for the docker names,
 * https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
 */
export const mediaTypes = {
  imageIndex: 'application/vnd.oci.image.index.v1+json',
  imageManifest: 'application/vnd.oci.image.manifest.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerTarGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerTarZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerTar: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerTarGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

/** True for an OCI index and for Docker's manifest list: both list manifests by platform. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageIndex || mediaType === mediaTypes.dockerManifestList;
}

/** True for the manifest of one image, OCI's or Docker's schema 2; schema 1 is none. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageManifest || mediaType === mediaTypes.dockerManifest;
}

/** Indexes and manifests: what a registry serves under `/manifests/` and not under `/blobs/`. */
export function isDocumentType(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

/** The configuration of an image, OCI's or Docker's. */
export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.imageConfig || mediaType === mediaTypes.dockerConfig;
}

/** How the tar of a layer is packed, as the suffix of its media type says. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** undefined for what is not a layer of a root filesystem. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  if (mediaType === mediaTypes.layerTar || mediaType === mediaTypes.dockerLayerTar) return 'none';
  if (mediaType === mediaTypes.layerTarGzip || mediaType === mediaTypes.dockerLayerTarGzip) return 'gzip';
  if (mediaType === mediaTypes.layerTarZstd) return 'zstd';
  if (mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.tar')) {
    return mediaType.endsWith('+gzip') ? 'gzip' : mediaType.endsWith('+zstd') ? 'zstd' : 'none';
  }
  if (mediaType === mediaTypes.dockerForeignLayer) return 'gzip';
  return undefined;
}

/** Layers that may not be passed on: registries keep only the descriptor, whose `urls` say where they are. */
export function isForeignLayer(mediaType: string): boolean {
  return (
    mediaType === mediaTypes.dockerForeignLayer ||
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.tar')
  );
}
