import { inc, type SemVer } from 'semver';
import { type BumpLevel, bumpVersion, isLegalTag, isNewer, parseSemver } from './version.ts';

/** A parent, as a reference names it and as it is now. */
export interface ParentVersion {
  readonly before: string;
  readonly after: string;
}

/**
 * The next version of an image that is built from these parents; undefined where there is no number to raise. As long as
 * one of them is a prerelease the image is one too, counted on with each of theirs; with the release of the last of them
 * it becomes a release itself.
 *
 * - `1.0.0` → `1.0.1-rc.1` on `2.0.0-rc.1`, then → `1.0.1-rc.2` on `2.0.0-rc.2`, then → `1.0.1` on `2.0.0`.
 * - of several prereleases the least finished gives the name: `beta` before `rc`.
 * - all else, a prerelease of the image's own among them, as bumpVersion() does it.
 */
export function childVersion(
  version: string,
  parents: readonly ParentVersion[],
  level: BumpLevel = 'patch',
): string | undefined {
  const own = parseSemver(version);
  const stages = parents.flatMap(({ after }) => stageOf(parseSemver(after)) ?? []);
  const [stage] = stages.sort();
  if (own === undefined) return bumpVersion(version, level);
  if (stage === undefined) {
    const isReleased = parents.some(
      ({ before, after }) => before !== after && stageOf(parseSemver(before)) !== undefined,
    );
    return isReleased && stageOf(own) !== undefined ? releaseOf(own) : bumpVersion(version, level);
  }
  if (own.prerelease.length === 0) return legal(inc(version, `pre${level}`, ...identifier(stage)));
  if (stageOf(own) === undefined || stageOf(own) === stage) return bumpVersion(version, level);
  const entered = legal(inc(version, 'prerelease', ...identifier(stage)));
  return entered !== undefined && isNewer(entered, version) ? entered : bumpVersion(version, level);
}

/** `rc` of `rc.2` and `rc2`, empty for a bare number; undefined where nothing is counted, as in `slim`. */
function stageOf(version: SemVer | undefined): string | undefined {
  const [first, ...rest] = version?.prerelease ?? [];
  if (first === undefined) return undefined;
  if (typeof first === 'number') return '';
  const isCounted = /\d$/.test(first) || typeof rest.at(-1) === 'number';
  return isCounted ? first.replace(/\d+$/, '') : undefined;
}

/** Counting begins with 1. */
function identifier(stage: string): [string, '1'] {
  return [stage, '1'];
}

function releaseOf({ major, minor, patch }: SemVer): string {
  return `${major}.${minor}.${patch}`;
}

function legal(version: string | null): string | undefined {
  return version !== null && isLegalTag(version) ? version : undefined;
}
