import type { Failure } from '../result.ts';

/** A usage error. */
export function unknownSelector(selector: string, known: readonly string[], suggestion: string | undefined) {
  return {
    reason: 'unknown-selector',
    message: `no image of this project matches "${selector}"`,
    hint: suggestion === undefined ? `images are: ${known.join(', ') || 'none'}` : `did you mean ${suggestion}?`,
  } as const satisfies Failure;
}

/** A difference that stops a publish: the tag names content that these sources do not give. */
export function changedWithoutBump(reference: string, path: string, what: readonly string[]) {
  return {
    reason: 'changed-without-bump',
    message: `${reference} is published with other content than ${path} gives now`,
    hint: 'raise the version of the image in its info.edn and run cip cascade-version-updates: a published version is never overwritten',
    ...(what.length > 0 && { details: what }),
  } as const satisfies Failure;
}

/** Somebody else published in between. Digests, or undefined where there was no tag. */
export function lostRace(reference: string, wanted: string, found: string | undefined) {
  return {
    reason: 'lost-race',
    message: `${reference} was ${found === undefined ? 'removed' : `set to ${found}`} by somebody else while ${wanted} was made for it`,
    hint: 'run the command again to see what is left to do; nothing of theirs was overwritten',
  } as const satisfies Failure;
}

/** For `--require-all`. */
export function missingInRegistry(reference: string) {
  return {
    reason: 'missing-in-registry',
    message: `${reference} is not in the registry`,
    hint: 'publish it first, or leave out --require-all',
  } as const satisfies Failure;
}

/** Somebody else removed in between what the plan counted on. */
export function imageGone(reference: string) {
  return {
    reason: 'image-gone',
    message: `${reference} was removed after the plan was made`,
    hint: 'run the command again',
  } as const satisfies Failure;
}
