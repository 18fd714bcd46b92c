import { digestOf } from '../../oci/digest.ts';
import type { Failure } from '../../result.ts';
import { lower } from './lower.ts';
import type { LowerInput, ResolvedImage } from './lower-input.ts';

/** Any image at all, with these triggers at least. */
const unknownImage = (triggers: readonly string[]): ResolvedImage => ({
  manifest: digestOf(''),
  config: { architecture: '', os: '', config: { OnBuild: [...triggers] }, rootfs: { type: 'layers', diff_ids: [] } },
  layers: [],
  isUnknown: true,
});

/**
 * What a build of a Dockerfile reports before its first step, whatever the images hold that it stands on: told without
 * asking anybody for one of them. `handedOn`: the triggers of an image, as far as they are known.
 */
export function certainFailures(
  input: Omit<LowerInput, 'images'>,
  handedOn: (reference: string) => readonly string[] = () => [],
): readonly Failure[] {
  const get = (key: string) => unknownImage(handedOn(key.slice(0, key.lastIndexOf(' '))));
  const lowered = lower({ ...input, images: { get } });
  return lowered.ok ? [] : lowered.failure;
}
