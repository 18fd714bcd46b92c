import type { Descriptor } from '../../oci/descriptor.ts';

/** An image of the store, on its way out of it. */
export interface ExportedImage {
  /** All that it reaches is in the store. */
  readonly image: Descriptor;
  /** `registry/repository:tag` each; none for an image without a name. */
  readonly names: readonly string[];
}

/** A form in which images leave the store. */
export interface Exporter {
  /** As it is chosen: `oci`. */
  readonly type: string;
  /** Either all of it is there afterwards, or what was there before. Rejects with FailureError. */
  export(image: ExportedImage, signal: AbortSignal): Promise<void>;
}
