import type { Case } from './case.ts';

/** A case that is ready to be built. */
export interface StagedCase {
  readonly case: Case;
  /** Absolute. */
  readonly context: string;
  /** A directory for one build: what is written there is the builder's. */
  readonly scratch: string;
  /** What else is to be written, as both builders understand it: `type=tar,dest=FILE`. */
  readonly outputs?: readonly string[] | undefined;
}

/** The OCI layout that was made, a directory; or what was said when there was none. */
export type Built = { readonly layout: string } | { readonly refused: string };

/** A program that builds Dockerfiles. */
export interface ConformanceBuilder {
  readonly name: string;
  build(staged: StagedCase): Promise<Built>;
}
