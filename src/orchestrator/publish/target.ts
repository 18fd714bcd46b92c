import type { ContentSink } from '../../oci/content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageName } from '../../project/image-name.ts';
import type { MovedTag } from './moved-tag.ts';

/** One version of an image. */
export interface ImageVersion {
  readonly name: ImageName;
  readonly version: string;
}

/** Where images are copied to: a registry, or the local store. */
export interface Target {
  reference(image: ImageName, tag: string): string;
  /** What the version names if it need not be copied: the same digest or, by its keys, the same content. */
  find(image: ImageVersion, descriptor: Descriptor): Promise<Digest | undefined>;
  /** What the content of an image is written to. */
  sink(image: ImageName): ContentSink;
  /** What was received becomes visible under its version and, where that is to be, `latest`. */
  name(image: ImageVersion, descriptor: Descriptor): Promise<readonly MovedTag[]>;
  /** Of a version that is there already: whatever tags an earlier run has left undone. */
  finish(image: ImageVersion): Promise<readonly MovedTag[]>;
}
