import type { Failure } from '../result.ts';
import { errorCodes } from './error-codes.ts';
import { type Place, placeName } from './place.ts';

/** `doing` completes "while trying to …". */
export function registryUnreachable(place: Place, doing: string, problem: string, hint?: string) {
  return {
    reason: 'registry-unreachable',
    message: `${place.registry} cannot be reached to ${doing}${inRepository(place)}: ${problem}`,
    hint: hint ?? `check that the name is right, that the registry runs, and that no proxy or firewall is in the way`,
  } as const satisfies Failure;
}

export function registryTlsFailed(place: Place, doing: string, problem: string, speaksHttp: boolean) {
  return {
    reason: 'registry-tls-failed',
    message: `no trusted connection to ${place.registry} to ${doing}${inRepository(place)}: ${problem}`,
    hint: speaksHttp
      ? `it seems to speak http: allow that with --insecure-registry ${place.registry}`
      : `give the certificate of its authority (SSL_CERT_FILE), or do without with --insecure-registry ${place.registry}`,
  } as const satisfies Failure;
}

/** `said` is the registry's own explanation, if it gave one. */
export function registryDenied(place: Place, doing: string, said: string | undefined, hadCredentials: boolean) {
  return {
    reason: 'registry-denied',
    message: `${place.registry} did not let ${hadCredentials ? 'this account' : 'an anonymous user'} ${doing}${inRepository(place)}${said === undefined ? '' : ` (${said})`}`,
    hint: hadCredentials
      ? `check that ${placeName(place)} is the right name and that the account may do this there; docker login ${place.registry} renews credentials`
      : `log in with docker login ${place.registry}, or check that ${placeName(place)} is the right name`,
  } as const satisfies Failure;
}

/** `wrong` says what was expected, `start` is how the answer begins. */
export function registryAnswerNotUnderstood(place: Place, doing: string, wrong: string, start?: string) {
  return {
    reason: 'registry-answer-not-understood',
    message: `${placeName(place)} gave an answer that is none of a registry when asked to ${doing}: ${wrong}${start === undefined || start === '' ? '' : `; it begins with ${JSON.stringify(start)}`}`,
    hint: `check that ${place.registry} is a registry (its /v2/ answers) and not a web page, a login form or a proxy`,
  } as const satisfies Failure;
}

/** An answer of another status than was hoped for. `code` is one of the specification's, or absent. */
export function registryRefused(
  place: Place,
  doing: string,
  answer: { readonly status: number; readonly code?: string | undefined; readonly said?: string | undefined },
) {
  const known = answer.code === undefined ? undefined : errorCodes[answer.code];
  const words = [`status ${answer.status}`, answer.code, answer.said].filter(
    (word) => word !== undefined && word !== '',
  );
  return {
    reason: 'registry-refused',
    message: `${place.registry} refused to ${doing}${inRepository(place)}: ${known === undefined ? '' : `${known.meaning}, `}${words.join(', ')}`,
    hint: known?.hint ?? hintFor(answer.status),
  } as const satisfies Failure;
}

export function blobUnknown(place: Place, digest: string) {
  return {
    reason: 'blob-unknown',
    message: `${placeName(place)} has no blob ${digest}, though an image names it`,
    hint: 'the registry has lost it or it was deleted: publish the image again',
  } as const satisfies Failure;
}

/** The registry says it stored or has another manifest than the one it was given or asked for. */
export function manifestDigestMismatch(place: Place, tagOrDigest: string, wanted: string, got: string) {
  return {
    reason: 'manifest-digest-mismatch',
    message: `${placeName(place)} answers for ${tagOrDigest} with the digest ${got} instead of ${wanted}`,
    hint: 'something between here and the registry changes manifests, or the registry is damaged; nothing of it was used',
  } as const satisfies Failure;
}

export function redirectRefused(place: Place, doing: string, to: string, why: string) {
  return {
    reason: 'registry-redirect-refused',
    message: `${placeName(place)} redirects to ${to} when asked to ${doing}: ${why}`,
    hint: 'the registry or the proxy before it is set up wrongly; its outside address must be https',
  } as const satisfies Failure;
}

export function dockerConfigInvalid(path: string, wrong: string) {
  return {
    reason: 'docker-config-invalid',
    message: `${path} cannot be used: ${wrong}`,
    hint: 'repair or remove it; docker login writes it anew',
  } as const satisfies Failure;
}

export function credentialHelperFailed(registry: string, program: string, problem: string) {
  return {
    reason: 'credential-helper-failed',
    message: `${program} gave no credentials for ${registry}: ${problem}`,
    hint: `install ${program}, or remove it from credsStore or credHelpers in Docker's config.json and log in again`,
  } as const satisfies Failure;
}

function inRepository({ repository }: Place): string {
  return repository === undefined ? '' : ` in ${repository}`;
}

function hintFor(status: number): string {
  if (status === 413) return 'a proxy before the registry limits the size of requests; raise its limit';
  if (status === 404) return 'check the name of the repository, and that the address is that of a registry';
  if (status === 405) return 'the registry does not allow this operation; its configuration may';
  if (status === 429) return errorCodes['TOOMANYREQUESTS']!.hint!;
  if (status >= 500) return 'the registry has a problem of its own; try later or look into its log';
  return 'the log of the registry may say more';
}
