import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly oci: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** What can be wrong with a reference to an image as somebody wrote it. */
export type ReferenceFailure = ReturnType<
  | typeof referenceEmpty
  | typeof referenceUpperCase
  | typeof referenceTooLong
  | typeof referenceIsIdentifier
  | typeof digestInvalid
  | typeof digestUnsupported
  | typeof referenceMalformed
>;

/** `parseReference` was given no text: most often an ARG without a value. */
export function referenceEmpty() {
  return {
    reason: 'reference-empty',
    message: 'the reference to an image is empty',
    hint: 'write [registry/]repository[:tag][@digest], such as debian:12 or localhost:5000/base:1.0.0',
  } as const satisfies FailureShape;
}

/** The reference would be right in lower case: only then is case named as the mistake. */
export function referenceUpperCase(text: string) {
  return {
    reason: 'reference-upper-case',
    message: `the image reference ${quoted(text)} has upper-case letters in its name`,
    hint: 'only the host and the tag may have them; write the repository in lower case',
  } as const satisfies FailureShape;
}

/** `limit` is that of registries for `registry/repository`, tag and digest not counted. */
export function referenceTooLong(text: string, limit: number) {
  return {
    reason: 'reference-too-long',
    message: `the repository of the image reference ${quoted(text)} is longer than ${limit} characters`,
    hint: 'registries refuse longer names; shorten the path',
  } as const satisfies FailureShape;
}

/** Docker takes 64 hex digits for the id of a local image; no registry can be asked for one. */
export function referenceIsIdentifier(text: string) {
  return {
    reason: 'reference-is-identifier',
    message: `${quoted(text)} is 64 hexadecimal digits, which is the identifier of an image and not its name`,
    hint: `to name an image by its digest write repository@sha256:${text}`,
  } as const satisfies FailureShape;
}

/**
 * What follows `@` names a known algorithm but has not its number of hexadecimal digits; `text` is the whole reference.
 */
export function digestInvalid(text: string, digest: string) {
  return {
    reason: 'digest-invalid',
    message: `the digest ${quoted(digest)} of the image reference ${quoted(text)} is malformed`,
    hint: 'a digest is sha256: followed by 64 lower-case hexadecimal digits',
  } as const satisfies FailureShape;
}

/** What follows `@` names another algorithm than sha256. */
export function digestUnsupported(text: string, algorithm: string) {
  return {
    reason: 'digest-unsupported',
    message: `the image reference ${quoted(text)} has a digest of the algorithm ${quoted(algorithm)}, which is not supported`,
    hint: 'use the sha256 digest of the image',
  } as const satisfies FailureShape;
}

/** No more can be said than that the text does not fit the grammar of references. */
export function referenceMalformed(text: string) {
  return {
    reason: 'reference-malformed',
    message: `${quoted(text)} is not a reference to an image`,
    hint: 'write [registry/]repository[:tag][@digest] with lower-case letters, digits and single . _ - between them',
  } as const satisfies FailureShape;
}

/** What can be wrong with `host[:port][/path]`. */
export type RegistryNameFailure = ReturnType<
  typeof registryEmpty | typeof registryMalformed | typeof registryHostAmbiguous | typeof registrySchemeUnsupported
>;

/** Nothing is left of the registry once a scheme and the slashes at its end are taken off. */
export function registryEmpty() {
  return {
    reason: 'registry-empty',
    message: 'the name of the registry is empty',
    hint: 'write host[:port][/path], such as localhost:5000 or registry.example.com/group/project',
  } as const satisfies FailureShape;
}

/** `wrong` says which part of `host[:port][/path]` does not fit. */
export function registryMalformed(text: string, wrong: string) {
  return {
    reason: 'registry-malformed',
    message: `${quoted(text)} is not the name of a registry: ${wrong}`,
    hint: 'write host[:port][/path], such as localhost:5000 or registry.example.com/group/project',
  } as const satisfies FailureShape;
}

/** The first component would be read as a namespace on Docker Hub; `first` is that component. */
export function registryHostAmbiguous(text: string, first: string) {
  return {
    reason: 'registry-host-ambiguous',
    message: `${quoted(text)} names no registry: an image below it would be looked for on Docker Hub, because ${quoted(first)} has no dot and no port`,
    hint: `write docker.io/${shortened(text)} for the namespace on Docker Hub, or give the host a port, such as ${shortened(first)}:443`,
  } as const satisfies FailureShape;
}

/** A URL was given whose scheme is neither http nor https; those two are taken off without a word. */
export function registrySchemeUnsupported(text: string, scheme: string) {
  return {
    reason: 'registry-scheme-unsupported',
    message: `the registry ${quoted(text)} has the scheme ${quoted(scheme)}, but registries speak http and https`,
    hint: `leave ${shortened(scheme)}:// out`,
  } as const satisfies FailureShape;
}

/** What can be wrong with a platform as somebody wrote it. */
export type PlatformFailure = ReturnType<
  typeof platformMalformed | typeof platformUnknown | typeof platformUnsupported
>;

/** The text has not two or three components, or one of them has characters that no platform has. */
export function platformMalformed(text: string) {
  return {
    reason: 'platform-malformed',
    message: text.trim() === '' ? 'the platform is empty' : `${quoted(text)} is not a platform`,
    hint: 'write os/architecture[/variant], such as linux/amd64 or linux/arm/v7',
  } as const satisfies FailureShape;
}

/** The form is right, but `value` is not among the names that Go gives to systems and architectures. */
export function platformUnknown(text: string, part: 'operating system' | 'architecture', value: string) {
  return {
    reason: 'platform-unknown',
    message: `the platform ${quoted(text)} has the unknown ${part} ${quoted(value)}`,
    hint: 'write os/architecture[/variant], such as linux/amd64, linux/arm64 or linux/arm/v7',
  } as const satisfies FailureShape;
}

/** A platform that exists, and that no image is built for. */
export function platformUnsupported(text: string) {
  return {
    reason: 'platform-unsupported',
    message: `${quoted(text)} is not supported: images are built for Linux only`,
    hint: 'write linux/amd64, linux/arm64 or another architecture of Linux',
  } as const satisfies FailureShape;
}

/** `where` says who sent or keeps the bytes, such as `localhost:5000/base`. */
export function blobDigestMismatch(where: string, wanted: string, got: string) {
  return {
    reason: 'blob-digest-mismatch',
    message: `${where} gave bytes for ${wanted} that are ${got}`,
    hint: 'the content was damaged in storage or on the way: try again, and if it repeats delete it there and publish it anew',
  } as const satisfies FailureShape;
}

/** What a descriptor says of the bytes it names. */
interface Described {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/** `where` says who sent or keeps the bytes. */
export function blobSizeMismatch(where: string, wanted: Described, got: string) {
  return {
    reason: 'blob-size-mismatch',
    message: `${where} gave ${got} for ${wanted.digest}, whose descriptor says ${wanted.size} bytes`,
    hint: 'the content was cut off or damaged, or its descriptor is wrong: try again, and if it repeats publish it anew',
  } as const satisfies FailureShape;
}

/** A document as people know it before it is understood. */
export interface ExpectedDocument {
  /** `a manifest`. */
  readonly kind: string;
  /** Its digest, or where it is. */
  readonly name: string;
}

/** `start`: the first characters of what came instead. */
export function documentNotUnderstood({ kind, name }: ExpectedDocument, wrong: string, start: string) {
  return {
    reason: 'document-not-understood',
    message: `${name} is not ${kind}: ${shortened(wrong)}; it begins with ${JSON.stringify(start)}`,
    hint: 'publish the image again, or use another tag; if it is no image at all, check the name and what answers at its address',
  } as const satisfies FailureShape;
}

/** `limit` in bytes. */
export function documentTooLarge(kind: string, { digest, size }: Described, limit: number) {
  return {
    reason: 'document-too-large',
    message: `${digest} has ${size} bytes, too many for ${kind} (at most ${limit})`,
    hint: 'registries refuse such documents too; check what made it',
  } as const satisfies FailureShape;
}

function quoted(text: string): string {
  return `"${shortened(text)}"`;
}

/** A reference with a digest fits; what is longer would not be a sentence any more. */
function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
