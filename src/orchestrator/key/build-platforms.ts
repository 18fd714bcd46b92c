import { searchable } from '../../dockerfile/searchable.ts';
import type { Platform } from '../../oci/platform.ts';

/** Machines that can build. */
export const builders: readonly [Platform, Platform] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

/**
 * The machines for which a Dockerfile may mean different things: one where it says nothing that depends on the machine.
 * Keys see all of them at once, so that they do not depend on where they are computed.
 */
export function buildPlatforms(dockerfileText: string): readonly Platform[] {
  return /BUILD(?:PLATFORM|OS|ARCH|VARIANT)/.test(searchable(dockerfileText)) ? builders : builders.slice(0, 1);
}
