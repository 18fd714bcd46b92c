import type { LayerCompression } from '../../oci/media-type.ts';
import type { PlacedAnnotation } from '../../oci/placed-annotation.ts';

/** What an image is made to look like for others. Plain data: what `compression=`, `oci-mediatypes=` and the like come to. */
export interface ImageForm {
  /** Of layers that were made here. */
  readonly compression: LayerCompression;
  /** 0 to 9 for gzip, 1 to 22 for zstd; what is usual, if not given. */
  readonly level?: number | undefined;
  /** Also of layers that came compressed in another way. */
  readonly isForced: boolean;
  /** Names of the formats: OCI's, or those of Docker's image manifest, version 2. */
  readonly mediaTypes: 'oci' | 'docker';
  /** Besides those that the image has; none in Docker's documents, which have no place for them. */
  readonly annotations?: readonly PlacedAnnotation[] | undefined;
}

/** As registries get it. */
export const usualForm: ImageForm = { compression: 'gzip', isForced: false, mediaTypes: 'oci' };

/** What is usual with gzip and with zstd. */
export const usualLevel = { none: 0, gzip: 6, zstd: 3 } as const satisfies Record<LayerCompression, number>;
