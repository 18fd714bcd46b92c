import type { Failure, FailureShape, ReasonOf } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'orchestrator/state': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** The environment. `why` is what its registry said, or did not; `isSeen` where there is a digest to go on with. */
export function baseUnreachable(reference: string, why: Failure, isSeen: boolean) {
  const hint = why.hint ?? 'try again when its registry answers';
  return {
    reason: 'base-unreachable',
    message: `cannot find out what the base image ${reference} is now: ${why.message}`,
    hint: isSeen ? `${hint}; or pass --offline-bases to use the digest last seen` : hint,
  } as const satisfies FailureShape;
}

/** The environment. `patience` in milliseconds. */
export function registrySilent(patience: number) {
  return {
    reason: 'registry-unreachable',
    message: `its registry did not answer within ${patience / 1000} s`,
  } as const satisfies FailureShape;
}

/** The environment, for `--offline-bases`. */
export function baseNeverSeen(reference: string) {
  return {
    reason: 'base-never-seen',
    message: `the base image ${reference} was never seen by this store`,
    hint: 'run the command once without --offline-bases, or pin the image to a digest',
  } as const satisfies FailureShape;
}

/** The environment. `why` is what its server said, or did not; `isSeen` where there is content to go on with. */
export function sourceUnknownNow(source: string, why: Failure, isSeen: boolean) {
  const hint = why.hint ?? 'try again when its server answers';
  return {
    reason: 'source-unknown-now',
    message: `cannot find out what ${source} is now: ${why.message}`,
    hint: isSeen ? `${hint}; or pass --offline-bases to use what was last seen` : hint,
  } as const satisfies FailureShape;
}

/** The environment, for `--offline-bases`. */
export function sourceNeverSeen(source: string) {
  return {
    reason: 'source-never-seen',
    message: `${source} was never seen by this store`,
    hint: 'run the command once without --offline-bases, or give ADD a --checksum',
  } as const satisfies FailureShape;
}

/** Its registry answered: there is no such image. */
export function baseUnknown(reference: string) {
  return {
    reason: 'base-not-found',
    message: `the base image ${reference} does not exist in its registry, nor in the store`,
    hint: 'check its name and tag; an image of this project is written as ${REGISTRY}/name:version',
  } as const satisfies FailureShape;
}
