import type { Digest } from '../../oci/digest.ts';
import type { KeyPart } from '../../oci/key-part.ts';
import type { Progress } from '../../progress.ts';

/** How one vertex is cached. */
export interface CacheMap<R> {
  /** Of the operation alone: an image source's manifest digest; a RUN's argv, env, mounts, user and cwd. */
  readonly digest: Digest;
  /** Per input, how to key on its *content*; undefined keys on how the input was made. */
  readonly contentDigests: readonly (((input: R) => Promise<Digest>) | undefined)[];
  /**
   * What `digest` and the content digests are made of: where they differ so do these, and the other way round. Asked for only
   * where the vertex has to be run.
   */
  readonly parts?: ((inputs: readonly R[]) => Promise<readonly KeyPart[]>) | undefined;
}

/** What an operation is told while it works. */
export interface OpContext {
  readonly progress: Progress;
  /** Identity of the step, for its events. */
  readonly step: string;
  readonly signal: AbortSignal;
}

/** How a result holds the first input that it was made on. */
export interface Layering<R> {
  /** The first input, as it is in `result`. */
  readonly baseOf: (result: R) => R;
  /** `result`, which was made on something equal, on `base`. */
  readonly onto: (result: R, base: R) => R;
  readonly isSame: (one: R, other: R) => boolean;
}

/** What the solver asks of an operation. `R` is a Snapshot in cip, a number in the solver's own tests. */
export interface Op<R> {
  /** For one whose result holds its first input: it must be keyed on the content of that. */
  readonly layering?: Layering<R> | undefined;
  cacheMap(signal: AbortSignal): Promise<CacheMap<R>>;
  exec(inputs: readonly R[], context: OpContext): Promise<R>;
}
