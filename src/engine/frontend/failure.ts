import type { Failure, FailureShape, ReasonOf, SourceSpan } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/frontend': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** `isItself`: the stage that uses it is the one it names. */
export function stageNotYetDefined(name: string, isItself: boolean, at: SourceSpan) {
  return {
    reason: 'stage-not-yet-defined',
    message: isItself
      ? `the stage ${shortenedValue(name)} takes files from itself`
      : `the stage ${shortenedValue(name)} comes after the stage that uses it`,
    hint: isItself
      ? 'name a stage above it; stages are numbered from 0'
      : `move ${shortenedValue(name)} up: a stage can only use stages above it`,
    at,
  } as const satisfies FailureShape;
}

/** `unset` are the variables of the FROM that have no value. */
export function emptyBaseName(written: string, unset: readonly string[], at: SourceSpan) {
  return {
    reason: 'base-name-empty',
    message: `${shortenedValue(written)} is empty after its variables are filled in`,
    hint:
      unset.length > 0
        ? `give ${shortenedValue(unset.join(', '))} a default above the first FROM, or a --build-arg`
        : undefined,
    at,
  } as const satisfies FailureShape;
}

/** Found in the Dockerfile, before anything is copied; `text` has its variables filled in. */
export function invalidChmodFlag(text: string, at: SourceSpan) {
  return {
    reason: 'invalid-chmod',
    message: `--chmod=${shortenedValue(text)} is neither octal (0 to 7777) nor symbolic`,
    hint: 'write for example --chmod=0755 or --chmod=u=rwX,go=rX',
    at,
  } as const satisfies FailureShape;
}

/** Valid, and BuildKit does it; `what` is named as written. */
export function notSupported(what: string, hint: string, at: SourceSpan) {
  return {
    reason: 'not-supported',
    message: `${what} is not supported by cip`,
    hint,
    at,
  } as const satisfies FailureShape;
}

/** Found only once variables are filled in, which parsing can't do. */
export function invalidValue(
  { what, value, hint }: { readonly what: string; readonly value: string; readonly hint: string },
  at: SourceSpan,
) {
  return {
    reason: 'invalid-value',
    message: `${what} cannot be ${JSON.stringify(shortenedValue(value))}`,
    hint,
    at,
  } as const satisfies FailureShape;
}

/** `at` is the FROM whose image has the trigger. */
export function argumentNotCounted(
  name: string,
  { trigger, image, at }: { readonly trigger: string; readonly image: string; readonly at: SourceSpan },
) {
  const use = name === 'REGISTRY' ? ' and LABEL registry=$REGISTRY' : '';
  return {
    reason: 'argument-not-counted',
    message: `${shortenedValue(image)} has the trigger ONBUILD ${shortenedValue(trigger)}, which takes the build argument ${shortenedValue(name)}, and no instruction of the Dockerfile declares that`,
    hint: `write ARG ${shortenedValue(name)}${use} below this FROM, so that another value rebuilds the image`,
    at,
  } as const satisfies FailureShape;
}

/** `at` is the FROM whose image has the trigger. */
export function imageNotCounted(
  reference: string,
  { trigger, image, at }: { readonly trigger: string; readonly image: string; readonly at: SourceSpan },
) {
  return {
    reason: 'image-not-counted',
    message: `${shortenedValue(image)} has the trigger ONBUILD ${shortenedValue(trigger)}, which uses ${shortenedValue(reference)}, and no instruction of the Dockerfile names that`,
    hint: 'write the same instruction in the Dockerfile, so that another image under that name rebuilds this one',
    at,
  } as const satisfies FailureShape;
}

/** `source`: what ADD fetches. Nobody knew of it when the build was decided. */
export function remoteNotCounted(source: string, at: SourceSpan) {
  return {
    reason: 'remote-not-counted',
    message: `ADD ${shortenedValue(source)} is in no key, because its address depends on a base image or comes from its trigger`,
    hint: 'write the address in the Dockerfile or in an ARG, or give ADD a --checksum, so that other content rebuilds the image',
    at,
  } as const satisfies FailureShape;
}

/** What fits into a sentence. */
export function shortenedValue(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** Failures of a word, at the instruction it stands in. */
export function located(failures: readonly Failure[], at: SourceSpan): readonly Failure[] {
  return failures.map((failure) => ({ ...failure, at }));
}
