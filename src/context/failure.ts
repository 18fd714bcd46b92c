import type { Failure } from '../result.ts';

/** The environment: something writes into the context while it is read, or has since its content was decided on. */
export function contextChanging(path: string) {
  return {
    reason: 'context-changing',
    message: `${path} changed while it was read`,
    hint: 'wait for whatever writes it, or list it in .dockerignore, and run the command again',
  } as const satisfies Failure;
}

/** The environment. `why` is what the operating system said. */
export function contextUnreadable(path: string, why: string) {
  return {
    reason: 'context-unreadable',
    message: `${path} cannot be read: ${why}`,
    hint: 'make it readable, or list it in .dockerignore if no image needs it',
  } as const satisfies Failure;
}

/** A stage that a build is made of without it being part of the key. */
export function stageNotCounted(stage: string) {
  return {
    reason: 'stage-not-counted',
    message: `the build uses the stage ${stage}, which no instruction of the Dockerfile says`,
    hint: 'the base image has an ONBUILD trigger that uses it: write the same COPY --from in the Dockerfile, so that a change of that stage rebuilds the image',
  } as const satisfies Failure;
}

/** What a build reads without it being part of the key: an ONBUILD trigger of an image that the project does not build. */
export function contextNotCounted(what: string) {
  return {
    reason: 'context-not-counted',
    message: `the build copies ${what} from its context, which no instruction of the Dockerfile says`,
    hint: 'the base image has an ONBUILD trigger that copies it: write the same COPY in the Dockerfile, so that a change of these files rebuilds the image',
  } as const satisfies Failure;
}
