import { Digest } from '../oci/digest.ts';
import { RegistryError } from './errors.ts';

/**
 * Lower-case letters and digits in components, joined by single separators: neither `..` nor a leading `.`, `_` or `/`
 * can occur, so a name is a safe relative path, and directories that begin with `_` are free for our own use.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
const repositoryName = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Also what file systems and other registries take. */
const longestName = 255;

/** The grammar of `<name>` in distribution-spec v1.1.1, spec.md#pulling-manifests, and at most 255 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length <= longestName && repositoryName.test(text);
}

/** The grammar of `<reference>` as a tag, in the same section. */
export function isTag(text: string): boolean {
  return tag.test(text);
}

/** True for sha256 and sha512 with as many lower-case hexadecimal digits as they have. */
export function isDigest(text: string): text is Digest {
  return Digest.safeParse(text).success;
}

/** Throws RegistryError NAME_INVALID, before a name can become a path. */
export function parseRepositoryName(text: string): string {
  if (isRepositoryName(text)) return text;
  throw new RegistryError('NAME_INVALID', 'not a name of a repository', { detail: { name: text } });
}

/** Throws RegistryError DIGEST_INVALID, for null too: the parameter `digest` was not given. */
export function parseDigest(text: string | null): Digest {
  if (text !== null && isDigest(text)) return text;
  throw new RegistryError('DIGEST_INVALID', 'not a sha256 or sha512 digest', { detail: { digest: text } });
}
