import { digestOf } from '../../oci/digest.ts';
import type { Failure } from '../../result.ts';
import { lower } from './lower.ts';
import type { LowerInput, ResolvedImage } from './lower-input.ts';

/** Any image at all. */
const unknownImage: ResolvedImage = {
  manifest: digestOf(''),
  config: { architecture: '', os: '', rootfs: { type: 'layers', diff_ids: [] } },
  layers: [],
  isUnknown: true,
};

/**
 * What a build of a Dockerfile reports before its first step, whatever the images hold that it stands on: told without
 * asking anybody for one of them.
 */
export function certainFailures(input: Omit<LowerInput, 'images'>): readonly Failure[] {
  const lowered = lower({ ...input, images: { get: () => unknownImage } });
  return lowered.ok ? [] : lowered.failure;
}
