import type { FailureShape, SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import type { NoticeShape } from './project.ts';
import type { ReferencePlace } from './reference-failure.ts';

export function finishedCascade(files: readonly string[]) {
  return {
    level: 'notice',
    reason: 'cascade-finished',
    message: `an interrupted cascade has been finished: ${files.join(', ')}`,
  } as const satisfies NoticeShape;
}

export function changedSincePlanning(file: string) {
  return {
    reason: 'changed-since-planning',
    message: `${file} has changed since the cascade was planned`,
    hint: 'nothing was written: run the cascade again',
  } as const satisfies FailureShape;
}

export function conflictingLinks(file: string) {
  return {
    reason: 'conflicting-links',
    message: `${file} is the same file as that of another context, which needs other versions in it`,
    hint: 'give each context a file of its own',
  } as const satisfies FailureShape;
}

export function unwritable(file: string, why: string) {
  return {
    reason: 'unwritable',
    message: `${file} cannot be replaced: ${why}`,
    hint: 'nothing was written',
  } as const satisfies FailureShape;
}

export function cascadeInProgress() {
  return {
    reason: 'cascade-in-progress',
    message: 'another cascade of this project is being written',
    hint: 'nothing was written: run the cascade again',
  } as const satisfies FailureShape;
}

export function cascadeInterrupted(paths: readonly string[], journal: string) {
  return {
    reason: 'cascade-interrupted',
    message: `a cascade was interrupted, and cannot be finished since other changes were made to ${paths.join(', ')}`,
    hint: `the versions meant for them are in ${journal}: bring them in by hand and remove that directory`,
  } as const satisfies FailureShape;
}

export function journalDamaged(path: string) {
  return {
    reason: 'cascade-journal-damaged',
    message: `${path} is not the journal of a cascade`,
    hint: 'if you know of no interrupted cascade, remove the directory that it is in',
  } as const satisfies FailureShape;
}

export function floatingReference({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'notice',
    reason: 'floating-reference',
    message: `${from} refers to ${text}, which is not one version, so a cascade does not change it`,
    hint: `write :${current} if it is to follow ${to}`,
    at,
  } as const satisfies NoticeShape;
}

export function digestPinned({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'notice',
    reason: 'digest-pinned',
    message: `${from} refers to ${text}, which is a digest without a version, so a cascade does not change it`,
    hint: `write :${current} if it is to follow ${to}`,
    at,
  } as const satisfies NoticeShape;
}

export function digestDropped({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'warning',
    reason: 'digest-dropped',
    message: `the digest of ${text} in ${from} was removed because it is not that of ${to} ${current}`,
    hint: 'pin it again once that version is published',
    at,
  } as const satisfies NoticeShape;
}

export function digestInTheWay({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    reason: 'digest-in-the-way',
    message: `${from} refers to ${text}, whose digest is not that of ${to} ${current}`,
    hint: 'remove the digest',
    at,
  } as const satisfies FailureShape;
}

export function undeclaredVariant({ from, to, text, at }: ReferencePlace, suffix: string, current: string) {
  return {
    reason: 'undeclared-variant',
    message: `${from} refers to ${text}, but ${to} declares no variant ${suffix.replace(/^-/, '')}`,
    hint: `add :variants ["${suffix.replace(/^-/, '')}"] to the info.edn of ${to}, or write :${current}`,
    at,
  } as const satisfies FailureShape;
}

export function uneditableReference({ from, to, text, at }: ReferencePlace, version: string, current: string) {
  return {
    reason: 'uneditable-reference',
    message: `${from} refers to ${to} ${version} as ${text}, where no single piece of text is the version`,
    hint: `change it to ${current} by hand, or put the version in one ARG`,
    at,
  } as const satisfies FailureShape;
}

export function ambiguousArgument(name: ImageName, parent: ImageName, after: string, at: SourceSpan) {
  return {
    reason: 'ambiguous-argument',
    message: `${name} would be changed in more than its reference to ${parent} by raising this default to ${after}`,
    hint: 'give each reference an ARG of its own',
    at,
  } as const satisfies FailureShape;
}

export function unraisableVersion(name: ImageName, version: string, at: SourceSpan) {
  return {
    reason: 'unraisable-version',
    message: `version ${version} of ${name} has no number to raise`,
    hint: 'use a version such as 1.0.0',
    at,
  } as const satisfies FailureShape;
}
