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
  return {
    reason: 'unreadable',
    message: `${file} cannot be read: ${why}`,
    hint: 'check that it is a file, and its permissions',
  } as const satisfies Failure;
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

export function noContexts(directory: string) {
  return {
    level: 'notice',
    reason: 'no-contexts',
    message: `there is no build context in ${directory}`,
    hint: `create ${directory}/00-base with a Dockerfile and an info.edn`,
  } as const satisfies Notice;
}

export function ignoredDirectory(path: string) {
  return {
    level: 'notice',
    reason: 'ignored-directory',
    message: `${path} is not a build context: its name starts with . or _`,
  } as const satisfies Notice;
}

export function danglingLink(path: string) {
  return {
    level: 'warning',
    reason: 'dangling-link',
    message: `${path} is a symbolic link that leads nowhere, so it is not a build context`,
  } as const satisfies Notice;
}

export function prefixesOfMixedWidth(earlier: string, later: string) {
  return {
    level: 'warning',
    reason: 'mixed-prefix-widths',
    message: `${earlier} comes before ${later} by number, but after it where names are sorted as text`,
    hint: 'write all prefixes with the same number of digits',
  } as const satisfies Notice;
}

export function finishedCascade(files: readonly string[]) {
  return {
    level: 'notice',
    reason: 'cascade-finished',
    message: `a cascade that was interrupted has been finished: ${files.join(', ')}`,
  } as const satisfies Notice;
}

export function changedSincePlanning(file: string) {
  return {
    reason: 'changed-since-planning',
    message: `${file} has changed since the cascade was planned`,
    hint: 'nothing was written: run the cascade again',
  } as const satisfies Failure;
}

export function conflictingLinks(file: string) {
  return {
    reason: 'conflicting-links',
    message: `${file} is the same file as that of another context, which needs other versions in it`,
    hint: 'give each context a file of its own',
  } as const satisfies Failure;
}

export function unwritable(file: string, why: string) {
  return {
    reason: 'unwritable',
    message: `${file} cannot be replaced: ${why}`,
    hint: 'nothing was written',
  } as const satisfies Failure;
}

export function cascadeInProgress() {
  return {
    reason: 'cascade-in-progress',
    message: 'another cascade of this project is being written',
    hint: 'nothing was written: run the cascade again',
  } as const satisfies Failure;
}

export function cascadeInterrupted(paths: readonly string[], journal: string) {
  return {
    reason: 'cascade-interrupted',
    message: `a cascade was interrupted, and cannot be finished since other changes were made to ${paths.join(', ')}`,
    hint: `the versions meant for them are in ${journal}: bring them in by hand and remove that directory`,
  } as const satisfies Failure;
}

export function journalDamaged(path: string) {
  return {
    reason: 'cascade-journal-damaged',
    message: `${path} is not the journal of a cascade`,
    hint: 'if you know of no interrupted cascade, remove the directory that it is in',
  } as const satisfies Failure;
}

export function blanksInVariable(text: string, at: SourceSpan) {
  return {
    reason: 'blanks-in-variable',
    message: `${text} is not a variable: there may be no blanks in it`,
    hint: `write ${text.replace(/\s+/g, '')}`,
    at,
  } as const satisfies Failure;
}

export function unresolvableReference(text: string, unset: readonly string[], inStage: boolean, at: SourceSpan) {
  const names = unset.join(' and ');
  return {
    reason: 'unresolvable-reference',
    message: `it is not known which image ${text} is: ${names} ${unset.length === 1 ? 'has' : 'have'} no value`,
    hint: inStage
      ? `an ARG inside a stage is not seen here: declare ${names} above the first FROM, with a default`
      : `declare it with a default above the first FROM, for example: ARG ${unset[0]}=value`,
    at,
  } as const satisfies Failure;
}

export function invalidReference(text: string, expanded: string, why: Failure, at: SourceSpan) {
  const meaning = text === expanded ? '' : `, that is ${expanded},`;
  return {
    reason: 'invalid-reference',
    message: `${text}${meaning} does not name an image: ${why.message}`,
    hint: why.hint ?? 'write [registry/]repository[:tag][@digest]',
    at,
  } as const satisfies Failure;
}

export function unknownParent(child: ImageName, parent: string, suggestion: ImageName | undefined, at: SourceSpan) {
  return {
    reason: 'unknown-parent',
    message: `${child} needs ${parent} of this registry, but no context of this project builds it`,
    hint:
      suggestion === undefined
        ? 'write the registry by its name, without REGISTRY, if the image comes from elsewhere'
        : `did you mean ${suggestion}?`,
    at,
  } as const satisfies Failure;
}

export function selfReference(name: ImageName, at: SourceSpan) {
  return {
    reason: 'self-reference',
    message: `${name} needs itself`,
    hint: 'name another image, or give a stage of this Dockerfile a name and refer to that',
    at,
  } as const satisfies Failure;
}

/** `names` from a child to the parents, without the first one again at its end; `places` are those of the references. */
export function dependencyCycle(names: readonly ImageName[], places: readonly SourceSpan[]) {
  const circle = [...names, names[0]];
  return {
    reason: 'dependency-cycle',
    message: `${names.length} images need each other: ${circle.join(' → ')}`,
    hint: 'one of these references has to go',
    details: places.map(
      ({ file, line, column }, index) => `${file}:${line}:${column}: ${circle[index]} needs ${circle[index + 1]}`,
    ),
    at: places[0],
  } as const satisfies Failure;
}

export function prefixContradiction(child: string, parent: string, at: SourceSpan) {
  return {
    reason: 'prefix-contradiction',
    message: `${child} needs ${parent}, but its prefix says that it comes first`,
    hint: `give ${child} a greater prefix than ${parent}`,
    at,
  } as const satisfies Failure;
}

export function equalPrefix(child: string, parent: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'equal-prefix',
    message: `${child} needs ${parent}, but their prefixes are equal`,
    hint: `give ${child} a greater prefix than ${parent}`,
    at,
  } as const satisfies Notice;
}

export function undeclaredRegistry(file: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'undeclared-registry',
    message: `${file} uses REGISTRY, which it does not declare`,
    hint: 'write ARG REGISTRY above the first FROM: without it, other tools read the variable as empty',
    at,
  } as const satisfies Notice;
}

/** A reference of one image to another. */
interface ReferencePlace {
  readonly from: ImageName;
  readonly to: ImageName;
  readonly text: string;
  readonly at: SourceSpan;
}

export function floatingReference({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'notice',
    reason: 'floating-reference',
    message: `${from} refers to ${text}, which names no one version, so no cascade changes it`,
    hint: `write :${current} to be raised along with ${to}`,
    at,
  } as const satisfies Notice;
}

export function digestPinned({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'notice',
    reason: 'digest-pinned',
    message: `${from} refers to ${text}, which names bytes and no version, so no cascade changes it`,
    hint: `write :${current} to be raised along with ${to}`,
    at,
  } as const satisfies Notice;
}

export function digestDropped({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    level: 'warning',
    reason: 'digest-dropped',
    message: `the digest of ${text} in ${from} is dropped, since it is not that of ${to} ${current}`,
    hint: 'pin it again once that is published',
    at,
  } as const satisfies Notice;
}

export function digestInTheWay({ from, to, text, at }: ReferencePlace, current: string) {
  return {
    reason: 'digest-in-the-way',
    message: `${from} refers to ${text}, whose digest is not that of ${to} ${current}`,
    hint: 'take the digest out, or let the cascade drop it',
    at,
  } as const satisfies Failure;
}

export function undeclaredVariant({ from, to, text, at }: ReferencePlace, suffix: string, current: string) {
  return {
    reason: 'undeclared-variant',
    message: `${from} refers to ${text}, but ${to} declares no variant ${suffix.replace(/^-/, '')}`,
    hint: `add :variants ["${suffix.replace(/^-/, '')}"] to the info.edn of ${to}, or write :${current}`,
    at,
  } as const satisfies Failure;
}

export function newerReference({ from, to, text, at }: ReferencePlace, version: string, current: string) {
  return {
    reason: 'reference-newer-than-parent',
    message: `${from} refers to ${text}, but ${to} is only at ${current}`,
    hint: `raise ${to} to ${version}, or allow references to be taken back`,
    at,
  } as const satisfies Failure;
}

export function uneditableReference({ from, to, text, at }: ReferencePlace, version: string, current: string) {
  return {
    reason: 'uneditable-reference',
    message: `${from} refers to ${to} ${version} as ${text}, where the version is not written in one piece`,
    hint: `write it out, or as the default of one ARG, and raise it to ${current}`,
    at,
  } as const satisfies Failure;
}

export function ambiguousArgument(name: ImageName, parent: ImageName, after: string, at: SourceSpan) {
  return {
    reason: 'ambiguous-argument',
    message: `${name} would be changed in more than its reference to ${parent} by raising this default to ${after}`,
    hint: 'give each reference an ARG of its own',
    at,
  } as const satisfies Failure;
}

export function unraisableVersion(name: ImageName, version: string, at: SourceSpan) {
  return {
    reason: 'unraisable-version',
    message: `the version ${version} of ${name} has no number to raise`,
    hint: 'write a version such as 1.0.0',
    at,
  } as const satisfies Failure;
}
