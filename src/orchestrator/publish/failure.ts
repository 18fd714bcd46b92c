import { nameList } from '../../project/name-list.ts';
import type { FailureShape, ReasonOf } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'orchestrator/publish': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** Somebody else published other content in between. Digests, or undefined where there was no tag. */
export function lostRace(reference: string, wanted: string | undefined, found: string | undefined) {
  return {
    reason: 'lost-race',
    message: `${reference} was ${found === undefined ? 'removed' : `set to ${found}, made from different sources,`} by somebody else${wanted === undefined ? '' : ` while ${wanted} was made for it`}`,
    hint: 'run the command again to see what is left to do; nothing of theirs was overwritten',
  } as const satisfies FailureShape;
}

/** Each time it was looked at again, somebody else had moved it. */
export function tagKeepsMoving(reference: string) {
  return {
    reason: 'tag-keeps-moving',
    message: `${reference} was moved by somebody else each time it was set`,
    hint: 'wait until the others have published, and run the command again',
  } as const satisfies FailureShape;
}

/** Tags were being set when something went wrong. `tagged`: images whose version is set; `behind`: whose `latest` is not. */
export function publishPartial(tagged: readonly string[], total: number, behind: readonly string[]) {
  const names = tagged.length === 0 ? '' : ` (${nameList(tagged)})`;
  const rest = tagged.length === total ? `, but latest is not set for ${nameList(behind)}` : '';
  return {
    reason: 'publish-partial',
    message: `publishing stopped partway: ${tagged.length} of ${total} images are tagged${names}${rest}`,
    hint: 'run the same command again to finish',
  } as const satisfies FailureShape;
}

/** To copy: the target has the version, made from other sources. */
export function differentContent(reference: string, wanted: string, found: string | undefined) {
  return {
    reason: 'different-content',
    message: `${reference} is ${found ?? 'gone'}, which has different content than ${wanted}`,
    hint: 'a published version is never overwritten: raise its version, or delete the tag there first',
  } as const satisfies FailureShape;
}

/** For `--require-all`. */
export function missingInRegistry(reference: string) {
  return {
    reason: 'missing-in-registry',
    message: `${reference} is not in the registry`,
    hint: 'publish it first, or leave out --require-all',
  } as const satisfies FailureShape;
}

/** Somebody else removed in between what the plan counted on. */
export function imageGone(reference: string) {
  return {
    reason: 'image-gone',
    message: `${reference} was removed after the plan was made`,
    hint: 'run the command again',
  } as const satisfies FailureShape;
}
