import type { Descriptor } from './descriptor.ts';
import { formatPlatform, normalizePlatform, type Platform } from './platform.ts';

/** BuildKit's mark on the entries of an index that are about an image and are none. */
const attestationType = { annotation: 'vnd.docker.reference.type', value: 'attestation-manifest' } as const;

/** Whether an entry of an index attests to another one (provenance, SBOM) and is no image itself. */
export function isAttestation(descriptor: Descriptor): boolean {
  if (descriptor.annotations?.[attestationType.annotation] === attestationType.value) return true;
  return descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown';
}

/**
 * How well an image of `candidate` suits a machine of `wanted`: 0 is the platform itself, greater is worse,
 * undefined does not run there.
 */
export function platformRank(wanted: Platform, candidate: Platform): number | undefined {
  const rank = runsOn(wanted).indexOf(formatPlatform(candidate));
  return rank === -1 ? undefined : rank;
}

/**
 * The entry of an index to use on `wanted`: the best rank, and of equals the first listed. An index with a single
 * image that names no platform gives that one, as a manifest without an index would.
 */
export function selectPlatform(descriptors: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const images = descriptors.filter((descriptor) => !isAttestation(descriptor));
  if (images.length === 1 && images[0]!.platform === undefined) return images[0];

  const order = runsOn(wanted);
  let best: Descriptor | undefined;
  let bestRank = order.length;
  for (const descriptor of images) {
    if (descriptor.platform === undefined) continue;
    const rank = order.indexOf(formatPlatform(descriptor.platform));
    if (rank === -1 || rank >= bestRank) continue;
    best = descriptor;
    bestRank = rank;
  }
  return best;
}

/**
 * Platforms whose images run on `platform`, best first.
 * https://github.com/containerd/platforms/blob/v1.0.0-rc.1/compare.go
 */
function runsOn(platform: Platform): readonly string[] {
  const { os, architecture, variant = '' } = normalizePlatform(platform);
  const on = (arch: string, variants: readonly string[]) =>
    variants.map((one) => formatPlatform({ os, architecture: arch, variant: one }));

  if (architecture === 'amd64') return [...on('amd64', down(variant || 'v1', 1)), ...on('386', [''])];
  if (architecture === 'arm') return on('arm', down(variant, 5));
  if (architecture === 'arm64') return [...on('arm64', armv8Down(variant || 'v8')), ...on('arm', down('v8', 5))];
  return on(architecture, [variant]);
}

/** `v7` down to `v<lowest>`. What is no such version stands for itself alone. */
function down(variant: string, lowest: number): readonly string[] {
  const version = /^v(\d)$/.exec(variant)?.[1];
  if (version === undefined) return [variant];
  return Array.from({ length: Math.max(1, Number(version) - lowest + 1) }, (_, i) => `v${Number(version) - i}`);
}

/** `v8.2` down to `v8`. Version 9.x has what 8.(x + 5) has, and 8.9 is the last of the eights. */
function armv8Down(variant: string): readonly string[] {
  const match = /^v([89])(?:\.(\d))?$/.exec(variant);
  if (match === null) return [variant];
  const [major, minor] = [match[1]!, Number(match[2] ?? 0)];
  const versions = Array.from({ length: minor + 1 }, (_, i) => `v${major}.${minor - i}`);
  return major === '8' ? versions : [...versions, ...armv8Down(`v8.${Math.min(minor + 5, 9)}`)];
}
