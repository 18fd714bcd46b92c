import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Op } from '../solver/op.ts';
import { copyRunner } from './copy.ts';
import { execRunner } from './exec.ts';
import { imageRunner } from './image.ts';
import { makeDirectoryRunner } from './make-directory.ts';
import type { OpDefinition, Step, StepOrigin } from './op-definition.ts';
import type { RunnerServices } from './runner-services.ts';
import { scratchRunner } from './scratch.ts';

/** A row per kind, or it does not compile. */
type Runners = {
  readonly [K in OpDefinition['kind']]: (
    op: Extract<OpDefinition, { readonly kind: K }>,
    services: RunnerServices,
    origin?: StepOrigin,
  ) => Op<Snapshot>;
};

const runners: Runners = {
  scratch: scratchRunner,
  image: imageRunner,
  copy: copyRunner,
  'make-directory': makeDirectoryRunner,
  exec: execRunner,
};

/** The operation that a step stands for. */
export function runnerFor({ op, origin }: Step, services: RunnerServices): Op<Snapshot> {
  const make = runners[op.kind] as (op: OpDefinition, services: RunnerServices, origin?: StepOrigin) => Op<Snapshot>;
  return make(op, services, origin);
}
