import type { ProgressEvent } from '../progress.ts';
import { nameList } from '../project/name-list.ts';
import type { Failure } from '../result.ts';
import { isEnvironment } from './exit-codes.ts';
import { storeDiskFull } from './failure.ts';
import type { FailureGroup } from './report-failure.ts';

/** The failures of an image that failed. */
export interface FailedImage extends FailureGroup {
  readonly image: string;
}

/**
 * What the machine or a registry did to several images, once for all of them instead of once for each: it isn't about any
 * of their files. A full disk is one cause wherever it was noticed. `storeDirectory`: absolute.
 */
export function withSharedFailures(images: readonly FailedImage[], storeDirectory: string): readonly FailureGroup[] {
  const causes = new Map<string, { readonly failure: Failure; readonly images: Set<string> }>();
  const known = images.map(({ failures, ...rest }) => ({
    ...rest,
    failures: failures.map((failure) => (isDiskFull(failure) ? storeDiskFull(storeDirectory) : failure)),
  }));
  for (const { image, failures } of known) {
    for (const failure of failures) {
      const cause = causes.get(causeOf(failure)) ?? { failure, images: new Set() };
      causes.set(causeOf(failure), { ...cause, images: cause.images.add(image) });
    }
  }
  const isShared = (failure: Failure) =>
    failure.reason === 'disk-full' || (isEnvironment(failure) && causes.get(causeOf(failure))!.images.size > 1);
  const shared = [...causes.values()].filter(({ failure }) => isShared(failure));
  const own = known.flatMap(({ image: _, ...group }) => {
    const failures = group.failures.filter((failure) => !isShared(failure));
    return failures.length === 0 ? [] : [{ ...group, failures }];
  });
  return [...own, ...shared.map(({ failure, images: names }) => sharedGroup(failure, [...names]))];
}

function sharedGroup(failure: Failure, images: readonly string[]): FailureGroup {
  const { at: _, ...rest } = failure;
  return { title: nameList(images), failures: [images.length === 1 ? failure : rest], notes: [] };
}

function causeOf({ reason, message }: Failure): string {
  return `${reason} ${message}`;
}

/** By whoever noticed: the store, the unpacking of a layer, a program in a RUN, of which there are only the words. */
function isDiskFull({ reason, code, details = [] }: Failure): boolean {
  if (reason === 'run-failed') return details.some((line) => /no space left on device/i.test(line));
  // The disk of an output may be another one than the store's.
  return reason === 'disk-full' || (reason !== 'output-unwritable' && isCodeOfFullDisk(code));
}

/** Where nobody made a failure of it, there is what the operating system said. */
export function isOfFullDisk({ failures, code }: Extract<ProgressEvent, { readonly type: 'image-failed' }>): boolean {
  return failures === undefined ? isCodeOfFullDisk(code) : failures.some(isDiskFull);
}

function isCodeOfFullDisk(code: string | undefined): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}
