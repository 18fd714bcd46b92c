import type { Descriptor } from '../../oci/descriptor.ts';
import type { DiffID } from '../../oci/digest.ts';
import type { Layer } from '../../oci/layer.ts';
import type { Failure } from '../../result.ts';

export function layerDigestMismatch(layer: Layer, actual: DiffID) {
  return {
    reason: 'layer-digest-mismatch',
    message: `layer ${layer.blob.digest} unpacks to ${actual}, but its image says ${layer.diffID}`,
    hint: 'the image is broken: push it again, or use another tag',
  } as const satisfies Failure;
}

export function notALayer(blob: Descriptor) {
  return {
    reason: 'not-a-layer',
    message: `${blob.digest} has the media type ${blob.mediaType}, which is not a layer of a root filesystem`,
    hint: 'the image is an artifact, not a container image: use another base',
  } as const satisfies Failure;
}

export function mountRefused(what: string, output: string) {
  return {
    reason: 'mount-refused',
    message: `${what} could not be mounted: ${output}`,
    hint: 'run cip doctor: it says what this machine allows',
  } as const satisfies Failure;
}
