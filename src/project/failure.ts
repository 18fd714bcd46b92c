import type { Failure, SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import type { Notice } from './project.ts';

export function missingContexts(directory: string) {
  return {
    reason: 'missing-contexts',
    message: `there is no directory contexts/ in ${directory}`,
    hint: 'name the directory that holds contexts/ with -C, or create contexts/00-base with a Dockerfile and an info.edn',
  } as const satisfies Failure;
}

export function unreadable(file: string, why: string) {
  return { reason: 'unreadable', message: `${file} cannot be read: ${why}` } as const satisfies Failure;
}

export function missingDockerfile(path: string) {
  return {
    reason: 'missing-dockerfile',
    message: `${path} has no Dockerfile`,
    hint: 'write one, or start the name of the directory with _ if it is no build context',
  } as const satisfies Failure;
}

export function missingMetadata(path: string) {
  return {
    reason: 'missing-metadata',
    message: `${path} has neither an info.edn nor a VERSION`,
    hint: `write ${path}/info.edn, for example: {:version "1.0.0"}`,
  } as const satisfies Failure;
}

export function notAFile(file: string) {
  return { reason: 'not-a-file', message: `${file} is not a regular file` } as const satisfies Failure;
}

export function notUtf8(at: SourceSpan) {
  return {
    reason: 'not-utf8',
    message: `${at.file} is not UTF-8 from line ${at.line}, column ${at.column} on`,
    hint: 'convert it, for example with: iconv -f latin1 -t utf-8',
    at,
  } as const satisfies Failure;
}

export function invalidImageName(path: string, name: string) {
  const suggestion = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return {
    reason: 'invalid-image-name',
    message:
      name === ''
        ? `${path} has no name after its prefix`
        : `${path} would become an image named ${JSON.stringify(name)}, which no registry accepts`,
    hint:
      suggestion === ''
        ? 'rename it to something like 00-base'
        : `lower case letters and digits, with single dots, underscores or dashes between them, such as: ${suggestion}`,
  } as const satisfies Failure;
}

export function duplicateImageName(name: ImageName, paths: readonly string[]) {
  return {
    reason: 'duplicate-image-name',
    message: `${paths.join(' and ')} would both become the image ${name}`,
    hint: 'the prefix does not count: rename all but one',
  } as const satisfies Failure;
}

/** `problem` completes the sentence “at this place …”. */
export function ednSyntax(problem: string, at: SourceSpan) {
  return { reason: 'edn-syntax', message: `${at.file} is not valid EDN: ${problem}`, at } as const satisfies Failure;
}

export function ednDuplicate(what: string, first: SourceSpan, at: SourceSpan) {
  return {
    reason: 'edn-duplicate',
    message: `${at.file} has ${what} twice, first in line ${first.line}`,
    hint: 'remove one of them',
    at,
  } as const satisfies Failure;
}

export function infoNotAMap(found: string, at: SourceSpan) {
  return {
    reason: 'info-not-a-map',
    message: `${at.file} holds ${found} where a map is expected`,
    hint: 'for example: {:version "1.0.0"}',
    at,
  } as const satisfies Failure;
}

export function missingVersion(at: SourceSpan) {
  return {
    reason: 'missing-version',
    message: `${at.file} gives no version`,
    hint: at.file.endsWith('.edn') ? 'add one, for example: :version "1.0.0"' : 'write one, for example: 1.0.0',
    at,
  } as const satisfies Failure;
}

export function wrongType(key: string, expected: string, found: string, at: SourceSpan) {
  return {
    reason: 'wrong-type',
    message: `${key} in ${at.file} is ${found}, but ${expected} is expected`,
    at,
  } as const satisfies Failure;
}

export function illegalVersion(version: string, at: SourceSpan) {
  return {
    reason: 'illegal-version',
    message: `the version ${JSON.stringify(version)} in ${at.file} cannot be the tag of an image`,
    hint: version.includes('+')
      ? 'a tag has no +: write - instead'
      : 'letters, digits, _, . and -, not starting with . or -, at most 128',
    at,
  } as const satisfies Failure;
}

export function emptyPlatforms(at: SourceSpan) {
  return {
    reason: 'empty-platforms',
    message: `${at.file} names no platform`,
    hint: 'leave it out to build for the default platforms',
    at,
  } as const satisfies Failure;
}

export function invalidVariant(variant: string, at: SourceSpan) {
  return {
    reason: 'invalid-variant',
    message: `${JSON.stringify(variant)} in ${at.file} cannot be the suffix of a tag`,
    hint: 'letters, digits, _, . and -, without the dash that joins it to the version, for example: slim',
    at,
  } as const satisfies Failure;
}

export function versionNotSemver(version: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'version-not-semver',
    message: `the version ${version} in ${at.file} is not of the form major.minor.patch`,
    hint: 'it is built as it is; a cascade raises its last number',
    at,
  } as const satisfies Notice;
}

export function extraForms(at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'edn-extra-forms',
    message: `only the first form of ${at.file} is read, and there is another`,
    hint: 'put all keys into one map',
    at,
  } as const satisfies Notice;
}
