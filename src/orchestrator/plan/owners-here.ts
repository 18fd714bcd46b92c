import type { Failure } from '../../result.ts';

/** Whether RUN steps keep the owners of files on the machine that builds (ADR 0025). */
export interface OwnersHere {
  readonly areKept: boolean;
  /** What keeps them from being kept; absent where no step can run at all. */
  readonly why?: Failure | undefined;
}

/** The answer where nobody asked what this machine can do: steps keep the owners they give. */
export const ownersKept: OwnersHere = { areKept: true };
