import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly engine: ReasonOf<typeof import('./failure.ts')>;
  }
}

/** The registry answered 404 for the tag or digest, or that the repository is unknown. */
export function baseNotFound(reference: string) {
  return {
    reason: 'base-not-found',
    message: `${reference} does not exist in its registry`,
    hint: 'check the name and the tag; if it is an image of this project, check that its version matches its info.edn',
  } as const satisfies FailureShape;
}

/**
 * The index of the base has no manifest that runs on `wanted`; `offered` are its platforms, attestations among them.
 */
export function platformMissing(reference: string, wanted: Platform, offered: readonly Platform[]) {
  const real = offered.filter((platform) => platform.os !== 'unknown').map(formatPlatform);
  return {
    reason: 'platform-missing',
    message: `${reference} is not there for ${formatPlatform(wanted)}, only for ${real.join(', ') || 'nothing'}`,
    hint: 'choose another base, or name the platforms of this image with :platforms in its info.edn',
  } as const satisfies FailureShape;
}

/** Manifest and configuration of one image disagree on how many layers it has; no layer could be given its diff ID. */
export function layersDoNotMatch(reference: string, layers: number, diffIDs: number) {
  return {
    reason: 'layers-do-not-match',
    message: `${reference} has ${layers} layers, but its configuration names ${diffIDs}`,
    hint: 'the image is broken: push it again, or use another tag',
  } as const satisfies FailureShape;
}

/** A result of an earlier run refers to a layer whose registry this run does not know. */
export function blobNotFetchable(digest: string) {
  return {
    reason: 'blob-not-fetchable',
    message: `${digest} is neither in the store nor known to be in a registry`,
    hint: 'build again with --no-cache',
  } as const satisfies FailureShape;
}
