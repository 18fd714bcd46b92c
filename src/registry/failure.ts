import type { Failure, FailureShape, ReasonOf } from '../result.ts';
import { isLoopback } from './endpoint.ts';
import { errorCodes } from './error-codes.ts';
import type { Login } from './login.ts';
import type { Purpose } from './purpose.ts';
import { formatResource, type RegistryResource } from './registry-resource.ts';

declare module '../result.ts' {
  interface Reasons {
    readonly registry: ReasonOf<typeof import('./failure.ts')>;
  }
}

const checkName = 'check the name, and that the registry is running';

/** Where there is none on this machine, cip has one. */
function serveIt(registry: string): string {
  const address = /:5000$/.test(registry) ? '' : ` --addr ${registry}`;
  return /:\d+$/.test(registry)
    ? `start one in another terminal with cip registry serve${address}, or check the name and port`
    : `${checkName}, and its port`;
}

/**
 * Nobody answers at the registry's address. The message is the same for all that was tried there, and `registry` names it:
 * of many images that fail for this one reason it can be reported once.
 */
export function registryUnreachable({ registry }: RegistryResource, problem: string) {
  return {
    reason: 'registry-unreachable',
    registry,
    message: `${registry} is unreachable: ${problem}`,
    hint: isLoopback(registry) ? serveIt(registry) : `${checkName}, and whether a proxy or firewall is in the way`,
  } as const satisfies RegistryFailure;
}

/** The registry answered earlier in this run and does not any more. To be reported once, like `registryUnreachable`. */
export function registryLost({ registry }: RegistryResource, problem: string) {
  return {
    reason: 'registry-unreachable',
    registry,
    message: `lost connection to ${registry}: ${problem}`,
    hint: 'run the same command again to continue once the registry is back',
  } as const satisfies RegistryFailure;
}

/**
 * Nobody answers at `host`, where the registry sends requests: with blobs to its storage, for tokens to its token server. The
 * registry itself may be well.
 */
export function otherHostUnreachable({ resource, doing }: Purpose, host: string, problem: string) {
  const { registry } = resource;
  return {
    reason: 'registry-unreachable',
    registry,
    message: `no connection to ${host}, where ${registry} sends requests to ${doing}: ${problem}`,
    hint: `check that this machine may reach ${host}; if there is no such host, the address is wrong in the configuration of ${registry}`,
  } as const satisfies RegistryFailure;
}

/** Nobody answers at the proxy that `variable` names: nothing is known of the registry. */
export function proxyUnreachable(
  { registry }: RegistryResource,
  proxy: { readonly variable: string; readonly url: URL },
  problem: string,
) {
  return {
    reason: 'registry-unreachable',
    registry,
    message: `the proxy ${proxy.url.host} (from ${proxy.variable}) for ${registry} is unreachable: ${problem}`,
    hint: `correct ${proxy.variable}, or leave the registry out of it: NO_PROXY=${registry.replace(/:\d+$/, '')}`,
  } as const satisfies RegistryFailure;
}

/**
 * The proxy that `variable` names answers itself, with a status other than 200, where a connection to `host` was to lead
 * through it (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6). Its password is not shown.
 */
export function proxyRefused(
  { registry }: RegistryResource,
  proxy: { readonly variable: string; readonly url: URL },
  { host, status }: { readonly host: string; readonly status: number },
) {
  const { variable, url } = proxy;
  const name = host.replace(/:\d+$/, '');
  const past = `leave it out of the proxy: NO_PROXY=${name}`;
  const hint =
    status === 407
      ? url.username === ''
        ? `the proxy wants a login: write it as ${variable}=${url.protocol}//NAME:PASSWORD@${url.host}, or ${past}`
        : `the proxy does not accept the login in ${variable}: correct it there, with special characters as %40 for @, or ${past}`
      : status >= 500
        ? `check the name ${host}, and whether the proxy can reach it, or ${past}`
        : `ask whoever runs the proxy to allow ${host}, or ${past}`;
  return {
    reason: 'proxy-refused',
    registry,
    message: `the proxy ${url.host} (from ${variable}) does not connect to ${host}: it answers with status ${status}`,
    hint,
  } as const satisfies RegistryFailure;
}

/** A variable of the environment is no address of a proxy. What may be a password in it is not shown. */
export function proxyInvalid(variable: string, value: string) {
  return {
    reason: 'proxy-invalid',
    message: `${variable} is ${JSON.stringify(value.replace(/^.*@/s, '…@'))}, which is not the address of a proxy`,
    hint: 'write it as http://host:port, or unset it',
  } as const satisfies FailureShape;
}

/** It answers, but so slowly that its answer would not end in any useful time. `problem` follows "is too slow: ". */
export function registryTooSlow({ resource, doing }: Purpose, problem: string) {
  return {
    reason: 'registry-too-slow',
    registry: resource.registry,
    message: `${resource.registry} is too slow to ${doing}${inRepository(resource)}: ${problem}`,
    hint: 'check the connection to the registry and its load, then run the same command again',
  } as const satisfies RegistryFailure;
}

/** What answers `/v2/` is something else. `answer` follows "/v2/ ". */
export function notARegistry({ registry }: RegistryResource, answer: string, start?: string) {
  return {
    reason: 'not-a-registry',
    registry,
    message: `${registry} is not a registry: its /v2/ ${answer}${beginning(start)}`,
    hint: 'check the name and port; if a proxy is in front of the registry, check that the registry itself is running',
  } as const satisfies RegistryFailure;
}

/** `isPlainText`: the peer answered without TLS, so it is not the certificate that is wrong. */
export function registryTlsFailed(
  { resource, doing }: Purpose,
  problem: string,
  peer: { readonly isPlainText: boolean },
) {
  return {
    reason: 'registry-tls-failed',
    message: `no trusted connection to ${resource.registry} to ${doing}${inRepository(resource)}: ${problem}`,
    hint: peer.isPlainText
      ? `it seems to speak http: allow that with --insecure-registry ${resource.registry}`
      : `pass the certificate of its authority with --registry-ca, or skip the check with --insecure-registry ${resource.registry}`,
  } as const satisfies FailureShape;
}

/** The registry does not accept who we say we are. */
export function loginRejected({ registry }: RegistryResource, login: Login) {
  return {
    reason: 'registry-denied',
    message: `${registry} rejected the login ${loginName(login)}`,
    hint: login.isRenewable ? `run docker login ${registry}` : `check the value of ${login.from}`,
  } as const satisfies FailureShape;
}

/** It accepts who we are, or that we are nobody, but not what we want. `said` is its own explanation, if it gave one. */
export function registryDenied({ resource, doing }: Purpose, login: Login | undefined, said?: string) {
  const what = `${doing}${inRepository(resource)}${said === undefined || said === '' ? '' : ` (${said})`}`;
  return login === undefined
    ? ({
        reason: 'registry-denied',
        message: `${resource.registry} does not allow anonymous users to ${what}`,
        hint: `run docker login ${resource.registry}, or check that ${formatResource(resource)} is the right name`,
      } as const satisfies FailureShape)
    : ({
        reason: 'registry-denied',
        message: `${resource.registry} does not allow the login ${loginName(login)} to ${what}`,
        hint: `check that ${formatResource(resource)} is the right name and that the account has this permission`,
      } as const satisfies FailureShape);
}

/** A registry that removes images only, and one that has other tags: `others` would go as well. */
export function tagNotRemovable(name: string, others: readonly string[]) {
  const more = others.length > 5 ? ` and ${others.length - 5} more` : '';
  return {
    reason: 'tag-not-removable',
    message: `${name} cannot be removed alone: its registry removes images with all their tags, and this one has ${others.slice(0, 5).join(', ')}${more}`,
    hint: 'name all of its tags, or move the tag to another image first',
    subject: name,
  } as const satisfies FailureShape;
}

/** The registry wants its login sent to where others could read or collect it. `why` completes "…, ". */
export function credentialsWithheld({ registry }: RegistryResource, realm: string, why: string) {
  return {
    reason: 'credentials-withheld',
    message: `${registry} asks to send its login to ${realm}, ${why}`,
    hint: `nothing was sent; ask whoever runs ${registry} for a token server that speaks https`,
  } as const satisfies FailureShape;
}

/** `wrong` says what is wrong with the answer, `start` is how it begins. */
export function registryAnswerNotUnderstood({ resource, doing }: Purpose, wrong: string, start?: string) {
  return {
    reason: 'registry-answer-not-understood',
    message: `${formatResource(resource)} gave an invalid answer to a request to ${doing}: ${wrong}${beginning(start)}`,
    hint: `check that ${resource.registry} is a registry, and that no proxy changes its answers`,
  } as const satisfies FailureShape;
}

/** An answer of another status than was hoped for. `code` is one of the specification's, or absent. */
export function registryRefused(
  { resource, doing }: Purpose,
  answer: { readonly status: number; readonly code?: string | undefined; readonly said?: string | undefined },
) {
  const known = answer.code === undefined ? undefined : errorCodes[answer.code];
  const ours = [known?.meaning, `status ${answer.status}`, answer.code].filter((word) => word !== undefined).join(', ');
  // What the registry says of itself comes first: our meaning of its code is what it is most often.
  const words = answer.said ? `${JSON.stringify(answer.said)} (${ours})` : ours;
  return {
    reason: 'registry-refused',
    message: `${resource.registry} failed to ${doing}${inRepository(resource)}: ${words}`,
    hint: known?.hint ?? hintFor(answer.status),
  } as const satisfies FailureShape;
}

/** The registry answered 404 for a layer or config that one of its own manifests names. */
export function blobUnknown(resource: RegistryResource, digest: string) {
  return {
    reason: 'blob-unknown',
    message: `${formatResource(resource)} has no blob ${digest}, though an image names it`,
    hint: 'it was deleted or lost: publish the image again',
  } as const satisfies FailureShape;
}

/** The registry says it stored or has another manifest than the one it was given or asked for. */
export function manifestDigestMismatch(
  resource: RegistryResource,
  tagOrDigest: string,
  { wanted, got }: { readonly wanted: string; readonly got: string },
) {
  return {
    reason: 'manifest-digest-mismatch',
    message: `${formatResource(resource)} answers for ${tagOrDigest} with the digest ${got} instead of ${wanted}`,
    hint: 'the registry is damaged, or something on the way changes manifests; nothing of it was used',
  } as const satisfies FailureShape;
}

/**
 * `to` is where the registry sends the request, `why` the rule that forbids to follow: the scheme, a downgrade, too
 * many of them.
 */
export function redirectRefused({ resource, doing }: Purpose, to: string, why: string) {
  return {
    reason: 'registry-redirect-refused',
    message: `${formatResource(resource)} redirects a request to ${doing} to ${to}: ${why}`,
    hint: 'the registry or the proxy in front of it is misconfigured; its public address must be https',
  } as const satisfies FailureShape;
}

/** The file at `path` is there but cannot be used: it is not read as if it were empty, which would hide a login. */
export function dockerConfigInvalid(path: string, wrong: string) {
  return {
    reason: 'docker-config-invalid',
    message: `${path} is not a valid Docker configuration: ${wrong}`,
    hint: 'repair or remove it; docker login writes a new one',
  } as const satisfies FailureShape;
}

/**
 * `program` (`docker-credential-…`) is missing, ended with an error, or printed what is not the JSON of the protocol.
 */
export function credentialHelperFailed(registry: string, program: string, problem: string) {
  return {
    reason: 'credential-helper-failed',
    message: `${program} gave no credentials for ${registry}: ${problem}`,
    hint: `install ${program}, or remove it from credsStore or credHelpers in Docker's config.json and log in again`,
  } as const satisfies FailureShape;
}

/** A failure of a registry as such rather than of what was asked of it. */
interface RegistryFailure extends FailureShape {
  /** `host[:port]`. */
  readonly registry: string;
}

function inRepository({ repository }: RegistryResource): string {
  return repository === undefined ? '' : ` in ${repository}`;
}

function beginning(start: string | undefined): string {
  return start === undefined || start === '' ? '' : `; it begins with ${JSON.stringify(start)}`;
}

function loginName({ user, from }: Login): string {
  return `${user === undefined ? '' : `for user ${JSON.stringify(user)} `}(from ${from})`;
}

function hintFor(status: number): string {
  if (status === 413) return 'a proxy in front of the registry limits the size of requests; raise its limit';
  if (status === 404) return 'check the name of the repository, and that the address is that of a registry';
  if (status === 405) return 'the registry does not support this operation; its configuration may allow it';
  if (status === 429) return errorCodes['TOOMANYREQUESTS']!.hint!;
  if (status >= 500) return 'the registry has a problem of its own; try again later, or look into its log';
  return 'the log of the registry may say more';
}

/** Whether a failure is one of the registry as a whole: whatever else was asked of it would fail the same way. */
export function isLossOfRegistry(failure: Failure): boolean {
  const { reason } = failure;
  return (
    reason === 'registry-unreachable' ||
    reason === 'registry-too-slow' ||
    reason === 'registry-tls-failed' ||
    reason === 'proxy-refused'
  );
}
