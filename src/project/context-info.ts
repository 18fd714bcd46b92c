import type { SemVer } from 'semver';
import type { Platform } from '../oci/platform.ts';
import { failed, ok, type Result, type SourceSpan } from '../result.ts';
import { illegalVersion, versionNotSemver } from './failure.ts';
import type { LoadDefault } from './load-default.ts';
import type { ContextMetadata, Notice } from './project.ts';
import { isLegalTag, parseSemver } from './version.ts';

/** What a context says about its image besides the Dockerfile, from whichever file says it. */
export interface ContextInfo {
  readonly version: string;
  readonly semver?: SemVer | undefined;
  readonly platforms: readonly Platform[];
  readonly variants: readonly string[];
  readonly load?: LoadDefault | undefined;
  readonly metadata: ContextMetadata;
  readonly notices: readonly Notice[];
}

/** A version that can be a tag; with a warning where it is not semver, since only the last number can be raised then. */
export function checkVersion(
  version: string,
  at: SourceSpan,
): Result<Pick<ContextInfo, 'version' | 'semver' | 'notices'>> {
  if (!isLegalTag(version)) return failed([illegalVersion(version, at)]);
  const semver = parseSemver(version);
  return ok({ version, semver, notices: semver === undefined ? [versionNotSemver(version, at)] : [] });
}
