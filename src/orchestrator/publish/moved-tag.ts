import type { Digest } from '../../oci/digest.ts';

/** A tag that was set, and what it named before: null where it is new. */
export interface MovedTag {
  /** `registry/name:tag`. */
  readonly reference: string;
  readonly before: Digest | null;
  readonly after: Digest;
}
