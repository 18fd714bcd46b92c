import type { Stage } from '../../dockerfile/dockerfile.ts';
import type { Failure, SourceSpan } from '../../result.ts';

/** `isItself`: the stage that uses it is the one it names. */
export function stageNotYetDefined(name: string, isItself: boolean, at: SourceSpan) {
  return {
    reason: 'stage-not-yet-defined',
    message: isItself
      ? `the stage ${shortened(name)} takes files from itself`
      : `the stage ${shortened(name)} comes after the stage that uses it`,
    hint: isItself
      ? 'name a stage above it; stages are numbered from 0'
      : `move ${shortened(name)} up: a stage can only use stages above it`,
    at,
  } as const satisfies Failure;
}

/** `unset` are the variables of the FROM that have no value. */
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

/** Found in the Dockerfile, before anything is copied; `text` has its variables filled in. */
export function invalidChmodFlag(text: string, at: SourceSpan) {
  return {
    reason: 'invalid-chmod',
    message: `--chmod=${shortened(text)} is neither octal (0 to 7777) nor symbolic`,
    hint: 'write for example --chmod=0755 or --chmod=u=rwX,go=rX',
    at,
  } as const satisfies Failure;
}

/** `at` is the RUN that needs the user: an image may have any. */
export function runUserInvalid(user: string, at: SourceSpan) {
  return {
    reason: 'user-invalid',
    message: `no process can run as USER ${shortened(user)}`,
    hint: 'write USER name or USER name:group above it, or their numbers',
    at,
  } as const satisfies Failure;
}

/** Valid, and BuildKit does it; `what` is named as written. */
export function notSupported(what: string, hint: string, at: SourceSpan) {
  return {
    reason: 'not-supported',
    message: `${what} is not supported by the embedded engine`,
    hint,
    at,
  } as const satisfies Failure;
}

/** Found only once variables are filled in, which parsing can't do. */
export function invalidValue(
  { what, value, hint }: { readonly what: string; readonly value: string; readonly hint: string },
  at: SourceSpan,
) {
  return {
    reason: 'invalid-value',
    message: `${what} cannot be ${JSON.stringify(shortened(value))}`,
    hint,
    at,
  } as const satisfies Failure;
}

/** `at` is the FROM whose image has the trigger. */
export function argumentNotCounted(
  name: string,
  { trigger, image, at }: { readonly trigger: string; readonly image: string; readonly at: SourceSpan },
) {
  const use = name === 'REGISTRY' ? ' and LABEL registry=$REGISTRY' : '';
  return {
    reason: 'argument-not-counted',
    message: `${shortened(image)} has the trigger ONBUILD ${shortened(trigger)}, which takes the build argument ${shortened(name)}, and no instruction of the Dockerfile declares that`,
    hint: `write ARG ${shortened(name)}${use} below this FROM, so that another value rebuilds the image`,
    at,
  } as const satisfies Failure;
}

/** `at` is the FROM whose image has the trigger. */
export function imageNotCounted(
  reference: string,
  { trigger, image, at }: { readonly trigger: string; readonly image: string; readonly at: SourceSpan },
) {
  return {
    reason: 'image-not-counted',
    message: `${shortened(image)} has the trigger ONBUILD ${shortened(trigger)}, which uses ${shortened(reference)}, and no instruction of the Dockerfile names that`,
    hint: 'write the same instruction in the Dockerfile, so that another image under that name rebuilds this one',
    at,
  } as const satisfies Failure;
}

/** The failure of a trigger, at the FROM whose image has it. */
export function ofTrigger(failure: Failure, trigger: string, { image, imageAt }: Stage['from']): Failure {
  const message = `${failure.message} (${shortened(image)} has the trigger ONBUILD ${shortened(trigger)})`;
  return { ...failure, message, at: imageAt };
}

/** What fits into a sentence. */
function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** Failures of a word, at the instruction it stands in. */
export function located(failures: readonly Failure[], at: SourceSpan): readonly Failure[] {
  return failures.map((failure) => ({ ...failure, at }));
}
