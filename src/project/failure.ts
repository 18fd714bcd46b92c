import type { FailureShape, ReasonOf, SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';
import type { NoticeShape } from './project.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly project:
      | ReasonOf<typeof import('./failure.ts')>
      | ReasonOf<typeof import('./cascade-failure.ts')>
      | ReasonOf<typeof import('./reference-failure.ts')>;
  }
}

/** `what`: of `directory`; a Dockerfile alone is something to build, and no project. */
export function missingContexts(directory: string, what: 'directory' | 'has-dockerfile' | 'not-a-directory') {
  const inProject = 'pass -C with the directory that contains contexts';
  return {
    reason: 'missing-contexts',
    message:
      what === 'not-a-directory' ? `${directory} is not a directory` : `${directory} has no directory named contexts`,
    hint: {
      directory: `${inProject}, or create contexts/00-base with a Dockerfile and an info.edn`,
      'has-dockerfile': `run cip build-image ${directory} to build its Dockerfile alone; for a project ${inProject}`,
      'not-a-directory': inProject,
    }[what],
  } as const satisfies FailureShape;
}

/** The system refused to read `file`; `why` is its error code or message. */
export function unreadable(file: string, why: string) {
  return {
    reason: 'unreadable',
    message: `${file} cannot be read: ${why}`,
    hint: 'check that it is a file that you may read',
  } as const satisfies FailureShape;
}

/**
 * A directory below `contexts/` that nothing marks as an image: skipped, and said so, since a file may have been
 * forgotten.
 */
export function notAnImage(path: string) {
  return {
    level: 'warning',
    reason: 'not-an-image',
    message: `${path} is skipped: it has neither a Dockerfile nor an info.edn`,
    hint: `remove ${path}, or rename it with a leading _ to keep it`,
  } as const satisfies NoticeShape;
}

/** There is an info.edn or a VERSION, so the directory is meant to be an image. */
export function missingDockerfile(path: string) {
  return {
    reason: 'missing-dockerfile',
    message: `${path} has no Dockerfile`,
    hint: 'add one, or rename the directory to start with _ if it is not an image',
  } as const satisfies FailureShape;
}

/** `instruction`: the one that would take files from it; absent where the submodule is the whole context. */
export function submoduleNotFetched(path: string, instruction?: string, at?: SourceSpan) {
  const uses = instruction === undefined ? '' : `, so ${instruction} would copy nothing from it`;
  return {
    reason: 'submodule-not-fetched',
    message: `${path} is a git submodule that has not been fetched${uses}`,
    hint: `run git submodule update --init ${path}`,
    ...(at && { at }),
  } as const satisfies FailureShape;
}

/** There is a Dockerfile but no version to tag the image with. */
export function missingMetadata(path: string) {
  return {
    reason: 'missing-metadata',
    message: `${path} has no info.edn and no VERSION`,
    hint: `create ${path}/info.edn, for example: {:version "1.0.0"}`,
  } as const satisfies FailureShape;
}

/** A directory, pipe, socket or device has the name of a file that is read. */
export function notAFile(file: string) {
  return {
    reason: 'not-a-file',
    message: `${file} is not a regular file`,
    hint: 'replace it with a file',
  } as const satisfies FailureShape;
}

/** `name` is that of the directory without its number; the hint has the nearest legal one, if any is. */
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
  } as const satisfies FailureShape;
}

/** Two contexts differ only in their numbers, `01-base` and `02-base`; `paths` are all of them. */
export function duplicateImageName(name: ImageName, paths: readonly string[]) {
  return {
    reason: 'duplicate-image-name',
    message: `${paths.join(' and ')} would both become the image ${name}`,
    hint: 'the number in front is not part of the name: rename all but one',
  } as const satisfies FailureShape;
}

/** `problem` completes the sentence “at this place …”, `hint` is what to do about it. */
export function ednSyntax(problem: string, hint: string, at: SourceSpan) {
  return {
    reason: 'edn-syntax',
    message: `${at.file} is not valid EDN: ${problem}`,
    hint,
    at,
  } as const satisfies FailureShape;
}

/** `what` is a key of a map or an element of a set; `first` where it was before. */
export function ednDuplicate(what: string, first: SourceSpan, at: SourceSpan) {
  return {
    reason: 'edn-duplicate',
    message: `${at.file} has ${what} twice, first in line ${first.line}`,
    hint: 'remove one of them',
    at,
  } as const satisfies FailureShape;
}

/** info.edn holds another form, or `nothing`; `found` describes it. */
export function infoNotAMap(found: string, at: SourceSpan) {
  return {
    reason: 'info-not-a-map',
    message: `${at.file} is ${found} instead of a map`,
    hint: 'write a map, for example: {:version "1.0.0"}',
    at,
  } as const satisfies FailureShape;
}

/** info.edn has no `:version`, or VERSION is empty. */
export function missingVersion(at: SourceSpan) {
  return {
    reason: 'missing-version',
    message: `${at.file} has no version`,
    hint: at.file.endsWith('.edn') ? 'add one, for example: :version "1.0.0"' : 'write one, for example: 1.0.0',
    at,
  } as const satisfies FailureShape;
}

/** What a key of `info.edn` may say; a list of suffixes for all others. */
const examples: Readonly<Record<string, string>> = {
  ':version': '"1.0.0"',
  ':platforms': '["linux/amd64" "linux/arm64"]',
  ':load': 'true',
};

/** A key of info.edn has a value of another type; both are described, such as `a map`. */
export function wrongType(
  key: string,
  { expected, found }: { readonly expected: string; readonly found: string },
  at: SourceSpan,
) {
  return {
    reason: 'wrong-type',
    message: `${key} in ${at.file} is ${found} instead of ${expected}`,
    hint: `write ${key} ${examples[key] ?? '["slim"]'}`,
    at,
  } as const satisfies FailureShape;
}

/** The version does not fit the grammar of tags in distribution-spec v1.1.1, spec.md#pulling-manifests. */
export function illegalVersion(version: string, at: SourceSpan) {
  return {
    reason: 'illegal-version',
    message: `the version ${JSON.stringify(version.length > 140 ? `${version.slice(0, 139)}…` : version)} in ${at.file} cannot be the tag of an image`,
    hint: version.includes('+')
      ? 'a tag has no +: write - instead'
      : 'letters, digits, _, . and -, not starting with . or -, at most 128',
    at,
  } as const satisfies FailureShape;
}

/** `:platforms []`, or a PLATFORMS_OVERRIDE without content: an image for no platform at all is never meant. */
export function emptyPlatforms(at: SourceSpan) {
  return {
    reason: 'empty-platforms',
    message: `${at.file} has an empty list of platforms`,
    hint: 'remove it to build for the default platforms',
    at,
  } as const satisfies FailureShape;
}

/** An element of `:variants` would make tags that no registry takes. */
export function invalidVariant(variant: string, at: SourceSpan) {
  return {
    reason: 'invalid-variant',
    message: `${JSON.stringify(variant.length > 140 ? `${variant.slice(0, 139)}…` : variant)} in ${at.file} cannot be the suffix of a tag`,
    hint: 'letters, digits, _, . and -, without the dash that joins it to the version, for example: slim',
    at,
  } as const satisfies FailureShape;
}

/** A warning, because such images are built and tagged, but `latest` and cascades know less about them. */
export function versionNotSemver(version: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'version-not-semver',
    message: `version ${version} in ${at.file} is not of the form major.minor.patch`,
    hint: 'images are tagged with it as it is; cip cascade raises its last number',
    at,
  } as const satisfies NoticeShape;
}

/** A warning at the second form: readers of EDN take the first and never look further. */
export function extraForms(at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'edn-extra-forms',
    message: `${at.file} has more than one map, and only the first is read`,
    hint: 'put all keys into one map',
    at,
  } as const satisfies NoticeShape;
}

/** `meant` is one of the keys that are read, and not there. */
export function misspeltKey(key: string, meant: string, at: SourceSpan) {
  return {
    level: 'warning',
    reason: 'misspelt-key',
    message: `${at.file} has ${key}, which cip does not read`,
    hint: `did you mean ${meant}?`,
    at,
  } as const satisfies NoticeShape;
}

/** A project without images loads: commands then have nothing to do. */
export function noContexts(directory: string) {
  return {
    level: 'notice',
    reason: 'no-contexts',
    message: `${directory} has no images in it`,
    hint: `create ${directory}/00-base with a Dockerfile and an info.edn`,
  } as const satisfies NoticeShape;
}

/** A notice and no warning: whoever names a directory so wants it left out. */
export function ignoredDirectory(path: string) {
  return {
    level: 'notice',
    reason: 'ignored-directory',
    message: `${path} is skipped because its name starts with . or _`,
  } as const satisfies NoticeShape;
}

/** A symbolic link below `contexts/` that leads nowhere; `path` as shown. */
export function danglingLink(path: string) {
  return {
    level: 'warning',
    reason: 'dangling-link',
    message: `${path} is a broken symbolic link and is skipped`,
  } as const satisfies NoticeShape;
}

/** The first pair of neighbours that a listing by name would show in the other order. */
export function prefixesOfMixedWidth(earlier: string, later: string) {
  return {
    level: 'warning',
    reason: 'mixed-prefix-widths',
    message: `${earlier} comes before ${later} by number, but after it where names are sorted as text`,
    hint: 'write all prefixes with the same number of digits',
  } as const satisfies NoticeShape;
}
