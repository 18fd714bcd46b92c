import { parseSemver } from './version.ts';

/**
 * What a tag says about the version: `version` names exactly one (with the suffix of a declared variant, `-slim`, or
 * empty), `floating` follows along (`latest`, `1.2`, no tag), `digest` names bytes and no version, `unknown` has a
 * suffix that is neither a prerelease nor a declared variant. In a tag, the suffix follows the version.
 */
export type Pin =
  | { readonly kind: 'version'; readonly version: string; readonly suffix: string }
  | { readonly kind: 'floating' }
  | { readonly kind: 'digest' }
  | { readonly kind: 'unknown'; readonly version: string; readonly suffix: string };

/** What the image that a reference names says about itself. */
export interface PinnedImage {
  readonly version: string;
  readonly variants: readonly string[];
}

/**
 * How a reference with this tag or digest follows the versions of `image`. A suffix is one of a variant if the image
 * declares it; a prerelease if the image is at one that begins alike, or if it reads like one; else it is unknown.
 */
export function pinOf(tag: string | undefined, digest: string | undefined, image: PinnedImage): Pin {
  if (tag === undefined) return { kind: digest === undefined ? 'floating' : 'digest' };
  if (tag === image.version) return { kind: 'version', version: tag, suffix: '' };
  const suffix = variantSuffix(tag, image.variants);
  const version = tag.slice(0, tag.length - suffix.length);
  if (isFloating(version, image.version)) return { kind: 'floating' };

  const [, core = '', rest = ''] = /^(v?\d+(?:\.\d+)*)(.*)$/s.exec(version) ?? ['', version, ''];
  if (rest === '' || isPrerelease(rest, image.version)) return { kind: 'version', version, suffix };
  return { kind: 'unknown', version: core, suffix: `${rest}${suffix}` };
}

/** The longest, so that of `alpine` and `slim-alpine` the right one counts. */
function variantSuffix(tag: string, variants: readonly string[]): string {
  const suffixes = variants.map((variant) => `-${variant}`).filter((suffix) => tag.endsWith(suffix));
  return suffixes.reduce((longest, suffix) => (suffix.length > longest.length ? suffix : longest), '');
}

/** Words without a number, and versions with fewer components than the image has: `1.2` of `1.2.3`. */
function isFloating(version: string, current: string): boolean {
  if (!/\d/.test(version)) return true;
  const [components, currentComponents] = [numberOfComponents(version), numberOfComponents(current)];
  return components > 0 && components < currentComponents;
}

/** Of the dotted number that a version starts with; 0 where it starts with none. */
function numberOfComponents(version: string): number {
  return /^v?(\d+(?:\.\d+)*)/.exec(version)?.[1]?.split('.').length ?? 0;
}

function isPrerelease(rest: string, current: string): boolean {
  if (
    /^-(?:\d|(?:a|alpha|b|beta|canary|dev|m|milestone|next|nightly|pre|preview|rc|snapshot)(?:$|[\d.-]))/i.test(rest)
  ) {
    return true;
  }
  const semver = parseSemver(current);
  const first = /^-([^.]*)/.exec(rest)?.[1];
  if (semver !== undefined) return semver.prerelease.length > 0 && String(semver.prerelease[0]) === first;
  // Not semver: a suffix such as that of the image's own version, whatever it means there.
  const own = /^v?\d+(?:\.\d+)*(.*)$/s.exec(current)?.[1] ?? '';
  return own.replace(/\d+/g, '0') === rest.replace(/\d+/g, '0');
}
