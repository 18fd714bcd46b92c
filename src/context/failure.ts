import { quoted } from '../dockerfile/quoted.ts';
import type { FailureShape, ReasonOf, SourceSpan } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly context: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** The environment: something writes into the context while it is read, or has since its content was decided on. */
export function contextChanging(path: string) {
  return {
    reason: 'context-changing',
    message: `${path} changed while it was read`,
    hint: 'wait for whatever writes it, or list it in .dockerignore, and run the command again',
  } as const satisfies FailureShape;
}

/** The environment. `why` is what the operating system said. */
export function contextUnreadable(path: string, why: string) {
  return {
    reason: 'context-unreadable',
    message: `${path} cannot be read: ${why}`,
    hint: 'make it readable, or list it in .dockerignore if no image needs it',
  } as const satisfies FailureShape;
}

/** A line of an ignore file. */
export interface IgnoreLine {
  /** As shown. */
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly pattern: string;
}

/** What an instruction would copy, and where that is said. */
export interface NamedSource {
  readonly source: string;
  /** What people call the context. */
  readonly shown: string;
  readonly at: SourceSpan;
  /** The instruction, where it is a trigger of the base image. */
  readonly trigger?: string | undefined;
}

/** `clue`: what may be meant; `outside` for a path with `..`; `option` where another dash stands for its hyphens. */
export function sourceMissing(
  named: NamedSource,
  clue:
    | 'outside'
    | { readonly option: string }
    | { readonly within: string }
    | { readonly nearest: string }
    | undefined,
) {
  const { source, shown, at } = named;
  const general = `check the spelling and the case: paths are relative to ${shown}`;
  const hint =
    clue === undefined
      ? general
      : clue === 'outside'
        ? `a build sees nothing above ${shown}: move or copy the file into it`
        : 'option' in clue
          ? `did you mean ${clue.option}? Options begin with two hyphens, and this is another dash`
          : 'within' in clue
            ? `write ${clue.within}: paths are relative to ${shown}`
            : `did you mean ${clue.nearest}?`;
  return {
    reason: 'copy-source-missing',
    message: `${source} does not exist in the build context (${shown})${wanted(named)}`,
    hint,
    at,
  } as const satisfies FailureShape;
}

/** For a read of which only the selection matters. `message` says what is not there. */
export function nothingSelected(message: string) {
  return { reason: 'copy-source-missing', message } as const satisfies FailureShape;
}

/** The file is there, but a line of the ignore file leaves it out. */
export function sourceExcluded(named: NamedSource, { file, line, pattern }: IgnoreLine) {
  const { source, at } = named;
  return {
    reason: 'copy-source-missing',
    message: `${source} is excluded from the build context by line ${line} of ${file}: ${pattern}${wanted(named)}`,
    hint: `add a line after it: !${source.replace(/^(?:\.?\/)+/, '')}`,
    at,
  } as const satisfies FailureShape;
}

/** It is cip's own store, or lies in it. */
export function sourceInStore(named: NamedSource) {
  const { source, shown, at } = named;
  return {
    reason: 'copy-source-missing',
    message: `${source} belongs to the store of cip, which is left out of the build context (${shown})${wanted(named)}`,
    hint: 'copy something else; if the file is yours, move it out of the store, or set CIP_STORE to another directory',
    at,
  } as const satisfies FailureShape;
}

function wanted({ trigger }: NamedSource): string {
  return trigger === undefined ? '' : `, as the base image wants it: ONBUILD ${trigger}`;
}

/** A stage that a build is made of without it being part of the key. */
export function stageNotCounted(stage: string) {
  return {
    reason: 'stage-not-counted',
    message: `the build uses the stage ${stage}, which no instruction of the Dockerfile says`,
    hint: 'the base image has an ONBUILD trigger that uses it: write the same COPY --from in the Dockerfile, so that a change of that stage rebuilds the image',
  } as const satisfies FailureShape;
}

/** What a build reads without it being part of the key: an ONBUILD trigger of an image that the project does not build. */
export function contextNotCounted(what: string) {
  return {
    reason: 'context-not-counted',
    message: `the build copies ${what} from its context, which no instruction of the Dockerfile says`,
    hint: 'the base image has an ONBUILD trigger that copies it: write the same COPY in the Dockerfile, so that a change of these files rebuilds the image',
  } as const satisfies FailureShape;
}

/** The environment. `why` as in words of `whyUnreadable`; no line of it could leave the file itself out. */
export function ignoreFileUnreadable(file: string, why: string) {
  return {
    reason: 'context-unreadable',
    message: `${file} cannot be read: ${why}`,
    hint: 'make it readable for the user that runs cip, or remove it: it says what is left out of the build context',
  } as const satisfies FailureShape;
}

/** A pipe would block and a device never end: neither is opened. */
export function ignoreFileNotRegular(file: string) {
  return {
    reason: 'not-a-file',
    message: `${file} is not a regular file`,
    hint: 'replace it with a file',
  } as const satisfies FailureShape;
}

/** `found` completes the sentence; `at`: in the Dockerfile, where it says it. */
export function invalidEpoch(text: string, found: string, at?: SourceSpan) {
  return {
    reason: 'invalid-epoch',
    message: `SOURCE_DATE_EPOCH is ${quoted(text)}, ${found}`,
    hint: 'give it whole seconds, such as $(git log -1 --format=%ct), or a stage from scratch that has one ADD of an address',
    at,
  } as const satisfies FailureShape;
}

/** The variable of https://reproducible-builds.org/specs/source-date-epoch/, or the argument, is set to what has no time. */
export function invalidSourceDateEpoch(text: string) {
  return {
    reason: 'invalid-source-date-epoch',
    message: `SOURCE_DATE_EPOCH is ${quoted(text)}, which is no number of seconds since 1970, not the word context, and no stage or named context`,
    hint: 'set it to whole seconds, such as $(git log -1 --format=%ct), or unset it',
  } as const satisfies FailureShape;
}
