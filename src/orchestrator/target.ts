import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Progress } from '../progress.ts';
import type { ImageName } from '../project/image-name.ts';
import type { MovedTag } from './moved-tag.ts';

/** Where images are copied to: a registry, or the local store. */
export interface Target {
  reference(image: ImageName, tag: string): string;
  /** What the version names if it need not be copied: the same digest or, by its keys, the same content. */
  find(image: ImageName, version: string, descriptor: Descriptor): Promise<Digest | undefined>;
  /** All that the descriptor reaches. */
  receive(image: ImageName, descriptor: Descriptor): Promise<void>;
  /** What was received becomes visible under its version and, where that is to be, `latest`. */
  name(image: ImageName, version: string, descriptor: Descriptor): Promise<readonly MovedTag[]>;
  /** Of a version that is there already: whatever tags an earlier run has left undone. */
  finish(image: ImageName, version: string): Promise<readonly MovedTag[]>;
}

/** Options for copying a graph that report how far it is. */
export function reporting(image: ImageName, progress: Progress) {
  return {
    onProgress: ({ descriptor: { digest, size }, done }: { readonly descriptor: Descriptor; readonly done: number }) =>
      progress.emit({ type: 'blob-progress', image, digest, done, total: size }),
  };
}
