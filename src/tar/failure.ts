import type { FailureShape, ReasonOf } from '../result.ts';
import { shownName } from './numbers.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly tar: ReasonOf<typeof import('./failure.ts')>;
  }
}

const BROKEN = 'the archive is damaged or not a tar; make or fetch it again';

/** The stream ended within `where`: a header, a body or its padding. */
export function tarTruncated(where: string) {
  return {
    reason: 'tar-truncated',
    message: `the tar ends in the middle of ${where}`,
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/**
 * All entries were whole, but the two blocks of zeros of POSIX.1-2017 pax are not there: the tar may have been cut
 * between entries.
 */
export function tarWithoutEnd() {
  return {
    reason: 'tar-truncated',
    message: 'the tar ends without the block of zeros that marks its end',
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/** `offset` in bytes from the start of the tar. */
export function tarHeaderInvalid(offset: number, what: string) {
  return {
    reason: 'tar-header-invalid',
    message: `the tar has an invalid header at byte ${offset}: ${what}`,
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/** A pax or GNU long-name header is larger than what is kept in memory for one; `offset` in bytes from the start. */
export function tarHeaderTooLong(offset: number, bytes: number, limit: number) {
  return {
    reason: 'tar-header-too-long',
    message: `the extended header at byte ${offset} of the tar has ${bytes} bytes, more than the ${limit} allowed`,
  } as const satisfies FailureShape;
}

/** An entry whose content lies elsewhere or in pieces: sparse files, volumes, dumps. */
export function tarUnsupportedType(name: string, what: string) {
  return {
    reason: 'tar-unsupported-type',
    message: `the tar has ${shownName(name)} as ${what}, which cannot be read`,
    hint: 'make the archive again with `tar --format=pax` and without --sparse, --multi-volume and --listed-incremental',
  } as const satisfies FailureShape;
}

/** Names are JavaScript strings from here on, which could not give these bytes back. */
export function tarNameNotUtf8(offset: number, name: string) {
  return {
    reason: 'tar-name-not-utf8',
    message: `a name in the tar is not UTF-8: ${shownName(name)} at byte ${offset}`,
    hint: 'rename the file to a UTF-8 name',
  } as const satisfies FailureShape;
}

/** The source of a file gave fewer or more bytes than its header says; the tar is broken from there on. */
export function tarBodySize(name: string, size: number, actual: number) {
  return {
    reason: 'tar-body-size',
    message: `${shownName(name)} was to have ${size} bytes but ${actual < size ? `ended after ${actual}` : 'has more'}`,
    hint: 'nothing may write to the file while it is read',
  } as const satisfies FailureShape;
}

/** A pax record is `key=value`, and its key would end at the equals sign of the name. */
export function tarXattrName(name: string, xattr: string) {
  return {
    reason: 'tar-xattr-name',
    message: `${shownName(name)} has the extended attribute ${shownName(xattr)}: a tar cannot say a name with an equals sign`,
    hint: 'remove the attribute with `setfattr -x`',
  } as const satisfies FailureShape;
}
