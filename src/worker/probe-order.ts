import type { IsolationTier } from '../engine/engine-options.ts';

/** What `probeMachine()` sends to the process inside; the answer is a list of facts. */
export interface ProbeOrder {
  /** Empty. Removed by who made it, when the process has ended and with it all mounts. */
  readonly dir: string;
  readonly path: string;
  readonly tier: IsolationTier;
}

/** Below `dir`: directories of an overlay mount, `upper`, `work` and so on. */
export const OVERLAY = 'overlay';
