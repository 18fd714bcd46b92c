import { compareVersions, parseSemver } from '../project/version.ts';

/** The tag that follows the newest release. */
export const latest = 'latest';

/**
 * Whether `latest` may go to `version` where there are the tags `existing`: never to a prerelease, and never back, that
 * is not while a newer release is there. Tags that are no versions say nothing.
 */
export function movesLatest(version: string, existing: readonly string[]): boolean {
  if (isPrerelease(version)) return false;
  return existing.every((tag) => !isRelease(tag) || compareVersions(tag, version) <= 0);
}

/** `1.0.0-rc.1`, by the rules of semver. */
export function isPrerelease(version: string): boolean {
  return (parseSemver(version)?.prerelease.length ?? 0) > 0;
}

/** `1.2.3` and, where people count otherwise, `1.2` or `2026.11.21`. */
function isRelease(tag: string): boolean {
  return /^\d+(?:[._]\d+)*$/.test(tag);
}
