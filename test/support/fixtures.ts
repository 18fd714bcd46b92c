import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where foreign-busybox.sh and debian-rootfs.sh are told to leave what tests need from Debian's archive:
 * CIP_TEST_FIXTURES, or a folder of the user's cache.
 */
export const fixturesDir =
  process.env['CIP_TEST_FIXTURES'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'container-image-pipelines', 'test');

/** A statically linked busybox of an architecture, `amd64` or `arm64`. */
export function busyboxFor(architecture: string): string {
  return join(fixturesDir, `busybox-${architecture}`);
}

/** The conformance suite of the OCI distribution specification, as distribution-suite.sh builds it. */
export const distributionSuite = join(fixturesDir, 'distribution-suite');

/** A minimal Debian 12 for amd64. */
export const debianRootfs = join(fixturesDir, 'debian-bookworm-slim.tar');

/** The pasta of Debian 13 as `passt`, its C library and `loader`. */
export const newerPasta = join(fixturesDir, 'pasta-trixie');

/** `buildkitd` and `buildctl`, as buildkit.sh builds them. */
export const buildkitDir = join(fixturesDir, 'buildkit');

/** The program of a major version of Node, as node-releases.sh leaves it. */
export function nodeRelease(major: number): string {
  return join(fixturesDir, `node-${major}`);
}
