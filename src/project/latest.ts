import { compareVersions, parseSemver } from './version.ts';

/** The tag that follows the newest release. */
export const latest = 'latest';

/**
 * The tag whose image `latest` has to name where there are the tags `existing` and `version`, which is there or about to
 * be: the newest release. undefined for a prerelease, since a run of one leaves `latest` alone. Tags that are no versions
 * are passed over; where `version` is of an unusual form (`7-slim`), tags of the same form count as well.
 */
export function ownerOfLatest(version: string, existing: readonly string[]): string | undefined {
  if (isPrerelease(version)) return undefined;
  const form = formOf(version);
  let owner = version;
  for (const tag of existing) {
    if ((isRelease(tag) || formOf(tag) === form) && compareVersions(tag, owner) > 0) owner = tag;
  }
  return owner;
}

/** Whether `latest` belongs to `version` itself: it is a release, and no newer one is there. */
export function movesLatest(version: string, existing: readonly string[]): boolean {
  return ownerOfLatest(version, existing) === version;
}

/** `1.0.0-rc.1`, by the rules of semver. */
export function isPrerelease(version: string): boolean {
  return (parseSemver(version)?.prerelease.length ?? 0) > 0;
}

/** Whether versions of this form say by themselves which is newer: `bookworm` and `trixie` do not. */
export function isOrdered(version: string): boolean {
  return /\d/.test(version);
}

/** `1.2.3` and, where people count otherwise, `1.2` or `2026.11.21`. A number alone, `20240101`, is a name like any other. */
function isRelease(tag: string): boolean {
  return /^\d+(?:[._]\d+)+$/.test(tag);
}

/** What is left of a version without its numbers. */
function formOf(version: string): string {
  return version.replaceAll(/\d+/g, '0');
}
