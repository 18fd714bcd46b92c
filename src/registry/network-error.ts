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

/** What an error of undici or of a socket means. `said` is a sentence without its subject, with the code. */
export interface NetworkProblem {
  readonly kind: 'tls' | 'malformed' | 'network' | 'unknown';
  readonly said: string;
  /** May be gone in a moment. */
  readonly isPassing: boolean;
  /** It took its time already: once more is enough. */
  readonly wasWaitedFor: boolean;
  /** There was no connection yet. */
  readonly isOfConnecting: boolean;
  /** What answers to TLS speaks http. */
  readonly isPlainText: boolean;
}

/** Whatever it is: all that a server can do wrong must have words. Not for errors of our own, such as those of a body's source. */
export function networkProblem(error: unknown): NetworkProblem {
  const text = error instanceof Error ? error.message : String(error);
  const code = networkErrorCode(error);
  const rest = { isPassing: false, wasWaitedFor: false, isOfConnecting: false, isPlainText: false };
  if (code === undefined) return { ...rest, kind: 'unknown', said: text };
  if (Object.hasOwn(tls, code) || /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_)/.test(code)) {
    const isPlainText = answersInPlainText.has(code);
    return { ...rest, kind: 'tls', said: `${tls[code] ?? text} (${code})`, isPlainText };
  }
  const wrong = malformed.find(([start]) => code.startsWith(start))?.[1];
  if (wrong !== undefined) return { ...rest, kind: 'malformed', said: `${wrong} (${code})` };
  const isPassing = Object.hasOwn(passing, code);
  const problem = isPassing ? passing[code] : Object.hasOwn(lasting, code) ? lasting[code] : undefined;
  if (problem === undefined) return { ...rest, kind: 'unknown', said: `${text} (${code})` };
  const isOfConnecting = Object.hasOwn(lasting, code) || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT';
  return {
    ...rest,
    kind: 'network',
    said: `${problem} (${code})`,
    isPassing,
    wasWaitedFor: waitedFor.has(code),
    isOfConnecting,
  };
}

/** The code of an error or, where Node tried several addresses, that of the first. */
export function networkErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error instanceof AggregateError) return networkErrorCode(error.errors[0]);
  return networkErrorCode(error.cause);
}
