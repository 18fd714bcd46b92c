import type { Failure, SourceSpan } from '../../result.ts';

export function stageNotYetDefined(name: string, at: SourceSpan) {
  return {
    reason: 'stage-not-yet-defined',
    message: `the stage ${shortened(name)} comes after the stage that uses it`,
    hint: `move ${shortened(name)} up: a stage can only use stages above it`,
    at,
  } as const satisfies Failure;
}

export function severalNeedDirectory(keyword: string, destination: string, at: SourceSpan) {
  return {
    reason: 'copy-needs-directory',
    message: `${keyword} has several sources, and its destination ${shortened(destination)} does not end with a slash`,
    hint: `write ${shortened(destination)}/`,
    at,
  } as const satisfies Failure;
}

export function emptyBaseName(written: string, unset: readonly string[], at: SourceSpan) {
  return {
    reason: 'base-name-empty',
    message: `${shortened(written)} is empty after its variables are filled in`,
    hint:
      unset.length > 0
        ? `give ${shortened(unset.join(', '))} a default above the first FROM, or a --build-arg`
        : undefined,
    at,
  } as const satisfies Failure;
}

export function notSupported(what: string, hint: string, at: SourceSpan) {
  return {
    reason: 'not-supported',
    message: `${what} is not supported by the embedded engine`,
    hint,
    at,
  } as const satisfies Failure;
}

export function invalidValue(what: string, value: string, hint: string, at: SourceSpan) {
  return {
    reason: 'invalid-value',
    message: `${what} cannot be ${JSON.stringify(shortened(value))}`,
    hint,
    at,
  } as const satisfies Failure;
}

/** `at` is the FROM whose image has the trigger. */
export function argumentNotCounted(name: string, trigger: string, image: string, at: SourceSpan) {
  const use = name === 'REGISTRY' ? ' and LABEL registry=$REGISTRY' : '';
  return {
    reason: 'argument-not-counted',
    message: `${shortened(image)} has the trigger ONBUILD ${shortened(trigger)}, which takes the build argument ${shortened(name)}, and no instruction of the Dockerfile declares that`,
    hint: `write ARG ${shortened(name)}${use} below this FROM, so that another value rebuilds the image`,
    at,
  } as const satisfies Failure;
}

/** `at` is the FROM whose image has the trigger. */
export function imageNotCounted(reference: string, trigger: string, image: string, at: SourceSpan) {
  return {
    reason: 'image-not-counted',
    message: `${shortened(image)} has the trigger ONBUILD ${shortened(trigger)}, which uses ${shortened(reference)}, and no instruction of the Dockerfile names that`,
    hint: 'write the same instruction in the Dockerfile, so that another image under that name rebuilds this one',
    at,
  } as const satisfies Failure;
}

/** What fits into a sentence. */
function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** Failures of a word, at the instruction it stands in. */
export function located(failures: readonly Failure[], at: SourceSpan): readonly Failure[] {
  return failures.map((failure) => ({ ...failure, at }));
}
