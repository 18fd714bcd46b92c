import { failed, ok, type Result } from '../result.ts';
import { Digest } from './digest.ts';
import {
  digestInvalid,
  digestUnsupported,
  type ReferenceFailure,
  referenceEmpty,
  referenceIsIdentifier,
  referenceMalformed,
  referenceTooLong,
  referenceUpperCase,
} from './failure.ts';
import { domain, isHost, path } from './reference-grammar.ts';

/** `registry/repository[:tag][@digest]` with the usual defaults filled in: Docker Hub, `library/`, `latest`. */
export interface Reference {
  /** Host and optional port, such as `localhost:5000`; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** Without the host: `library/debian`, `group/project/app`. */
  readonly repository: string;
  /** Absent only where a digest stands alone. */
  readonly tag?: string | undefined;
  /** Says more than the tag where both are given. */
  readonly digest?: Digest | undefined;
}

/** The registry of references that name none. */
export const dockerHub = 'docker.io';
const defaultTag = 'latest';
const maxRepositoryLength = 255;

const tagged = new RegExp(
  `^(?:(?<domain>${domain})/)?(?<path>${path})(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]+))?$`,
  'u',
);

/**
 * Takes a reference apart as every client of Docker's does, so that `debian` is `docker.io/library/debian:latest`.
 * https://github.com/distribution/reference/blob/v0.6.0/reference.go (the grammar) and normalize.go (the defaults)
 */
export function parseReference(text: string): Result<Reference, readonly [ReferenceFailure]> {
  if (text === '') return failed([referenceEmpty()]);
  if (/^[0-9a-f]{64}$/.test(text)) return failed([referenceIsIdentifier(text)]);

  const parts = tagged.exec(withDomain(text))?.groups;
  if (parts === undefined) {
    const lowerCaseIsFine = tagged.test(withDomain(text.toLowerCase()));
    return failed([lowerCaseIsFine ? referenceUpperCase(text) : referenceMalformed(text)]);
  }

  const repository = parts['path']!;
  if (repository.length > maxRepositoryLength) return failed([referenceTooLong(text, maxRepositoryLength)]);
  const digest = digestIn(text, parts['digest']);
  if (!digest.ok) return digest;
  const tag = parts['tag'] ?? (digest.value === undefined ? defaultTag : undefined);
  return ok({
    registry: parts['domain']!,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest.value !== undefined && { digest: digest.value }),
  });
}

/** In full: `docker.io/library/debian:12@sha256:…`. What `parseReference` makes the same of. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** As people write it: without `docker.io/`, `library/` and `:latest` where they say nothing. */
export function familiarReference(reference: Reference): string {
  const short = formatReference({
    ...reference,
    tag: reference.tag === defaultTag && reference.digest === undefined ? undefined : reference.tag,
  }).replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, '');
  const again = parseReference(short);
  return again.ok && formatReference(again.value) === formatReference(reference) ? short : formatReference(reference);
}

/** The same repository under another tag, and no digest: that belonged to what the old tag named. */
export function withTag({ registry, repository }: Reference, tag: string): Reference {
  return { registry, repository, tag };
}

/** The same repository and tag, pinned to these bytes. */
export function withDigest(reference: Reference, digest: Digest): Reference {
  return { ...reference, digest };
}

/** What a registry is to be asked for: the digest, which beats the tag. */
export function tagOrDigest({ tag, digest }: Reference): string {
  return digest ?? tag ?? defaultTag;
}

/** Puts the host in front where it is left out. */
function withDomain(text: string): string {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const named = isHost(first);
  const host = named ? first : dockerHub;
  const rest = named ? text.slice(slash + 1) : text;
  if (host !== dockerHub && host !== 'index.docker.io') return `${host}/${rest}`;
  return `${dockerHub}/${rest.includes('/') ? '' : 'library/'}${rest}`;
}

function digestIn(text: string, digest: string | undefined): Result<Digest | undefined, readonly [ReferenceFailure]> {
  if (digest === undefined) return ok(undefined);
  const algorithm = digest.slice(0, digest.indexOf(':'));
  if (algorithm !== 'sha256') return failed([digestUnsupported(text, algorithm)]);
  const parsed = Digest.safeParse(digest);
  return parsed.success ? ok(parsed.data) : failed([digestInvalid(text, digest)]);
}
