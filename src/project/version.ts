import { inc, parse, type ReleaseType, type SemVer } from 'semver';

/** How far to raise a version. What is not `major.minor.patch` has one step only. */
export type BumpLevel = 'patch' | 'minor' | 'major';

/**
 * Whether a version can be a tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function isLegalTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text);
}

/** The version taken apart, if it is exactly `major.minor.patch[-prerelease]`: no leading `v`, no leading zeros. */
export function parseSemver(version: string): SemVer | undefined {
  const parsed = parse(version);
  return parsed?.version === version ? parsed : undefined;
}

/**
 * The next version, always newer than the given one; undefined where there is no number to raise.
 *
 * - `1.2.3`: by level; `1.0.0-rc.1` → `1.0.0-rc.2` at every level, since a prerelease leads to one release.
 * - `1.0.0-rc1` → `1.0.0-rc2`, and `rc9` → `rc9.1`, since `rc10` would sort before `rc9`.
 * - `1.0.0-slim` → `1.0.1-slim`: with no number at the end, the suffix is not a count, so the patch is raised.
 * - all else: the last number in it, as wide as before: `1.2` → `1.3`, `1.2.3.09` → `1.2.3.10`, `7-slim` → `8-slim`.
 */
export function bumpVersion(version: string, level: BumpLevel = 'patch'): string | undefined {
  const bumped = nextVersion(version, level);
  return bumped !== undefined && isLegalTag(bumped) ? bumped : undefined;
}

function nextVersion(version: string, level: BumpLevel): string | undefined {
  const semver = parseSemver(version);
  if (semver === undefined) return raiseLastNumber(version);
  if (semver.prerelease.length === 0) return inc(version, level satisfies ReleaseType) ?? undefined;
  const last = semver.prerelease.at(-1);
  if (typeof last === 'number') return inc(version, 'prerelease') ?? undefined;
  if (!/\d$/.test(version)) return `${semver.major}.${semver.minor}.${semver.patch + 1}-${semver.prerelease.join('.')}`;
  const raised = raiseLastNumber(version);
  return raised !== undefined && isNewer(raised, version) ? raised : `${version}.1`;
}

/** Whether `a` is a later version than `b`. */
export function isNewer(a: string, b: string): boolean {
  return compareVersions(a, b) > 0;
}

/**
 * Negative if `a` is older than `b`, positive if newer. By the rules of semver where both follow them, else piece by
 * piece: numbers by value (`1.10` after `1.9`, `09` equals `9`), text by code unit, and the shorter one first.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseSemver(a), parseSemver(b)];
  if (left !== undefined && right !== undefined) return left.compare(right);
  return comparePieces(pieces(a), pieces(b));
}

function pieces(version: string): readonly string[] {
  return version.match(/\d+|[^\d._-]+/g) ?? [];
}

function comparePieces(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    const order = isNumber(left) && isNumber(right) ? compareNumbers(left, right) : compareText(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function isNumber(piece: string): boolean {
  return /^\d/.test(piece);
}

/** By value, exact for any length: the digits may be a date with time. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return left.length - right.length || compareText(left, right);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function raiseLastNumber(version: string): string | undefined {
  const match = /^(.*?)(\d+)(\D*)$/s.exec(version);
  if (match === null) return undefined;
  const [, before = '', digits = '', after = ''] = match;
  return `${before}${(BigInt(digits) + 1n).toString().padStart(digits.length, '0')}${after}`;
}
