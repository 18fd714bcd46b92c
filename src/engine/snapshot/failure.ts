import type { Descriptor } from '../../oci/descriptor.ts';
import type { FailureShape, ReasonOf } from '../../result.ts';

declare module '../../result.ts' {
  interface Reasons {
    readonly 'engine/snapshot': ReasonOf<typeof import('./failure.ts')>;
  }
}

/** A manifest whose blobs are something else, such as a chart or a signature. */
export function notALayer(blob: Descriptor) {
  return {
    reason: 'not-a-layer',
    message: `${blob.digest} has the media type ${blob.mediaType}, which is not a layer of a root filesystem`,
    hint: 'the image is an artifact, not a container image: use another base',
  } as const satisfies FailureShape;
}

/** mount(8) failed at `what` though the machine was found able to; `output` is what it said. */
export function mountRefused(what: string, output: string) {
  return {
    reason: 'mount-refused',
    message: `${what} could not be mounted: ${output}`,
    hint: 'run cip doctor: it says what this machine allows',
  } as const satisfies FailureShape;
}

/** `directory`, an unpacked layer below the root of a step, was not there any more when the step was done. */
export function snapshotRemoved(directory: string) {
  return {
    reason: 'snapshot-removed',
    message: `${directory} was removed while a step used it`,
    hint: 'run it again, and remove nothing from the store while cip runs',
  } as const satisfies FailureShape;
}

/** The root of a failed step, or a cache for a shell in it, could not be put aside; `said` is what cp(1) answered. */
export function treeNotCopied(said: string) {
  return {
    reason: 'tree-not-copied',
    message: `the files of the step could not be copied: ${said}`,
    hint: 'make room on the disk of the store: cip cache prune',
  } as const satisfies FailureShape;
}

/** `path` of an unpacked layer is not as the layer has it; `isRemoved` tells whether the whole of it is gone now. */
export function unpackedBroken({
  id,
  layer,
  difference: { path, what },
  isRemoved,
}: {
  readonly id: string;
  readonly layer: string;
  readonly difference: { readonly path: string; readonly what: keyof typeof differenceWords };
  readonly isRemoved: boolean;
}) {
  const change = `/${path} ${differenceWords[what]}`;
  return {
    reason: 'unpacked-broken',
    message: `the unpacked layer ${layer} has changed on disk (${change}, in snapshots/${id})${isRemoved ? ': removed' : ''}`,
    hint: isRemoved
      ? 'nothing is lost: it is unpacked again when a step needs it; images that were built with it may have what was wrong: build them with --no-cache'
      : 'cip cache verify --repair removes it once no other process uses it, and it is unpacked again when a step needs it; look after the disk',
  } as const satisfies FailureShape;
}

const differenceWords = {
  missing: 'is not there',
  added: 'is not of the layer',
  type: 'is something else',
  content: 'has other content',
  target: 'is a link to something else',
  link: 'is a file of its own, where it is another name of one',
  mode: 'has another mode',
  owner: 'has another owner',
  time: 'has another time',
  unreadable: 'cannot be read any more',
} as const;
