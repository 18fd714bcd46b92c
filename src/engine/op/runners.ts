import { locatedAt } from '../../result.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { CacheMap, Op } from '../solver/op.ts';
import { copyRunner } from './copy.ts';
import { execRunner } from './exec.ts';
import { imageRunner, scratchRunner } from './image.ts';
import { makeDirectoryRunner } from './make-directory.ts';
import type { OpDefinition, Step, StepOrigin } from './op-definition.ts';
import type { RunnerServices } from './runner-services.ts';
import { squashRunner } from './squash.ts';

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
  squash: squashRunner,
};

/** The operation that a step stands for. What fails in it is told with the place of its instruction. */
export function runnerFor({ op, origin }: Step, services: RunnerServices): Op<Snapshot> {
  const make = runners[op.kind] as (op: OpDefinition, services: RunnerServices, origin?: StepOrigin) => Op<Snapshot>;
  const runner = make(op, services, origin);
  return {
    layering: runner.layering,
    cacheMap: (signal) => placed(cacheMapOf(runner, origin, signal), origin),
    exec: (inputs, context) => placed(runner.exec(inputs, context), origin),
  };
}

/** What inputs hold is read when the key is made: a layer of a base may be fetched only then. */
async function cacheMapOf(
  runner: Op<Snapshot>,
  origin: StepOrigin | undefined,
  signal: AbortSignal,
): Promise<CacheMap<Snapshot>> {
  const map = await runner.cacheMap(signal);
  const contentDigests = map.contentDigests.map(
    (digestOf) => digestOf && ((input: Snapshot) => placed(digestOf(input), origin)),
  );
  return { ...map, contentDigests };
}

async function placed<T>(work: Promise<T>, origin: StepOrigin | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw locatedAt(error, origin?.at);
  }
}
