import type { FailureShape, SourceSpan } from '../result.ts';
import type { ReferenceEdit } from './cascade-edit.ts';
import type { ImageName } from './image-name.ts';
import type { NoticeShape } from './project.ts';
import type { NamedReference } from './reference-failure.ts';

/** Loading a project found the journal of a cascade that was cut off, and wrote the rest of it; `files` as shown. */
export function finishedCascade(files: readonly string[]) {
  return {
    level: 'notice',
    reason: 'cascade-finished',
    message: `an interrupted cascade has been finished: ${files.join(', ')}`,
  } as const satisfies NoticeShape;
}

/** The bytes of a file are not those that its edits were computed from, or it is gone. */
export function changedSincePlanning(file: string) {
  return {
    reason: 'changed-since-planning',
    message: `${file} has changed since the cascade was planned`,
    hint: 'nothing was written: run the cascade again',
  } as const satisfies FailureShape;
}

/** Two contexts share a file by a link, and the cascade would write two texts into it. */
export function conflictingLinks(file: string) {
  return {
    reason: 'conflicting-links',
    message: `${file} is the same file as that of another context, which needs other versions in it`,
    hint: 'give each context a file of its own',
  } as const satisfies FailureShape;
}

/** The new text could not be written beside the file; `why` is the system's message. */
export function unwritable(file: string, why: string) {
  return {
    reason: 'unwritable',
    message: `${file} cannot be replaced: ${why}`,
    hint: 'nothing was written',
  } as const satisfies FailureShape;
}

/** The journal's directory was made by a process that is still alive. */
export function cascadeInProgress() {
  return {
    reason: 'cascade-in-progress',
    message: 'another cascade of this project is being written',
    hint: 'nothing was written: run the cascade again',
  } as const satisfies FailureShape;
}

/**
 * The files in `paths` have neither the old text nor the new one, so the journal does not know what to do with them.
 */
export function cascadeInterrupted(paths: readonly string[], journal: string) {
  return {
    reason: 'cascade-interrupted',
    message: `a cascade was interrupted, and cannot be finished since other changes were made to ${paths.join(', ')}`,
    hint: `the versions meant for them are in ${journal}: bring them in by hand and remove that directory`,
  } as const satisfies FailureShape;
}

/** The file at `path` has the name of a journal and not its form, so it says nothing about what was to be written. */
export function journalDamaged(path: string) {
  return {
    reason: 'cascade-journal-damaged',
    message: `${path} is not the journal of a cascade`,
    hint: 'if you know of no interrupted cascade, remove the directory that it is in',
  } as const satisfies FailureShape;
}

/** Nothing to raise: `latest` or a partial version follows the parent by itself. */
export function floatingReference({ from, to, text, at }: NamedReference, current: string) {
  return {
    level: 'notice',
    reason: 'floating-reference',
    message: `${from} refers to ${text}, which is not one version, so a cascade does not change it`,
    hint: `write :${current} if it is to follow ${to}`,
    at,
  } as const satisfies NoticeShape;
}

/** Nothing to raise: the reference has a digest and no tag. */
export function digestPinned({ from, to, text, at }: NamedReference, current: string) {
  return {
    level: 'notice',
    reason: 'digest-pinned',
    message: `${from} refers to ${text}, which is a digest without a version, so a cascade does not change it`,
    hint: `write :${current} if it is to follow ${to}`,
    at,
  } as const satisfies NoticeShape;
}

/** The tag was raised, and the digest beside it, which named the old image, was taken out (`digests: 'drop'`). */
export function digestDropped({ from, to, text, at }: NamedReference, current: string) {
  return {
    level: 'warning',
    reason: 'digest-dropped',
    message: `the digest of ${text} in ${from} was removed because it is not that of ${to} ${current}`,
    hint: 'pin it again once that version is published',
    at,
  } as const satisfies NoticeShape;
}

/** As `digestDropped`, where that was not allowed (`digests: 'fail'`). */
export function digestInTheWay({ from, to, text, at }: NamedReference, current: string) {
  return {
    reason: 'digest-in-the-way',
    message: `${from} refers to ${text}, whose digest is not that of ${to} ${current}`,
    hint: 'remove the digest',
    at,
  } as const satisfies FailureShape;
}

/** The tag ends in a suffix, such as `-slim`, that is not in the parent's `:variants`: it may be part of a version. */
export function undeclaredVariant({ from, to, text, at }: NamedReference, suffix: string, current: string) {
  return {
    reason: 'undeclared-variant',
    message: `${from} refers to ${text}, but ${to} declares no variant ${suffix.replace(/^-/, '')}`,
    hint: `add :variants ["${suffix.replace(/^-/, '')}"] to the info.edn of ${to}, or write :${current}`,
    at,
  } as const satisfies FailureShape;
}

/** The version comes about from several pieces, such as two ARGs, and no edit of one of them gives the new one. */
export function uneditableReference({ from, to, text, at }: NamedReference, version: string, current: string) {
  return {
    reason: 'uneditable-reference',
    message: `${from} refers to ${to} ${version} as ${text}, where no single piece of text is the version`,
    hint: `change it to ${current} by hand, or put the version in one ARG`,
    at,
  } as const satisfies FailureShape;
}

/** One ARG is used in several references, and the cascade needs different values of it; one of them is that of the edit. */
export function ambiguousArgument({ name, parent, after, at }: ReferenceEdit) {
  return {
    reason: 'ambiguous-argument',
    message: `${name} would be changed in more than its reference to ${parent} by raising this default to ${after}`,
    hint: 'give each reference an ARG of its own',
    at,
  } as const satisfies FailureShape;
}

/** A version of the form of no semver, without any number in it; `at` is its place in info.edn or VERSION. */
export function unraisableVersion(name: ImageName, version: string, at: SourceSpan) {
  return {
    reason: 'unraisable-version',
    message: `version ${version} of ${name} has no number to raise`,
    hint: 'use a version such as 1.0.0',
    at,
  } as const satisfies FailureShape;
}
