import type { FailureShape, ReasonOf } from '../result.ts';
import { shownName } from '../tar/numbers.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly layer: ReasonOf<typeof import('./failure.ts')>;
  }
}

const HOSTILE = 'the layer is damaged or was made to harm; do not use this image';

/** A name with `..`, or a hard link to one: unpacking it would write outside of the root. */
export function entryEscapes(name: string) {
  return {
    reason: 'layer-entry-escapes',
    message: `the layer has an entry ${shownName(name)}, which points out of the root file system`,
    hint: HOSTILE,
  } as const satisfies FailureShape;
}

/** `why` completes the sentence: a loop, a second type for one name, a limit of `layer-limits.ts`. */
export function entryInvalid(name: string, why: string) {
  return {
    reason: 'layer-entry-invalid',
    message: `the layer has an entry ${shownName(name)}, ${why}`,
    hint: HOSTILE,
  } as const satisfies FailureShape;
}

/** `what` is `a path` or `a link target` … */
export function pathTooLong(
  name: string,
  what: string,
  { bytes, limit }: { readonly bytes: number; readonly limit: number },
) {
  return {
    reason: 'layer-path-too-long',
    message: `the layer has an entry ${shownName(name)} with ${what} of ${bytes} bytes, more than the ${limit} that Linux allows`,
    hint: HOSTILE,
  } as const satisfies FailureShape;
}

/** Packing reads files by their path on this machine, which is longer than that in the image. */
export function pathOnDiskTooLong(path: string) {
  return {
    reason: 'layer-path-too-long',
    message: `${shownName(path)} cannot be put in a layer: with the directory it is in on this machine, its path is longer than the 4095 bytes that Linux allows`,
    hint: 'make fewer directories inside one another, or remove them in the same step',
  } as const satisfies FailureShape;
}

/** `what` is plural: `entries`. */
export function layerTooBig(what: string, limit: number) {
  return {
    reason: 'layer-too-big',
    message: `the layer has more than ${limit} ${what}`,
    hint: 'divide it into several layers, or pack what is in it into archives',
  } as const satisfies FailureShape;
}

/** Both paths are in the image; the target is in no layer below and not earlier in this one. */
export function linkTargetMissing(path: string, target: string) {
  return {
    reason: 'link-target-missing',
    message: `${shownName(path)} is a hard link to ${shownName(target)}, which does not exist`,
  } as const satisfies FailureShape;
}

/** More than `LINK_LIMIT` links on one way, as the kernel has it, or more in all than are worth following. */
export function tooManyLinks(path: string) {
  return {
    reason: 'too-many-links',
    message: `${shownName(path)} goes through too many symbolic links, or they form a loop`,
  } as const satisfies FailureShape;
}

/** `ancestor` is above `path` and a file or a link. */
export function notADirectory(path: string, ancestor: string) {
  return {
    reason: 'not-a-directory',
    message: `${shownName(path)} cannot be created: ${shownName(ancestor)} is not a directory`,
  } as const satisfies FailureShape;
}

/** `what` says what was hashed; both others are digests. */
export function digestMismatch(what: string, want: string, actual: string) {
  return {
    reason: 'layer-digest-mismatch',
    message: `${what} is ${actual} but was to be ${want}`,
    hint: 'the image that it belongs to is broken: make or push it again',
  } as const satisfies FailureShape;
}

/** A file on disk whose name would be read as a whiteout in a layer. */
export function reservedName(path: string) {
  return {
    reason: 'reserved-name',
    message: `${path} cannot be put in a layer: names that start with .wh. mark deletions there`,
    hint: 'rename or remove the file, or name it in .dockerignore',
  } as const satisfies FailureShape;
}

/** Size or content were other than a moment ago, so that no digest would be true. */
export function fileChanged(path: string, what: string) {
  return {
    reason: 'file-changed',
    message: `${path} changed while it was read: ${what}`,
    subject: path,
    hint: 'nothing may write to the files of a build while it runs',
  } as const satisfies FailureShape;
}

/** `code` is that of the system, such as EACCES. */
export function fileUnreadable(path: string, code: string) {
  return {
    reason: 'file-unreadable',
    message: `${path} cannot be read: ${code}`,
    subject: path,
    code,
  } as const satisfies FailureShape;
}

/** `path` as far as it can be shown; keys, indexes and JSON hold text only. */
export function nameNotUtf8(path: string) {
  return {
    reason: 'name-not-utf8',
    message: `the name of ${JSON.stringify(path)} is not UTF-8`,
    hint: 'rename the file to a UTF-8 name',
  } as const satisfies FailureShape;
}

/** gzip or zstd could not read on; `message` is that of the decompressor. */
export function corruptCompression(compression: string, message: string) {
  return {
    reason: 'corrupt-compression',
    message: `the data is no valid ${compression}: ${message}`,
    hint: 'the blob or archive is damaged; fetch or make it again',
  } as const satisfies FailureShape;
}

/** `purpose` completes "is needed to …". */
export function programMissing(program: string, purpose: string) {
  return {
    reason: 'program-missing',
    message: `the program ${program} is needed to ${purpose} and was not found`,
    hint: `install ${program}`,
  } as const satisfies FailureShape;
}

/** The last line of `stderr` is shown, as it has the reason in most programs. */
export function programFailed(program: string, purpose: string, stderr: string) {
  return {
    reason: 'program-failed',
    message: `${program} could not ${purpose}: ${stderr.trim().split('\n').at(-1) ?? 'no reason given'}`,
  } as const satisfies FailureShape;
}

/** A file of the store that says what is in a layer does not hold what it should; `what` says where. */
export function indexInvalid(what: string) {
  return {
    reason: 'layer-index-invalid',
    message: `the stored index of a layer is damaged: ${what}`,
    hint: 'remove it; it is made anew from the layer',
  } as const satisfies FailureShape;
}

/** `code` is that of the system, such as EPERM. */
export function unpackFailed(path: string, code: string, hint: string | undefined) {
  return {
    reason: 'unpack-failed',
    message: `${shownName(path)} of the layer cannot be unpacked: ${code}`,
    code,
    ...(hint && { hint }),
  } as const satisfies FailureShape;
}
