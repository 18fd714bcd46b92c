import type { Edge } from '../project/edge.ts';
import { latest } from './latest.ts';

/**
 * Whether a reference means the content that the project holds now, at `version` of the image it names. False for a
 * digest, another version, a variant, and words such as `stable`: those name content that is made elsewhere or was.
 */
export function isFollowed({ pin, tag, digest }: Edge, version: string | undefined): boolean {
  if (digest !== undefined || version === undefined) return false;
  if (pin.kind !== 'floating') return tag === version;
  return tag === undefined || tag === latest || version.startsWith(`${tag}.`);
}
