import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Failure, FailureShape, ReasonOf } from '../result.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly engine: ReasonOf<typeof import('./failure.ts')>;
  }
}

const BROKEN = 'the image is broken: push it again, or use another tag';

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
    message:
      real.length === 0
        ? `${reference} has no image for any platform: its index is empty`
        : `${reference} is not there for ${formatPlatform(wanted)}, only for ${real.join(', ')}`,
    hint:
      real.length === 0
        ? BROKEN
        : 'choose another base, or name the platforms of this image with :platforms in its info.edn',
  } as const satisfies FailureShape;
}

/** Manifest and configuration of one image disagree on how many layers it has; no layer could be given its diff ID. */
export function layersDoNotMatch(reference: string, layers: number, diffIDs: number) {
  return {
    reason: 'layers-do-not-match',
    message: `${reference} has ${layers} ${layers === 1 ? 'layer' : 'layers'}, but its configuration names ${diffIDs}`,
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/** It is in a registry like an image, and is none: a chart, a signature, a module. `mediaType` is that of what it is. */
export function baseNotAnImage(reference: string, mediaType: string) {
  return {
    reason: 'base-not-an-image',
    message: `${reference} is not a container image: it has the media type ${mediaType}`,
    hint: 'charts, signatures and other artifacts are kept in registries too: use the name of an image',
  } as const satisfies FailureShape;
}

/** An image of layers that are not the plain, gzip or zstd tars which are read; `mediaType` is that of the first of them. */
export function layerNotSupported(reference: string, mediaType: string) {
  return {
    reason: 'layer-not-supported',
    message: `${reference} has a layer of the media type ${mediaType}, which cannot be read`,
    hint: mediaType.includes('encrypted')
      ? 'decrypt the image first (skopeo copy --decryption-key), or use one that is not encrypted'
      : 'layers are tars, as they are or with gzip or zstd: push the image again in such a form, or use another base',
  } as const satisfies FailureShape;
}

/** `why` is what was met in a layer of a base: no tar, or not compressed as its media type says. */
export function baseLayerBroken(reference: string, why: Failure) {
  return {
    reason: 'base-layer-broken',
    message: `${reference} has a broken layer: ${why.message}`,
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/** `why`: a layer is another than the configuration of the image says, by their digests. */
export function baseLayerSwapped(reference: string, why: Failure) {
  return {
    reason: 'layer-digest-mismatch',
    message: `the configuration of ${reference} names another layer than it has: ${why.message}`,
    hint: BROKEN,
  } as const satisfies FailureShape;
}

/** A result of an earlier run refers to a layer whose registry this run does not know. */
export function blobNotFetchable(digest: string) {
  return {
    reason: 'blob-not-fetchable',
    message: `${digest} is neither in the store nor known to be in a registry`,
    hint: 'cip cache verify --repair says which images lack it: build those again, before what is built on them',
  } as const satisfies FailureShape;
}

/** A build that was under way when a step of another image failed, whose shell has the terminal. */
export function stoppedForShell(image: string) {
  return {
    reason: 'stopped-for-shell',
    message: `it was stopped, since a RUN of ${image} failed and has the terminal`,
    hint: 'run it again without --on-fail=shell',
  } as const satisfies FailureShape;
}
