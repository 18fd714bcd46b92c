import { type Failure, FailureError } from '../result.ts';
import {
  otherHostUnreachable,
  proxyRefused,
  proxyUnreachable,
  registryAnswerNotUnderstood,
  registryLost,
  registryTlsFailed,
  registryUnreachable,
} from './failure.ts';
import type { ProxyAddress } from './proxies.ts';
import type { Purpose } from './purpose.ts';

/** How a request ended, as far as another try is concerned. What each means: `TransferError`. */
interface Outcome {
  readonly temporary: boolean;
  readonly mostRetries?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly status?: number | undefined;
  readonly codes?: readonly string[];
  readonly isPlainText?: boolean;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly cause?: unknown;
}

/** A request that did not come to a good end, with what decides whether another try makes sense. */
export class TransferError extends FailureError {
  readonly temporary: boolean;
  /** How many more tries it deserves at most, where one of them already takes long. */
  readonly mostRetries: number;
  /** Milliseconds the registry asked to wait. */
  readonly retryAfter: number | undefined;
  /** Of the answer, if there was one. */
  readonly status: number | undefined;
  /** Codes of the specification in the answer's body. */
  readonly codes: readonly string[];
  /** What answers to TLS speaks http. */
  readonly isPlainText: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;

  constructor(failure: Failure, about: Outcome) {
    super(failure, { cause: about.cause });
    this.name = 'TransferError';
    this.temporary = about.temporary;
    this.mostRetries = about.mostRetries ?? Number.POSITIVE_INFINITY;
    this.retryAfter = about.retryAfter;
    this.status = about.status;
    this.codes = about.codes ?? [];
    this.isPlainText = about.isPlainText ?? false;
    this.headers = about.headers ?? {};
  }

  /** The same, not to be tried again. */
  asFinal(): TransferError {
    return new TransferError(this.failure, { ...this, temporary: false, cause: this });
  }
}

/** Codes of errors of the network that may be gone in a moment, and what they are called. */
const passing: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  ECONNABORTED: 'the connection was aborted',
  EAI_AGAIN: 'its name cannot be looked up at the moment',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'it does not accept connections in time',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer was cut off',
  ERR_STREAM_PREMATURE_CLOSE: 'its answer was cut off',
};
/** Those that were waited for already: once more is enough. */
const waitedFor = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Codes that stay until somebody does something. */
const lasting: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing is listening there',
  ENOTFOUND: 'the name server does not know its name',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network that leads to it',
  EACCES: 'the connection is not permitted',
  EPERM: 'the connection is not permitted',
  EADDRNOTAVAIL: 'its address cannot be used from here',
};

const tls: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'its answer is not TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'its answer is not TLS',
  EPROTO: 'the TLS handshake failed',
};
const answersInPlainText = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** Answers that no server of HTTP gives, by the start of their codes. */
const malformed: readonly (readonly [start: string, problem: string])[] = [
  ['HPE_INVALID_CHUNK_SIZE', 'a chunk of its answer has no proper size'],
  ['HPE_', 'it does not speak HTTP'],
  ['UND_ERR_HEADERS_OVERFLOW', 'the headers of its answer are too long'],
];

/** What undici says of an answer to CONNECT that leads nowhere. */
const refusalOfProxy = /^Proxy response \((\d+)\)/;

/** To whom the request went, and how far the other side got before the error. */
export interface Contact {
  /** `host[:port]` where it is not the registry's own: where that sent the request. */
  readonly otherHost?: string | undefined;
  /** Through which it went. */
  readonly proxy?: ProxyAddress | undefined;
  /** It has answered some request of this run: this is no wrong name and no firewall. */
  readonly wasReached: boolean;
}

/**
 * What an error of undici or of a socket means, whatever it is: all that a registry can do wrong must have a reason. Not for
 * errors of our own, such as those of a body's source.
 */
export function transferErrorOf(error: unknown, purpose: Purpose, contact: Contact): TransferError {
  const { resource } = purpose;
  const { otherHost, proxy, wasReached } = contact;
  const said = error instanceof Error ? error.message : String(error);
  const lastingly = (failure: Failure) => new TransferError(failure, { temporary: false, cause: error });
  const code = networkErrorCode(error);
  if (code === undefined) return lastingly(registryAnswerNotUnderstood(purpose, said));
  const refusal = code === 'UND_ERR_ABORTED' ? refusalOfProxy.exec(said)?.[1] : undefined;
  if (proxy !== undefined && refusal !== undefined) {
    const status = Number(refusal);
    const failure = proxyRefused(resource, proxy, { host: otherHost ?? resource.registry, status });
    // What a gateway cannot reach now it may reach in a moment; a rule stays.
    return new TransferError(failure, { temporary: status >= 500, mostRetries: 1, cause: error });
  }
  if (Object.hasOwn(tls, code) || /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_)/.test(code)) {
    const isPlainText = answersInPlainText.has(code);
    const at = otherHost === undefined ? purpose : { ...purpose, resource: { ...resource, registry: otherHost } };
    const failure = registryTlsFailed(at, `${tls[code] ?? said} (${code})`, { isPlainText });
    return new TransferError(failure, { temporary: false, isPlainText, cause: error });
  }
  const wrong = malformed.find(([start]) => code.startsWith(start))?.[1];
  if (wrong !== undefined) return lastingly(registryAnswerNotUnderstood(purpose, `${wrong} (${code})`));
  const problem = Object.hasOwn(passing, code)
    ? passing[code]
    : Object.hasOwn(lasting, code)
      ? lasting[code]
      : undefined;
  if (problem === undefined) return lastingly(registryAnswerNotUnderstood(purpose, `${said} (${code})`));
  const what = `${problem} (${code})`;
  const lost = () => (wasReached ? registryLost(resource, what) : registryUnreachable(resource, what));
  // Connections are made to the proxy: whether it reaches the server it says in an answer.
  const failure =
    proxy && isOfConnecting(code)
      ? proxyUnreachable(resource, proxy, what)
      : otherHost === undefined
        ? lost()
        : otherHostUnreachable(purpose, otherHost, what);
  const mostRetries = waitedFor.has(code) ? 1 : undefined;
  return new TransferError(failure, { temporary: Object.hasOwn(passing, code), mostRetries, cause: error });
}

/** Whether there was no connection yet. */
function isOfConnecting(code: string): boolean {
  return Object.hasOwn(lasting, code) || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

/** The code of an error or, where Node tried several addresses, that of the first. */
export function networkErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error instanceof AggregateError) return networkErrorCode(error.errors[0]);
  return networkErrorCode(error.cause);
}
