import type { Descriptor } from '../../oci/descriptor.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Progress } from '../../progress.ts';
import type { RemoteRepository } from '../../registry/remote-repository.ts';
import type { Store } from '../../store/store.ts';
import type { PushPreparation } from './push-preparation.ts';

/** An image of the store, on its way to where it is wanted. */
export interface ExportedImage {
  /** All that it reaches is in the store; layers of our own are not compressed there. */
  readonly image: Descriptor;
  /** None for an image without a name. */
  readonly names: readonly Reference[];
}

/** What exporters work with. */
export interface ExportServices {
  readonly store: Store;
  /** The same image with its layers compressed, each once: what others are given. */
  readonly preparation: PushPreparation;
  readonly repository: (
    name: Reference,
  ) => Promise<Pick<RemoteRepository, 'has' | 'put' | 'putManifest' | 'manifestsAreWhole'>>;
  readonly progress: Progress;
  /** Of this machine. */
  readonly platform: Platform;
  /** Whether files can be given to any user. */
  readonly isRoot: boolean;
}

/**
 * A form in which images are kept or leave: under names in the store, in an archive or a directory, in a registry. `exporters.ts` has a
 * row for each; what holds for all of them is tested in test/engine/exporter/exporter.test.ts.
 */
export interface Exporter {
  /** As it is chosen: `oci`. */
  readonly type: string;
  /**
   * Either all of it is there afterwards, or what was there before. Returns what the image is there: with compressed layers
   * it has another digest. Rejects with FailureError, or with the reason of the signal.
   */
  export(exported: ExportedImage, signal: AbortSignal): Promise<Descriptor>;
}
